// Gradient clipping: by value, by the norm of each array, by the norm of the whole gradient.
#pragma once

#include <cmath>

#include "fastopt/core/norm.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

enum class ClipKind { none, value, norm, global_norm };

struct Clip {
  ClipKind kind = ClipKind::none;
  double limit = 0;

  // Returns whether anything was changed.
  template <class Scalar>
  bool apply(Scalar* g, Index n, const std::vector<Segment>& segments) const {
    switch (kind) {
      case ClipKind::none:
        return false;
      case ClipKind::value:
        return clip_value(g, n, static_cast<Scalar>(limit));
      case ClipKind::global_norm:
        return clip_norm(g, n);
      case ClipKind::norm:
        break;
    }
    bool acted = false;
    for (const Segment& s : segments) acted |= clip_norm(g + s.offset, s.size);
    return acted;
  }

 private:
  template <class Scalar>
  static bool clip_value(Scalar* g, Index n, Scalar limit) {
    VectorMap<Scalar> all(g, n);
    if (!(all.array().abs() > limit).any()) return false;
    all = all.cwiseMax(-limit).cwiseMin(limit);
    return true;
  }

  template <class Scalar>
  bool clip_norm(Scalar* g, Index n) const {
    const double length = norm(g, n);
    if (!(length > limit)) return false;
    VectorMap<Scalar>(g, n) *= static_cast<Scalar>(limit / length);
    return true;
  }
};

FASTOPT_END
