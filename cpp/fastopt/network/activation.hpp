// Activation functions: value, first and second derivative, elementwise on flat aligned arrays.
//
// Each is a struct with
//   value(a)              a = φ(a), in place
//   slope(a, z, out)      out = φ'(z), from the output a = φ(z) where that is enough
//   curvature(a, z, out)  out = φ''(z)
//   slope_of(a)           φ'(z) as an expression, where it is a simple one of a
//   needs_input           whether the derivatives look at z (otherwise z is not stored)
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "fastopt/core/types.hpp"
#include "fastopt/network/normal_distribution.hpp"

FASTOPT_BEGIN

enum class Activation {
  identity,
  sigmoid,
  tanh,
  relu,
  leaky_relu,
  elu,
  selu,
  gelu,
  silu,
  softplus,
  exp,
  // Of an output layer only, and not elementwise: see loss.hpp.
  softmax,
  increasing,  // y_1 = z_1, y_k = y_{k-1} + softplus(z_k)
};

namespace activation {

template <class S>
auto constant(Index n, S value) {
  return Eigen::Array<S, Eigen::Dynamic, 1>::Constant(n, value);
}

struct Identity {
  static constexpr bool needs_input = false;
  template <class S>
  static void value(ArrayMap<S>) {}
  template <class S>
  static void slope(ConstArrayMap<S>, ConstArrayMap<S>, ArrayMap<S> out) {
    out.setOnes();
  }
  template <class S>
  static void curvature(ConstArrayMap<S>, ConstArrayMap<S>, ArrayMap<S> out) {
    out.setZero();
  }
};

struct Sigmoid {
  static constexpr bool needs_input = false;
  template <class S>
  static void value(ArrayMap<S> a) {
    a = a.logistic();
  }
  template <class S>
  static auto slope_of(const ConstArrayMap<S>& a) {
    return a * (S(1) - a);
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = slope_of<S>(a);
  }
  template <class S>
  static void curvature(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = a * (S(1) - a) * (S(1) - S(2) * a);
  }
};

struct Tanh {
  static constexpr bool needs_input = false;
  template <class S>
  static void value(ArrayMap<S> a) {
    a = a.tanh();
  }
  template <class S>
  static auto slope_of(const ConstArrayMap<S>& a) {
    return S(1) - a.square();
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = slope_of<S>(a);
  }
  template <class S>
  static void curvature(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = S(-2) * a * (S(1) - a.square());
  }
};

// Slope `left` below zero, 1 above: relu and leaky_relu.
template <int PerMille>
struct PiecewiseLinear {
  static constexpr bool needs_input = false;
  template <class S>
  static constexpr S left() {
    return S(PerMille) / S(1000);
  }
  template <class S>
  static void value(ArrayMap<S> a) {
    if constexpr (PerMille == 0) {
      // max(NaN, 0) must stay NaN: a diverged network has to show it.
      a = a.template max<Eigen::PropagateNaN>(S(0));
    } else {
      a = (a > S(0)).select(a, a * left<S>());
    }
  }
  template <class S>
  static auto slope_of(const ConstArrayMap<S>& a) {
    return (a > S(0)).select(constant(a.size(), S(1)), constant(a.size(), left<S>()));
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = slope_of<S>(a);
  }
  template <class S>
  static void curvature(ConstArrayMap<S>, ConstArrayMap<S>, ArrayMap<S> out) {
    out.setZero();
  }
};
using Relu = PiecewiseLinear<0>;
using LeakyRelu = PiecewiseLinear<10>;

// λ z above zero, λ α (exp z - 1) below: elu (λ = α = 1) and selu (Klambauer et al. 2017).
template <bool SelfNormalising>
struct ExponentialLinear {
  static constexpr bool needs_input = false;
  static constexpr double scale = SelfNormalising ? 1.0507009873554804934193349852946 : 1.0;
  static constexpr double alpha = SelfNormalising ? 1.6732632423543772848170429916717 : 1.0;
  template <class S>
  static void value(ArrayMap<S> a) {
    a = (a > S(0)).select(a * S(scale), a.min(S(0)).expm1() * S(scale * alpha));
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = (a > S(0)).select(constant(a.size(), S(scale)), a + S(scale * alpha));
  }
  template <class S>
  static void curvature(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = (a > S(0)).select(constant(a.size(), S(0)), a + S(scale * alpha));
  }
};
using Elu = ExponentialLinear<false>;
using Selu = ExponentialLinear<true>;

// z Φ(z), with the exact normal distribution function (Hendrycks & Gimpel 2016).
struct Gelu {
  static constexpr bool needs_input = true;
  template <class S>
  static void value(ArrayMap<S> a) {
    in_pieces<S>(a.size(), a.data(),
                 [&](Index at, auto z, auto cdf, auto) { a.segment(at, z.size()) = z * cdf; });
  }
  template <class S>
  static void slope(ConstArrayMap<S>, ConstArrayMap<S> z, ArrayMap<S> out) {
    in_pieces<S>(z.size(), z.data(), [&](Index at, auto x, auto cdf, auto density) {
      out.segment(at, x.size()) = cdf + x * density;
    });
  }
  template <class S>
  static void curvature(ConstArrayMap<S>, ConstArrayMap<S> z, ArrayMap<S> out) {
    in_pieces<S>(z.size(), z.data(), [&](Index at, auto x, auto, auto density) {
      out.segment(at, x.size()) = density * (S(2) - x.square());
    });
  }

 private:
  // f(first element, z, Φ(z), φ(z)) over pieces that fit on the stack.
  template <class S, class F>
  static void in_pieces(Index n, const S* z, F&& f) {
    constexpr Index piece = 256;
    alignas(alignment) S cdf[piece];
    alignas(alignment) S density[piece];
    for (Index at = 0; at < n; at += piece) {
      const Index count = std::min(piece, n - at);
      normal_distribution(z + at, cdf, density, padded(count));
      f(at, ConstArrayMap<S>(z + at, count), ConstArrayMap<S>(cdf, count),
        ConstArrayMap<S>(density, count));
    }
  }
};

// z σ(z), also called swish (Elfwing et al. 2017).
struct Silu {
  static constexpr bool needs_input = true;
  template <class S>
  static void value(ArrayMap<S> a) {
    a *= a.logistic();
  }
  template <class S>
  static void slope(ConstArrayMap<S>, ConstArrayMap<S> z, ArrayMap<S> out) {
    out = z.logistic();
    out *= S(1) + z * (S(1) - out);
  }
  template <class S>
  static void curvature(ConstArrayMap<S>, ConstArrayMap<S> z, ArrayMap<S> out) {
    out = z.logistic();
    out = out * (S(1) - out) * (S(2) + z * (S(1) - S(2) * out));
  }
};

// log(1 + exp z), which overflows nowhere in this form; its slope is σ(z) = 1 - exp(-a).
struct Softplus {
  static constexpr bool needs_input = false;
  template <class S>
  static void value(ArrayMap<S> a) {
    a = a.max(S(0)) + (-a.abs()).exp().log1p();
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = -(-a).expm1();
  }
  template <class S>
  static void curvature(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = -(-a).expm1() * (-a).exp();
  }
};

struct Exp {
  static constexpr bool needs_input = false;
  template <class S>
  static void value(ArrayMap<S> a) {
    a = a.exp();
  }
  template <class S>
  static void slope(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = a;
  }
  template <class S>
  static void curvature(ConstArrayMap<S> a, ConstArrayMap<S>, ArrayMap<S> out) {
    out = a;
  }
};

}  // namespace activation

// Whether F has slope_of.
template <class F, class S, class = void>
struct HasSlopeExpression : std::false_type {};
template <class F, class S>
struct HasSlopeExpression<
    F, S, std::void_t<decltype(F::template slope_of<S>(std::declval<const ConstArrayMap<S>&>()))>>
    : std::true_type {};

// f(the struct of an elementwise activation).
template <class F>
decltype(auto) with_activation(Activation kind, F&& f) {
  switch (kind) {
    case Activation::sigmoid:
      return f(activation::Sigmoid{});
    case Activation::tanh:
      return f(activation::Tanh{});
    case Activation::relu:
      return f(activation::Relu{});
    case Activation::leaky_relu:
      return f(activation::LeakyRelu{});
    case Activation::elu:
      return f(activation::Elu{});
    case Activation::selu:
      return f(activation::Selu{});
    case Activation::gelu:
      return f(activation::Gelu{});
    case Activation::silu:
      return f(activation::Silu{});
    case Activation::softplus:
      return f(activation::Softplus{});
    case Activation::exp:
      return f(activation::Exp{});
    case Activation::softmax:
    case Activation::increasing:
    case Activation::identity:
      break;
  }
  return f(activation::Identity{});
}

inline const std::pair<const char*, Activation> activation_names[] = {
    {"identity", Activation::identity},
    {"sigmoid", Activation::sigmoid},
    {"tanh", Activation::tanh},
    {"relu", Activation::relu},
    {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},
    {"selu", Activation::selu},
    {"gelu", Activation::gelu},
    {"silu", Activation::silu},
    {"softplus", Activation::softplus},
    {"exp", Activation::exp},
    {"softmax", Activation::softmax},
    {"increasing", Activation::increasing},
};

inline Activation activation_named(const std::string& name) {
  for (const auto& [known, kind] : activation_names)
    if (name == known) return kind;
  throw std::invalid_argument("unknown activation '" + name + "'");
}

// Whether each output depends on several z.
inline bool mixes_outputs(Activation kind) {
  return kind == Activation::softmax || kind == Activation::increasing;
}

inline bool needs_input(Activation kind) {
  return kind == Activation::increasing ||
         with_activation(kind, [](auto f) { return decltype(f)::needs_input; });
}

// The same by name, for any number n of elements that is a multiple of the padding.

// a = φ(a), in place.
template <class S>
void apply_activation(Activation kind, S* a, Index n) {
  with_activation(kind, [&](auto f) { f.template value<S>(ArrayMap<S>(a, n)); });
}

// out = φ'(z), from a = φ(z) and, where the activation needs its input, from z.
template <class S>
void activation_slope(Activation kind, const S* a, const S* z, S* out, Index n) {
  with_activation(kind, [&](auto f) {
    f.template slope<S>(ConstArrayMap<S>(a, n), ConstArrayMap<S>(z, n), ArrayMap<S>(out, n));
  });
}

// out = φ''(z).
template <class S>
void activation_curvature(Activation kind, const S* a, const S* z, S* out, Index n) {
  with_activation(kind, [&](auto f) {
    f.template curvature<S>(ConstArrayMap<S>(a, n), ConstArrayMap<S>(z, n), ArrayMap<S>(out, n));
  });
}

// Twelve activations in packets take long to compile: activation.cpp does it once.
extern template void apply_activation(Activation, float*, Index);
extern template void apply_activation(Activation, double*, Index);
extern template void activation_slope(Activation, const float*, const float*, float*, Index);
extern template void activation_slope(Activation, const double*, const double*, double*, Index);
extern template void activation_curvature(Activation, const double*, const double*, double*, Index);

FASTOPT_END
