// Many fits of one model to data of their own, side by side: the values come from outside, for all
// fits at once that ask for them, or from a built-in model. No fit depends on another.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "fastopt/core/thread_pool.hpp"
#include "fastopt/objective/curve_models.hpp"
#include "fastopt/objective/robust_loss.hpp"
#include "fastopt/solver/least_squares/reverse_least_squares.hpp"

FASTOPT_BEGIN

class ManyFits {
 public:
  // Up to `most` fits at a time, of m points by n parameters.
  ManyFits(Index most, Index m, Index n, ReverseSettings settings, RobustLoss loss, bool built_in)
      : settings_(std::move(settings)), loss_(loss), m_(m), n_(n), built_in_(built_in) {
    settings_.exact = built_in;
    const Index machines = built_in ? std::min(most, most_tasks) : most;
    for (Index i = 0; i < machines; ++i)
      fits_.push_back(std::make_unique<ReverseLeastSquares>(m, n, settings_));
    if (built_in) return;
    model_.resize(area(most, m));
    trial_.resize(area(most, m));
    j_.resize(area(most, n * m));
  }

  Index size() const { return count_; }
  Index n_points() const { return m_; }
  Index n_parameters() const { return n_; }

  // The data of the next block, which outlive it: y and weights (count x m; weights of 0 leave a
  // point out; `weight_stride` 0: the same for all fits).
  void start(Index count, const double* x0, const double* y, const double* weights,
             Index weight_stride) {
    count_ = count;
    y_ = y;
    weights_ = weights;
    weight_stride_ = weight_stride;
    resize(result_, count * n_);
    resize(covariance_, count * n_ * n_);
    resize(cost_, count);
    verdict_.assign(to_size(count), 0);
    evaluations_.assign(to_size(count), 0);
    iterations_.assign(to_size(count), 0);
    if (built_in_) {
      start_.assign(x0, x0 + count * n_);
      return;
    }
    for (Index i = 0; i < count; ++i) fit(i).start(x0 + i * n_);
  }

  // The fits that need values, or a Jacobian to one side or to both.
  const std::vector<Index>& wanting_values() {
    return select([](const ReverseLeastSquares& f) { return f.need() == Need::value; });
  }
  const std::vector<Index>& wanting_jacobian(bool central) {
    const auto& found = select([central](const ReverseLeastSquares& f) {
      return f.need() == Need::jacobian && f.central() == central;
    });
    central_ = central;
    const Index k = static_cast<Index>(found.size());
    up_.resize(to_size(k * n_));
    down_.resize(to_size(k * n_));
    // The share that balances rounding and curvature.
    const double h = central ? std::cbrt(epsilon) : std::sqrt(epsilon);
    for (Index a = 0; a < k; ++a) take_ends(a, h);
    return found;
  }
  // Where, (n, fits): parameter by parameter.
  void points(double* p) const {
    const Index k = static_cast<Index>(which_.size());
    for (Index a = 0; a < k; ++a)
      for (Index i = 0; i < n_; ++i) p[i * k + a] = fit(which_[to_size(a)]).point()[i];
  }
  // The ends of the differences along parameter i.
  const double* up(Index i) const { return up_.data() + i * static_cast<Index>(which_.size()); }
  const double* down(Index i) const { return down_.data() + i * static_cast<Index>(which_.size()); }

  // The model (fits x m) at points().
  void take_values(const double* f) {
    for_each_chosen([&](Index a, Index i, Buffer<double>& e) {
      std::copy_n(f + a * m_, m_, trial_.data() + i * m_);
      residuals(i, f + a * m_, e.data());
      fit(i).take_value(loss_.cost(e.data(), m_));
    });
  }

  // The model at up(i) and, where differences are central, at down(i).
  void take_column(Index i, const double* plus, const double* minus) {
    for_each_chosen([&](Index a, Index at, Buffer<double>&) {
      const double width = up(i)[a] - down(i)[a];
      const double* high = plus + a * m_;
      const double* low = minus != nullptr ? minus + a * m_ : base(at);
      double* column = j_.data() + (a * n_ + i) * m_;
      for (Index l = 0; l < m_; ++l) {
        const double w = weight(at, l);
        column[l] = w == 0 ? 0 : w * (high[l] - low[l]) / width;
      }
    });
  }

  // Once all columns are there.
  void take_jacobian() {
    for_each_chosen([&](Index a, Index i, Buffer<double>& e) {
      residuals(i, base(i), e.data());
      if (fit(i).asks_at_trial()) std::copy_n(base(i), m_, model_.data() + i * m_);
      hand_over(fit(i), e.data(), j_.data() + a * n_ * m_);
    });
  }

  // All of a block by a built-in model; x is (count x m), or (m) for all with `x_stride` 0.
  void run(const CurveModel& model, const double* x, Index x_stride) {
    const Index tasks = std::min(count_, static_cast<Index>(fits_.size()));
    parallel_for(tasks, [&](Index task) {
      const Index stride = padded(m_);
      Buffer<double> points(stride), values(stride), wide(area(n_, stride)), j(area(n_, m_)), e(m_);
      ReverseLeastSquares& machine = *fits_[to_size(task)];
      for (Index i = count_ * task / tasks; i < count_ * (task + 1) / tasks; ++i) {
        std::copy_n(x + i * x_stride, m_, points.begin());
        std::fill(points.data() + m_, points.data() + stride, points[m_ - 1]);
        machine.start(start_.data() + i * n_);
        const CurveModel::Points at(points.data(), stride);
        while (machine.need() != Need::nothing) {
          const bool wants_j = machine.need() == Need::jacobian;
          model.evaluate(at, machine.point(), CurveModel::Values(values.data(), stride),
                         wants_j ? wide.data() : nullptr, stride);
          residuals(i, values.data(), e.data());
          if (!wants_j) {
            machine.take_value(loss_.cost(e.data(), m_));
            continue;
          }
          for (Index c = 0; c < n_; ++c)
            for (Index l = 0; l < m_; ++l) {
              const double w = weight(i, l);
              j[c * m_ + l] = w == 0 ? 0 : w * wide[c * stride + l];
            }
          hand_over(machine, e.data(), j.data());
        }
        take_result(i, machine);
      }
    });
  }

  // What came out, once no fit wants anything.
  void finish() {
    if (built_in_) return;
    for (Index i = 0; i < count_; ++i) take_result(i, fit(i));
  }
  const Buffer<double>& result() const { return result_; }
  // (JᵀJ)⁻¹
  const Buffer<double>& covariance() const { return covariance_; }
  const Buffer<double>& cost() const { return cost_; }
  const std::vector<std::int64_t>& verdicts() const { return verdict_; }
  const std::vector<std::int64_t>& evaluations() const { return evaluations_; }
  const std::vector<std::int64_t>& iterations() const { return iterations_; }

 private:
  using Need = ReverseLeastSquares::Need;
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  // Tasks of a block, whatever the number of threads: enough for each core to have many.
  static constexpr Index most_tasks = 256;

  static std::size_t to_size(Index i) { return static_cast<std::size_t>(i); }
  static void resize(Buffer<double>& buffer, Index size) {
    if (buffer.size() != size) buffer.resize(size);
  }
  ReverseLeastSquares& fit(Index i) { return *fits_[to_size(i)]; }
  const ReverseLeastSquares& fit(Index i) const { return *fits_[to_size(i)]; }
  double weight(Index i, Index l) const {
    return weights_ == nullptr ? 1.0 : weights_[i * weight_stride_ + l];
  }
  // The model where fit i asks for J.
  const double* base(Index i) const {
    return (fit(i).asks_at_trial() ? trial_ : model_).data() + i * m_;
  }

  template <class F>
  const std::vector<Index>& select(const F& wants) {
    which_.clear();
    for (Index i = 0; i < count_; ++i)
      if (wants(fit(i))) which_.push_back(i);
    return which_;
  }

  // f(place among the chosen, fit, scratch of m numbers), in parallel.
  template <class F>
  void for_each_chosen(const F& f) {
    const Index k = static_cast<Index>(which_.size()), tasks = std::min(k, most_tasks);
    parallel_for(tasks, [&](Index task) {
      Buffer<double> e(m_);
      for (Index a = k * task / tasks; a < k * (task + 1) / tasks; ++a) f(a, which_[to_size(a)], e);
    });
  }

  void residuals(Index i, const double* f, double* e) const {
    const double* y = y_ + i * m_;
    for (Index l = 0; l < m_; ++l) {
      const double w = weight(i, l);
      e[l] = w == 0 ? 0 : w * (f[l] - y[l]);
    }
  }

  void hand_over(ReverseLeastSquares& machine, double* e, double* j) const {
    if (!loss_.is_linear()) {
      for (Index l = 0; l < m_; ++l) {
        const double factor = loss_.scale(e[l]);
        for (Index c = 0; c < n_; ++c) j[c * m_ + l] *= factor;
      }
    }
    machine.take_jacobian(j, e);
  }

  // The ends of the differences of the a-th fit, within the bounds.
  void take_ends(Index a, double h) {
    const Index k = static_cast<Index>(which_.size());
    const ReverseLeastSquares& f = fit(which_[to_size(a)]);
    for (Index i = 0; i < n_; ++i) {
      const double x = f.point()[i], step = f.difference(i, h);
      double& up = up_[to_size(i * k + a)];
      double& down = down_[to_size(i * k + a)];
      up = x < 0 ? x - step : x + step;
      down = central_ ? (x < 0 ? x + step : x - step) : x;
      if (settings_.lower.empty()) continue;
      const double lower = settings_.lower[to_size(i)], upper = settings_.upper[to_size(i)];
      if (!central_ && (up < lower || up > upper))  // to the side that has more room
        up = upper - x >= x - lower ? x + step : x - step;
      up = std::clamp(up, lower, upper);
      down = std::clamp(down, lower, upper);
    }
  }

  void take_result(Index i, ReverseLeastSquares& machine) {
    std::copy_n(machine.weights(), n_, result_.data() + i * n_);
    cost_[i] = machine.loss();
    verdict_[to_size(i)] = machine.verdict();
    evaluations_[to_size(i)] = machine.evaluations();
    iterations_[to_size(i)] = machine.iterations();
    if (machine.verdict() > 0 && machine.verdict() < ReverseLeastSquares::running)
      machine.inverse(covariance_.data() + i * n_ * n_);
  }

  ReverseSettings settings_;
  RobustLoss loss_;
  Index m_, n_, count_ = 0;
  bool built_in_, central_ = false;
  const double *y_ = nullptr, *weights_ = nullptr;
  Index weight_stride_ = 0;
  std::vector<std::unique_ptr<ReverseLeastSquares>> fits_;
  Buffer<double> model_, trial_, j_, result_, covariance_, cost_;
  std::vector<double> up_, down_, start_;
  std::vector<Index> which_;
  std::vector<std::int64_t> verdict_, evaluations_, iterations_;
};

FASTOPT_END
