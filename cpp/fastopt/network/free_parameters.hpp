// Which parameters training moves: each of them is frozen, or is the value of a free variable,
// which those that are tied to it share.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fastopt/core/segments.hpp"

FASTOPT_BEGIN

class FreeParameters {
 public:
  static constexpr Index frozen = -1;

  // All are free, each by itself.
  FreeParameters() = default;

  // variables[i] is the one that parameter i has its value of, or `frozen`; they are numbered as
  // they first appear. The segments are those of the parameters, in their order.
  FreeParameters(std::vector<Index> variables, const std::vector<Segment>& segments)
      : variables_(std::move(variables)) {
    for (const Segment& s : segments) {
      if (s.offset + s.size > static_cast<Index>(variables_.size()))
        throw std::invalid_argument("there must be a variable for each parameter");
      const Index first = size_;
      for (Index i = s.offset; i < s.offset + s.size; ++i) {
        const Index v = variables_[static_cast<std::size_t>(i)];
        if (v < frozen || v > size_)
          throw std::invalid_argument("variables must be numbered as they first appear");
        if (v == size_) ++size_;
      }
      if (size_ > first) segments_.push_back({first, size_ - first, s.shrinks});
    }
    if (size_ == 0) throw std::invalid_argument("all parameters are frozen");
  }

  bool all() const { return variables_.empty(); }
  Index size() const { return size_; }
  // Those of the free variables.
  const std::vector<Segment>& segments() const { return segments_; }

  // u from w: of parameters that are tied, the first.
  template <class Scalar>
  void gather(const Scalar* w, Scalar* u) const {
    for (std::size_t i = variables_.size(); i-- > 0;)
      if (variables_[i] >= 0) u[variables_[i]] = w[i];
  }
  // w from u; frozen parameters stay as they are.
  template <class Scalar>
  void scatter(const Scalar* u, Scalar* w) const {
    for (std::size_t i = 0; i < variables_.size(); ++i)
      if (variables_[i] >= 0) w[i] = u[variables_[i]];
  }
  // By the chain rule, from derivatives by w to those by u.
  template <class Scalar>
  void pull_back(const Scalar* by_w, Scalar* by_u) const {
    std::fill_n(by_u, size_, Scalar(0));
    for (std::size_t i = 0; i < variables_.size(); ++i)
      if (variables_[i] >= 0) by_u[variables_[i]] += by_w[i];
  }
  // The same of second derivatives, n x n and size() x size().
  void pull_back_matrix(const double* by_w, double* by_u) const {
    const std::size_t n = variables_.size();
    std::fill_n(by_u, size_ * size_, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      if (variables_[i] < 0) continue;
      double* row = by_u + variables_[i] * size_;
      for (std::size_t j = 0; j < n; ++j)
        if (variables_[j] >= 0) row[variables_[j]] += by_w[i * n + j];
    }
  }
  // v from a direction of u: zero along frozen parameters.
  void push_forward(const double* along_u, double* along_w) const {
    for (std::size_t i = 0; i < variables_.size(); ++i)
      along_w[i] = variables_[i] >= 0 ? along_u[variables_[i]] : 0.0;
  }

 private:
  std::vector<Index> variables_;
  std::vector<Segment> segments_;
  Index size_ = 0;
};

FASTOPT_END
