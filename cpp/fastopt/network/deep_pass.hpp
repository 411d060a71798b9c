// Passes through any network, layer normalisation and shortcuts included, in the layout of sample
// blocks: forward, backward, and the derivative of both along a direction in parameter space.
#pragma once

#include <limits>

#include "fastopt/network/second_order/sample_block.hpp"

FASTOPT_BEGIN

// Parameters that enter the Jacobian as x ⊗ δ, from `offset` on: W (over b) of a layer, a
// projection; or γ and β, whose columns ẑ ⊗ δ and δ stand as they are beside x = 1.
struct ParameterGroup {
  Index x, inputs;  // the slot of x and how many of its columns
  Index width, offset;
};

class DeepPass {
 public:
  // Adds the slots it needs.
  DeepPass(const Architecture& net, ForwardSlots& slots) : net_(net), slots_(slots) {
    ones_ = slots.add(1);
    for (const Layer& layer : net.layers) {
      const Index h = layer.fan_out, n = layer.normalizes() ? h : 0;
      LayerSlots own;
      for (Index* slot : {&own.flow, &own.act, &own.pre, &own.raw, &own.values, &own.z_tangent,
                          &own.flow_tangent, &own.second_derivative})
        *slot = slots.add(h);
      own.normalized = slots.add(n);
      own.normalized_tangent = slots.add(n);
      own.scale = slots.add(n > 0 ? 1 : 0);
      own.scale_tangent = slots.add(n > 0 ? 1 : 0);
      layers_.push_back(own);
    }
    Index widest = 0;
    for (const Layer& layer : net.layers) widest = std::max(widest, layer.fan_out);
    for (Index* slot : {&first_, &second_, &third_}) *slot = slots.add(widest);
    scales_and_shifts_ = slots.add(2 * widest);
    for (Index* slot : {&mean_, &along_}) *slot = slots.add(1);
    for (Index l = 0; l < net.depth(); ++l) add_groups(l);
  }

  const std::vector<ParameterGroup>& groups() const { return groups_; }
  // After backward(): slots of ∂ℓ/∂z of layer l, of ∂ℓ/∂φ(z), and of φ''(z) after forward().
  Index delta(Index l) const { return own(l).raw; }
  Index activation_delta(Index l) const { return own(l).act; }
  Index second_derivative(Index l) const { return own(l).second_derivative; }

  void forward(const double* w, SampleBlock& block) const {
    block.array(ones_, 1).setOnes();
    for (Index l = 0; l < net_.depth(); ++l) {
      const Layer& layer = net_.layer(l);
      const Index h = layer.fan_out, size = block.stride() * h;
      const bool last = l + 1 == net_.depth();
      const Index to = last ? slots_.output() : slots_.x(l + 1);
      block.matrix(slots_.x(l), layer.fan_in + 1).col(layer.fan_in).setOnes();
      MatrixMap<double> z = block.matrix(to, h);
      affine(layer, w, block.slot(slots_.x(l)), block.stride(), z);
      if (last) return;
      if (layer.normalizes_before()) normalize(l, w, block, z.data());
      ArrayMap<double> a = block.array(to, h);
      const bool keep = needs_input(layer.activation);
      if (keep) block.array(slots_.z(l), h) = a;
      apply_activation(layer.activation, a.data(), a.size());
      const double* kept = keep ? block.slot(slots_.z(l)) : nullptr;
      slopes(layer.activation, a.data(), kept, block.slot(slots_.slope(l)), size);
      curvatures(layer.activation, a.data(), kept, block.slot(own(l).second_derivative), size);
      if (layer.normalizes_after()) normalize(l, w, block, a.data());
      if (layer.shortcut >= 0) {
        const ConstMatrixMap<double> from(block.slot(slots_.x(layer.shortcut)), block.stride(),
                                          net_.width(layer.shortcut));
        if (layer.projection >= 0)
          z.noalias() += from * projection(layer, w);
        else
          z += from;
      }
    }
  }

  // From ∂ℓ/∂z of the output layer down; emit(group, δ) for each group of parameters.
  template <class Emit>
  void backward(const double* w, SampleBlock& block, const double* output_delta,
                Emit&& emit) const {
    const Index last = net_.depth() - 1, n = block.stride();
    for (Index l = 0; l < last; ++l) block.array(own(l).flow, net_.layer(l).fan_out).setZero();
    block.array(own(last).raw, net_.outputs()) =
        ConstArrayMap<double>(output_delta, n * net_.outputs());
    Index group = static_cast<Index>(groups_.size()) - 1;
    for (Index l = last; l >= 0; --l) {
      const Layer& layer = net_.layer(l);
      const Index h = layer.fan_out;
      if (l < last) {
        const double* flow = block.slot(own(l).flow);
        if (layer.projection >= 0) emit(group--, flow);
        if (layer.shortcut > 0) {
          MatrixMap<double> below =
              block.matrix(own(layer.shortcut - 1).flow, net_.width(layer.shortcut));
          if (layer.projection >= 0)
            below.noalias() +=
                ConstMatrixMap<double>(flow, n, h) * projection(layer, w).transpose();
          else
            below += ConstMatrixMap<double>(flow, n, h);
        }
        block.array(own(l).act, h) = block.array(own(l).flow, h);
        if (layer.normalizes_after())
          normalize_back(l, w, block, block.slot(own(l).flow), block.slot(own(l).act),
                         [&](const double* delta) { emit(group--, delta); });
        block.array(own(l).pre, h) = block.array(own(l).act, h) * block.array(slots_.slope(l), h);
        block.array(own(l).raw, h) = block.array(own(l).pre, h);
        if (layer.normalizes_before())
          normalize_back(l, w, block, block.slot(own(l).pre), block.slot(own(l).raw),
                         [&](const double* delta) { emit(group--, delta); });
      }
      emit(group--, block.slot(own(l).raw));
      if (l > 0)
        block.matrix(own(l - 1).flow, layer.fan_in).noalias() +=
            block.matrix(own(l).raw, h) * weight_matrix(layer, w).transpose();
    }
  }

  // The derivative of the gradient along v, after forward() and backward() from the loss's δ:
  // curve(dz, dδ) is the loss's own second derivative. The product's n numbers are overwritten.
  template <class Curve>
  void along(const double* w, const double* v, SampleBlock& block, Curve&& curve,
             double* product) const {
    const Index last = net_.depth() - 1, n = block.stride();
    std::fill_n(product, net_.n_parameters, 0.0);
    // Forward: dz, and dv of the values that each layer hands on.
    for (Index l = 0; l <= last; ++l) {
      const Layer& layer = net_.layer(l);
      const Index h = layer.fan_out;
      MatrixMap<double> dz = block.matrix(own(l).z_tangent, h);
      affine(layer, v, block.slot(slots_.x(l)), n, dz);
      if (l > 0)
        dz.noalias() += block.matrix(own(l - 1).values, layer.fan_in) * weight_matrix(layer, w);
      if (l == last) break;
      if (layer.normalizes_before()) normalize_along(l, w, v, block, dz.data());
      ArrayMap<double> dv = block.array(own(l).values, h);
      dv = block.array(own(l).z_tangent, h) * block.array(slots_.slope(l), h);
      if (layer.normalizes_after()) normalize_along(l, w, v, block, dv.data());
      if (layer.shortcut < 0) continue;
      MatrixMap<double> to = block.matrix(own(l).values, h);
      const Index width = net_.width(layer.shortcut);
      if (layer.projection >= 0)
        to.noalias() += ConstMatrixMap<double>(block.slot(slots_.x(layer.shortcut)), n, width) *
                        projection(layer, v);
      if (layer.shortcut == 0) continue;
      const MatrixMap<double> from = block.matrix(own(layer.shortcut - 1).values, width);
      if (layer.projection >= 0)
        to.noalias() += from * projection(layer, w);
      else
        to += from;
    }

    // Backward: dδ takes the place of dz from the top down.
    for (Index l = 0; l < last; ++l)
      block.array(own(l).flow_tangent, net_.layer(l).fan_out).setZero();
    ArrayMap<double> top(block.slot(first_), n * net_.outputs());
    curve(block.slot(own(last).z_tangent), top.data());
    for (Index l = last; l >= 0; --l) {
      const Layer& layer = net_.layer(l);
      const Index h = layer.fan_out, size = n * h;
      ArrayMap<double> d(block.slot(first_), size);
      if (l < last) {
        const MatrixMap<double> flow = block.matrix(own(l).flow, h);
        const MatrixMap<double> change = block.matrix(own(l).flow_tangent, h);
        if (layer.shortcut >= 0) shortcut_along(layer, w, v, block, flow, change, product);
        d = block.array(own(l).flow_tangent, h);
        if (layer.normalizes_after())
          normalize_back_along(l, w, v, block, block.slot(own(l).flow), block.slot(own(l).act),
                               d.data(), product);
        d = d * block.array(slots_.slope(l), h) + block.array(own(l).act, h) *
                                                      block.array(own(l).second_derivative, h) *
                                                      block.array(own(l).z_tangent, h);
        if (layer.normalizes_before())
          normalize_back_along(l, w, v, block, block.slot(own(l).pre), block.slot(own(l).raw),
                               d.data(), product);
      }
      const ConstMatrixMap<double> change(d.data(), n, h);
      const MatrixMap<double> delta = block.matrix(own(l).raw, h);
      MatrixMap<double> to(product + layer.weights, h, inputs_of(layer));
      to.noalias() +=
          change.transpose() * ConstMatrixMap<double>(block.slot(slots_.x(l)), n, inputs_of(layer));
      if (l == 0) break;
      to.leftCols(layer.fan_in).noalias() +=
          delta.transpose() * block.matrix(own(l - 1).values, layer.fan_in);
      MatrixMap<double> below = block.matrix(own(l - 1).flow_tangent, layer.fan_in);
      below.noalias() += change * weight_matrix(layer, w).transpose();
      below.noalias() += delta * weight_matrix(layer, v).transpose();
    }
  }

 private:
  struct LayerSlots {
    // ∂ℓ/∂ of the layer's outputs, of φ(z), of z, of what W makes; derivatives along a direction of
    // the outputs, of z and of `flow`; φ''(z).
    Index flow, act, pre, raw, values, z_tangent, flow_tangent, second_derivative;
    // ẑ and 1/√(σ² + ε), and their derivatives along a direction (the latter's relative).
    Index normalized, normalized_tangent, scale, scale_tangent;
  };

  const LayerSlots& own(Index l) const { return layers_[static_cast<std::size_t>(l)]; }

  static Index inputs_of(const Layer& layer) { return layer.fan_in + (layer.bias >= 0 ? 1 : 0); }

  void add_groups(Index l) {
    const Layer& layer = net_.layer(l);
    groups_.push_back({slots_.x(l), inputs_of(layer), layer.fan_out, layer.weights});
    if (layer.normalizes()) groups_.push_back({ones_, 1, 2 * layer.fan_out, layer.scale});
    if (layer.projection >= 0)
      groups_.push_back(
          {slots_.x(layer.shortcut), net_.width(layer.shortcut), layer.fan_out, layer.projection});
  }

  LayerMap projection(const Layer& layer, const double* w) const {
    return {w + layer.projection, net_.width(layer.shortcut), layer.fan_out};
  }

  static void affine(const Layer& layer, const double* w, const double* x, Index n,
                     MatrixMap<double>& z) {
    z.noalias() = ConstMatrixMap<double>(x, n, inputs_of(layer)) *
                  LayerMap(w + layer.weights, inputs_of(layer), layer.fan_out);
  }

  // Means over the h units of each sample.
  template <class Column>
  static void unit_mean(SampleBlock& block, Index slot, Index h, Column&& column) {
    ArrayMap<double> mean = block.array(slot, 1);
    mean = column(Index{0});
    for (Index j = 1; j < h; ++j) mean += column(j);
    mean /= static_cast<double>(h);
  }
  static ArrayMap<double> column(double* data, Index j, Index n) { return {data + j * n, n}; }
  static ConstArrayMap<double> column(const double* data, Index j, Index n) {
    return {data + j * n, n};
  }

  // z becomes γ ẑ + β.
  void normalize(Index l, const double* w, SampleBlock& block, double* z) const {
    const Layer& layer = net_.layer(l);
    const Index h = layer.fan_out, n = block.stride();
    const ArrayMap<double> mean = block.array(mean_, 1), scale = block.array(own(l).scale, 1);
    unit_mean(block, mean_, h, [&](Index j) { return column(z, j, n); });
    for (Index j = 0; j < h; ++j) column(z, j, n) -= mean;
    unit_mean(block, own(l).scale, h, [&](Index j) { return column(z, j, n).square(); });
    // Of squares that overflow, 1/∞ would make a constant of every unit.
    block.array(own(l).scale, 1) = scale.isFinite().select(
        (scale + layer.epsilon).rsqrt(), std::numeric_limits<double>::quiet_NaN());
    double* normalized = block.slot(own(l).normalized);
    for (Index j = 0; j < h; ++j) {
      column(normalized, j, n) = column(z, j, n) * scale;
      column(z, j, n) = w[layer.scale + j] * column(normalized, j, n) + w[layer.shift + j];
    }
  }

  // out = s (γ d − mean γ d − ẑ mean(γ d ẑ)).
  template <class Emit>
  void normalize_back(Index l, const double* w, SampleBlock& block, const double* d, double* out,
                      Emit&& emit) const {
    const Layer& layer = net_.layer(l);
    const Index h = layer.fan_out, n = block.stride();
    const double* normalized = block.slot(own(l).normalized);
    double* both = block.slot(scales_and_shifts_);
    for (Index j = 0; j < h; ++j) {
      column(both, j, n) = column(normalized, j, n) * column(d, j, n);
      column(both, h + j, n) = column(d, j, n);
    }
    emit(both);
    for (Index j = 0; j < h; ++j) column(out, j, n) = w[layer.scale + j] * column(d, j, n);
    subtract_means(l, block, out);
  }

  // g becomes s (g − mean g − ẑ mean(g ẑ)): the derivative of ẑ, which is symmetric.
  void subtract_means(Index l, SampleBlock& block, double* g) const {
    const Index h = net_.layer(l).fan_out, n = block.stride();
    const double* normalized = block.slot(own(l).normalized);
    const ArrayMap<double> mean = block.array(mean_, 1), along = block.array(along_, 1);
    unit_mean(block, mean_, h, [&](Index j) { return column(g, j, n); });
    unit_mean(block, along_, h,
              [&](Index j) { return column(g, j, n) * column(normalized, j, n); });
    for (Index j = 0; j < h; ++j)
      column(g, j, n) = block.array(own(l).scale, 1) *
                        (column(g, j, n) - mean - column(normalized, j, n) * along);
  }

  // dz becomes γ dẑ + dγ ẑ + dβ.
  void normalize_along(Index l, const double* w, const double* v, SampleBlock& block,
                       double* dz) const {
    const Layer& layer = net_.layer(l);
    const Index h = layer.fan_out, n = block.stride();
    subtract_means(l, block, dz);
    // ds/s = −s mean(ẑ dz), of the dz before.
    block.array(own(l).scale_tangent, 1) = -block.array(own(l).scale, 1) * block.array(along_, 1);
    block.array(own(l).normalized_tangent, h) = ConstArrayMap<double>(dz, n * h);
    const double* normalized = block.slot(own(l).normalized);
    for (Index j = 0; j < h; ++j)
      column(dz, j, n) = w[layer.scale + j] * column(dz, j, n) +
                         v[layer.scale + j] * column(normalized, j, n) + v[layer.shift + j];
  }

  // From the change of d (∂ℓ/∂ the layer normalised) to that of `out`, what normalize_back made of
  // d.
  void normalize_back_along(Index l, const double* w, const double* v, SampleBlock& block,
                            const double* d, const double* out, double* change,
                            double* product) const {
    const Layer& layer = net_.layer(l);
    const Index h = layer.fan_out, n = block.stride();
    const double* normalized = block.slot(own(l).normalized);
    const double* normalized_change = block.slot(own(l).normalized_tangent);
    for (Index j = 0; j < h; ++j) {
      product[layer.scale + j] += (column(normalized_change, j, n) * column(d, j, n) +
                                   column(normalized, j, n) * column(change, j, n))
                                      .sum();
      product[layer.shift + j] += column(change, j, n).sum();
    }
    // g = γ d; out = s (g − mean g − ẑ m) with m = mean(g ẑ).
    double *g = block.slot(second_), *dg = block.slot(third_);
    for (Index j = 0; j < h; ++j) {
      column(g, j, n) = w[layer.scale + j] * column(d, j, n);
      column(dg, j, n) =
          v[layer.scale + j] * column(d, j, n) + w[layer.scale + j] * column(change, j, n);
    }
    const ArrayMap<double> mean = block.array(mean_, 1), along = block.array(along_, 1);
    unit_mean(block, along_, h,
              [&](Index j) { return column(g, j, n) * column(normalized, j, n); });
    for (Index j = 0; j < h; ++j) column(change, j, n) = -column(normalized_change, j, n) * along;
    unit_mean(block, along_, h, [&](Index j) {
      return column(dg, j, n) * column(normalized, j, n) +
             column(g, j, n) * column(normalized_change, j, n);
    });
    unit_mean(block, mean_, h, [&](Index j) { return column(dg, j, n); });
    for (Index j = 0; j < h; ++j)
      column(change, j, n) =
          block.array(own(l).scale_tangent, 1) * column(out, j, n) +
          block.array(own(l).scale, 1) *
              (column(change, j, n) + column(dg, j, n) - mean - column(normalized, j, n) * along);
  }

  void shortcut_along(const Layer& layer, const double* w, const double* v, SampleBlock& block,
                      const MatrixMap<double>& flow, const MatrixMap<double>& change,
                      double* product) const {
    const Index n = block.stride(), width = net_.width(layer.shortcut);
    const bool has_values = layer.shortcut > 0;
    if (layer.projection >= 0) {
      MatrixMap<double> to(product + layer.projection, layer.fan_out, width);
      to.noalias() += change.transpose() *
                      ConstMatrixMap<double>(block.slot(slots_.x(layer.shortcut)), n, width);
      if (has_values)
        to.noalias() += flow.transpose() * block.matrix(own(layer.shortcut - 1).values, width);
    }
    if (!has_values) return;
    MatrixMap<double> below = block.matrix(own(layer.shortcut - 1).flow_tangent, width);
    if (layer.projection >= 0) {
      below.noalias() += change * projection(layer, w).transpose();
      below.noalias() += flow * projection(layer, v).transpose();
    } else {
      below += change;
    }
  }

  Architecture net_;
  ForwardSlots& slots_;
  std::vector<LayerSlots> layers_;
  std::vector<ParameterGroup> groups_;
  Index ones_ = 0, first_ = 0, second_ = 0, third_ = 0, scales_and_shifts_ = 0, mean_ = 0,
        along_ = 0;
};

FASTOPT_END
