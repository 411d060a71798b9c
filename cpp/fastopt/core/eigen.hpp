// Eigen, whose products pack their factors into the scratch memory of the thread. This comes before
// any use of Eigen: types.hpp includes it.
#pragma once

#include <Eigen/Core>

#include "fastopt/core/scratch.hpp"

namespace Eigen::internal {

// The blocks of products, triangular solves and rank updates of matrices whose size is not known
// to the compiler. Eigen's own leaves the memory to the stack or the heap.
template <int StorageOrder, class Scalar, int MaxRows, int MaxCols, int MaxDepth, int KcFactor>
class gemm_blocking_space<StorageOrder, Scalar, Scalar, MaxRows, MaxCols, MaxDepth, KcFactor, false>
    : public level3_blocking<Scalar, Scalar> {
 public:
  gemm_blocking_space(Index rows, Index cols, Index depth, Index threads, bool l3_blocking)
      : sizes_(*this, rows, cols, depth, threads, l3_blocking),
        a_(this->m_mc * this->m_kc),
        b_(this->m_kc * this->m_nc) {
    this->m_blockA = a_.data();
    this->m_blockB = b_.data();
  }

 private:
  // Set in the base before the blocks are made.
  struct Sizes {
    Sizes(gemm_blocking_space& space, Index rows, Index cols, Index depth, Index threads,
          bool l3_blocking) {
      constexpr bool transpose = StorageOrder == RowMajor;
      space.m_mc = transpose ? cols : rows;
      space.m_nc = transpose ? rows : cols;
      space.m_kc = depth;
      Index columns = space.m_nc;  // without blocking for the third cache all are packed at once
      computeProductBlockingSizes<Scalar, Scalar, KcFactor>(
          space.m_kc, space.m_mc, l3_blocking ? space.m_nc : columns, threads);
    }
  };

  Sizes sizes_;
  fastopt::Scratch<Scalar> a_, b_;
};

}  // namespace Eigen::internal
