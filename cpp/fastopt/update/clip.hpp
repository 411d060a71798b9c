// Gradient clipping: by value, by the norm of each array, by the norm of the whole gradient.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fastopt/core/norm.hpp"
#include "fastopt/core/segments.hpp"

FASTOPT_BEGIN

enum class ClipKind { none, value, norm, global_norm };

inline ClipKind clip_named(const std::string& name) {
  if (name.empty() || name == "none") return ClipKind::none;
  if (name == "value") return ClipKind::value;
  if (name == "norm") return ClipKind::norm;
  if (name == "global_norm") return ClipKind::global_norm;
  throw std::invalid_argument("unknown way to clip '" + name + "'");
}

struct Clip {
  ClipKind kind = ClipKind::none;
  double limit = 0;

  // Clips a flat gradient. Returns whether anything was changed.
  template <class Scalar>
  bool apply(Scalar* g, Index n, const std::vector<Segment>& segments) const {
    if (kind != ClipKind::norm) return apply_to_one(g, n);
    bool acted = false;
    for (const Segment& s : segments) acted |= apply_to_one(g + s.offset, s.size);
    return acted;
  }

  // The same for a gradient whose arrays lie apart: pairs of a pointer and a length.
  template <class Scalar>
  bool apply(const std::vector<std::pair<Scalar*, Index>>& arrays) const {
    bool acted = false;
    if (kind == ClipKind::global_norm) {
      double length = 0;
      for (const auto& [g, n] : arrays) length = std::hypot(length, norm(g, n));
      for (const auto& [g, n] : arrays) acted |= shorten(g, n, length);
    } else {
      for (const auto& [g, n] : arrays) acted |= apply_to_one(g, n);
    }
    return acted;
  }

 private:
  template <class Scalar>
  bool apply_to_one(Scalar* g, Index n) const {
    switch (kind) {
      case ClipKind::none:
        return false;
      case ClipKind::value:
        return clip_value(g, n, static_cast<Scalar>(limit));
      case ClipKind::norm:
      case ClipKind::global_norm:
        break;
    }
    return shorten(g, n, norm(g, n));
  }

  template <class Scalar>
  static bool clip_value(Scalar* g, Index n, Scalar limit) {
    VectorMap<Scalar> all(g, n);
    if (!(all.array().abs() > limit).any()) return false;
    all = all.cwiseMax(-limit).cwiseMin(limit);
    return true;
  }

  // g · limit/length where that is shorter. A length that is not finite tells no factor: g stays,
  // and the loss will tell.
  template <class Scalar>
  bool shorten(Scalar* g, Index n, double length) const {
    if (!(length > limit) || !std::isfinite(length)) return false;
    VectorMap<Scalar>(g, n) *= static_cast<Scalar>(limit / length);
    return true;
  }
};

FASTOPT_END
