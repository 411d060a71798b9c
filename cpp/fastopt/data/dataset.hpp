// The samples that a network is trained on: inputs, targets and weights.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/data/source.hpp"

FASTOPT_BEGIN

struct Dataset {
  ArraySource inputs;
  ArraySource targets;
  // Where the targets are class labels 0 … classes-1 in one column: how many classes; otherwise 0.
  Index classes = 0;
  // One weight for each row of the arrays, or one for each of its targets (row by row), with mean 1
  // over the samples; or empty.
  std::vector<double> weights;
  // The rows of the arrays that are samples of this data set; empty: all of them.
  std::vector<std::uint32_t> rows;

  Index size() const { return rows.empty() ? inputs.rows : static_cast<Index>(rows.size()); }
  // The samples in their own order, as the gathering functions take it.
  const std::uint32_t* order() const { return rows.empty() ? nullptr : rows.data(); }
  Index outputs() const { return classes > 0 ? classes : targets.columns; }
  // How many weights a sample has: 0, 1, or one for each target.
  Index weight_columns() const { return static_cast<Index>(weights.size()) / inputs.rows; }

  template <class Scalar>
  void gather_targets(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    if (classes == 0) {
      targets.gather(order, first, count, out);
      return;
    }
    std::fill(out, out + count * classes, Scalar(0));
    for (Index i = 0; i < count; ++i) {
      const Index row = order == nullptr ? first + i : static_cast<Index>(order[first + i]);
      const auto label = static_cast<Index>(targets.element<double>(row));
      // Labels were checked when the data came in; an array changed since then must not make
      // this write elsewhere.
      if (label >= 0 && label < classes) out[i * classes + label] = Scalar(1);
    }
  }

  template <class Scalar>
  void gather_weights(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    const Index columns = weight_columns();
    for (Index i = 0; i < count; ++i) {
      const Index row = order == nullptr ? first + i : static_cast<Index>(order[first + i]);
      const double* from = weights.data() + row * columns;
      for (Index k = 0; k < columns; ++k) out[i * columns + k] = static_cast<Scalar>(from[k]);
    }
  }
};

FASTOPT_END
