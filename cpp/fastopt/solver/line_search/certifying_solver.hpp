// A solver that knows E and g at its point, and can tell whether that is a minimum: the verdict,
// and the checks of a gradient that contradicts E.
#pragma once

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/line_search/certificate.hpp"
#include "fastopt/solver/line_search/optimality.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

class CertifyingSolver : public Solver {
 public:
  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }
  double loss() const { return loss_; }
  CertificateSettings& certificate() { return certificate_; }
  MonitorSettings& monitor() { return monitor_; }

 protected:
  CertifyingSolver(Objective& objective, const double* w0)
      : objective_(objective), n_(objective.size()), w_(n_), g_(n_), trial_w_(n_), trial_g_(n_) {
    std::copy(w0, w0 + n_, w_.begin());
  }

  // Within bounds: w into them; and which weights they hold.
  virtual void project(Buffer<double>& /*w*/) const {}
  virtual Box box() { return {}; }
  // H at w, n x n, where the method has it exactly; and what takes the place of its own estimate.
  virtual const double* exact_hessian() { return nullptr; }
  virtual void adopt_inverse_hessian(const double* /*v*/) {}
  virtual bool keeps_inverse_hessian() const { return false; }
  // s = Δw, y = Δg of an accepted step; g_ is the new gradient already.
  virtual void update(const double* /*s*/, const double* /*y*/) {}
  // Back to p = −g.
  virtual void reset() {}

  double evaluate(const Buffer<double>& w, Buffer<double>& g) {
    ++n_gradient_;
    return objective_.value_and_gradient(w.data(), g.data());
  }
  double first_loss() const { return first_loss_; }

  // The verdict at w, or at the lower point that was found on the way to it. `enough` is a decrease
  // that the user takes for none.
  void ask(bool may_move, double enough = 0) {
    CertificateSettings settings = certificate_;
    settings.moves = settings.moves && may_move;
    Certificate certificate(w_, g_, loss_, first_loss_, first_size_, gradient_precision(), box(),
                            exact_hessian(), WithinBounds{*this}, settings);
    const Buffer<double> before_w = w_, before_g = g_;
    verdict_ = certificate(enough);
    hidden_ = verdict_.minimum && hides_descent();
    if (hidden_) verdict_.minimum = false;
    const bool goes_on = verdict_.moved && !verdict_.minimum;
    if (goes_on) reset();
    // What was measured takes the place of an estimate.
    if (keeps_inverse_hessian() && n_ <= settings.few && (goes_on || verdict_.minimum)) {
      Buffer<double> v(n_ * n_);
      if (certificate.inverse_hessian(v.data())) {
        adopt_inverse_hessian(v.data());
        // It is H at the point before: what the way to w has shown comes on top.
        const Vector<double> s = w_.vector() - before_w.vector(),
                             y = g_.vector() - before_g.vector();
        if (verdict_.moved) update(s.data(), y.data());
      }
    }
  }

  // g, zero where a bound holds a weight.
  Buffer<double> free_gradient() {
    Buffer<double> g = g_;
    const Box limits = box();
    if (limits.free != nullptr)
      g.vector() = g.vector().cwiseProduct(ConstVectorMap<double>(limits.free, n_));
    return g;
  }

  // Of gradients by differences.
  double gradient_precision() const {
    const Numerical* const numerical = objective_.numerical();
    return numerical == nullptr ? std::numeric_limits<double>::epsilon()
                                : numerical->gradient_precision();
  }
  bool has_rough_gradients() const {
    const Numerical* const numerical = objective_.numerical();
    return numerical != nullptr && numerical->has_rough_gradients();
  }
  bool gradient_is_noise() {
    Numerical* const numerical = objective_.numerical();
    return numerical != nullptr && numerical->is_noise(w_.data(), free_gradient().data());
  }
  // A more exact gradient at w, in place of g; false: there is none.
  bool refine_gradient() {
    Numerical* const numerical = objective_.numerical();
    while (numerical != nullptr && numerical->refine_gradients()) {
      const double value = evaluate(w_, trial_g_);
      if (!std::isfinite(value) || !trial_g_.vector().allFinite()) continue;
      g_.copy_from(trial_g_);
      return true;
    }
    return false;
  }

  // Whether E falls along a weight near zero, which its own size says nothing of.
  bool hides_descent() {
    const Scales scales{std::min(std::abs(loss_), verdict_.variation), loss_, first_loss_};
    const auto evaluate_at = [this](Buffer<double>& w, Buffer<double>& g) {
      project(w);
      return evaluate(w, g);
    };
    return finds_descent(w_, free_gradient(), scales, certificate_, trial_w_, trial_g_,
                         evaluate_at);
  }

  // Whether central differences of E contradict g, along g and along one more direction. Steps that
  // do not agree with their halves tell nothing.
  bool contradicts_gradient() {
    const Buffer<double> g = free_gradient();
    Buffer<double> size(n_), d(n_);
    for (Index i = 0; i < n_; ++i) size[i] = w_[i] != 0 ? std::abs(w_[i]) : 1;
    const double steepest = g.vector().cwiseQuotient(size.vector()).lpNorm<Eigen::Infinity>();
    for (const bool along_gradient : {true, false}) {
      if (along_gradient)
        d.vector() = -monitor_.check_step / steepest * g.vector();
      else
        for (Index i = 0; i < n_; ++i)
          d[i] = g[i] == 0 ? 0 : (i % 2 == 0 ? 1 : -1) * monitor_.check_step * size[i];
      const auto difference = [&](double share) {
        const auto at = [&](double side) {
          trial_w_.vector() = w_.vector() + side * share * d.vector();
          project(trial_w_);
          return objective_.value(trial_w_.data());
        };
        return (at(1) - at(-1)) / (2 * share);
      };
      const double slope = g.vector().dot(d.vector()), whole = difference(1),
                   half = difference(0.5);
      const double noise =
          monitor_.check_roundings * std::numeric_limits<double>::epsilon() * std::abs(loss_);
      const bool tells = std::abs(whole - half) <= monitor_.check_share * std::abs(whole) + noise;
      if (tells && std::abs(half - slope) > monitor_.check_share * std::abs(slope) + noise)
        return true;
    }
    return false;
  }

  double rounding(double of) const {
    return certificate_.roundings * std::numeric_limits<double>::epsilon() * std::abs(of);
  }

  CertificateSettings certificate_;
  MonitorSettings monitor_;
  Objective& objective_;
  Index n_;
  Buffer<double> w_, g_, trial_w_, trial_g_;
  double loss_ = 0, first_loss_ = 0, first_size_ = 0;
  std::int64_t n_gradient_ = 0;
  Verdict verdict_;
  bool hidden_ = false;  // the last verdict overlooked a weight near zero

 private:
  // E for the certificate.
  struct WithinBounds {
    CertifyingSolver& solver;
    double evaluate(Buffer<double>& w, Buffer<double>& g) {
      solver.project(w);
      return solver.evaluate(w, g);
    }
    void gradient(Buffer<double>& w, Buffer<double>& g) {
      solver.project(w);
      ++solver.n_gradient_;
      solver.objective_.gradient(w.data(), g.data());
    }
    double value(Buffer<double>& w) {
      solver.project(w);
      return solver.objective_.value(w.data());
    }
  };
};

FASTOPT_END
