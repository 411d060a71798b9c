// Types that every part of fastopt shares.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fastopt/core/eigen.hpp"

FASTOPT_BEGIN

using Index = Eigen::Index;

// Column-major throughout: a column is one sample. A C-ordered (samples x features) array of
// NumPy's is the same memory, and a (fan_in x fan_out) weight matrix reads as (fan_out x fan_in).
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
template <class Scalar>
using MatrixMap = Eigen::Map<Matrix<Scalar>>;
template <class Scalar>
using ConstMatrixMap = Eigen::Map<const Matrix<Scalar>>;
template <class Scalar>
using VectorMap = Eigen::Map<Vector<Scalar>>;
template <class Scalar>
using ConstVectorMap = Eigen::Map<const Vector<Scalar>>;
// Flat, 64-byte aligned, and (see padded()) a whole number of packets long.
template <class Scalar>
using ArrayMap = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>, Eigen::Aligned64>;
template <class Scalar>
using ConstArrayMap = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>, Eigen::Aligned64>;

// Elements of a buffer are rounded up to whole packets, so that exp, log and tanh never meet a
// scalar tail: packet and scalar code differ in the last bits.
constexpr Index padding = 16;
constexpr Index padded(Index n) { return (n + padding - 1) / padding * padding; }

FASTOPT_END
