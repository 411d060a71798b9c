// Nonlinear conjugate gradients: p = −g + β d, d the last direction, y = Δg over its step.
//   Fletcher-Reeves (1964)   β = ‖g‖²/‖g₋₁‖²
//   Polak-Ribière (1969)     β = max(gᵀy/‖g₋₁‖², 0)
//   Hager-Zhang (2005, 2013) β = max((y − 2 (‖y‖²/dᵀy) d)ᵀg / dᵀy, 0.4 dᵀg₋₁/‖d‖²)
//   Powell-Beale (1972, 77)  p = −g + (gᵀy/dᵀy) d + (gᵀyₜ/dₜᵀyₜ) dₜ, dₜ the direction of the last
//                            restart
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

enum class Conjugacy { powell_beale, hager_zhang, polak_ribiere, fletcher_reeves };

class ConjugateGradient final : public LineSearchSolver {
 public:
  ConjugateGradient(Objective& objective, const double* w0,
                    const LineSearchSolverSettings& settings, const Settings& own)
      : LineSearchSolver(objective, w0, settings),
        variant_(static_cast<Conjugacy>(static_cast<int>(own["variant"]))),
        d_(n_),
        y_(n_),
        restart_d_(variant_ == Conjugacy::powell_beale ? n_ : 0),
        restart_y_(restart_d_.size()) {}

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.array("d", d_.data(), n_);
    visitor.array("y", y_.data(), n_);
    visitor.array("restart_d", restart_d_.data(), restart_d_.size());
    visitor.array("restart_y", restart_y_.data(), restart_y_.size());
    visitor.count("since_restart", since_restart_);
    visitor.number("curvature", curvature_, Allowed::non_negative);
  }

 protected:
  bool compute() override {
    p_.vector() = -g_.vector();
    if (steepest()) return true;
    if (variant_ == Conjugacy::powell_beale)
      powell_beale();
    else
      p_.vector() += beta() * d_.vector();
    if (!(g_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) reset();
    return true;
  }

  void update(const double* s_data, const double* y_data) override {
    const ConstVectorMap<double> s(s_data, n_), y(y_data, n_);
    d_.copy_from(p_);
    y_.vector() = y;
    // Fletcher-Reeves forgets a bad direction by restarts alone; beyond n steps none is conjugate.
    const bool restarts = variant_ == Conjugacy::fletcher_reeves && since_restart_ + 1 >= n_;
    since_restart_ = restarts ? 0 : since_restart_ + 1;
    const double curvature = s.dot(y) / s.squaredNorm();
    if (curvature > 0 && std::isfinite(curvature)) curvature_ = curvature;
  }

  void reset() override {
    p_.vector() = -g_.vector();
    since_restart_ = 0;
  }
  void reset_all() override {
    reset();
    curvature_ = 0;
  }
  bool steepest() const override { return since_restart_ == 0; }

  // The search begins where a parabola with the last step's curvature has its minimum.
  double first_length() const override {
    if (curvature_ == 0) return cautious_length();
    return -g_.vector().dot(p_.vector()) / (curvature_ * p_.vector().squaredNorm());
  }
  double predicted_decrease() const override {
    return -0.5 * g_.vector().dot(p_.vector()) * first_length();
  }
  bool knows_scale() const override { return curvature_ > 0; }
  // Its model is the curvature along one direction alone.
  int patience() const override { return 2; }

 private:
  // β is at least so much of what leads along the last direction (Hager & Zhang 2013).
  static constexpr double least_share = 0.4;
  // Gradients in a row are orthogonal, and slopes along p near −‖g‖², within these shares of ‖g‖²,
  // or the directions begin anew (Powell 1977).
  static constexpr double orthogonal = 0.2, steepest_slope = -1.2, flattest_slope = -0.8;

  double beta() const {
    const double new_y = g_.vector().dot(y_.vector());
    const double dy = d_.vector().dot(y_.vector());
    const double before = (g_.vector() - y_.vector()).squaredNorm();
    switch (variant_) {
      case Conjugacy::fletcher_reeves:
        return g_.vector().squaredNorm() / before;
      case Conjugacy::polak_ribiere:
        return std::max(new_y / before, 0.0);
      default:
        return std::max(
            (new_y - 2 * y_.vector().squaredNorm() / dy * d_.vector().dot(g_.vector())) / dy,
            least_share * d_.vector().dot(g_.vector() - y_.vector()) / d_.vector().squaredNorm());
    }
  }

  void powell_beale() {
    const double gg = g_.vector().squaredNorm(), old = gg - g_.vector().dot(y_.vector());
    if (std::abs(old) >= orthogonal * gg || since_restart_ >= n_) since_restart_ = 1;
    add(d_, y_);
    if (since_restart_ > 1) {
      add(restart_d_, restart_y_);
      const double slope = g_.vector().dot(p_.vector());
      if (steepest_slope * gg <= slope && slope <= flattest_slope * gg) return;
      p_.vector() = -g_.vector();
      add(d_, y_);
      since_restart_ = 1;
    }
    restart_d_.copy_from(d_);
    restart_y_.copy_from(y_);
  }
  // The part of p along d that makes p conjugate to it.
  void add(const Buffer<double>& d, const Buffer<double>& y) {
    p_.vector() += g_.vector().dot(y.vector()) / d.vector().dot(y.vector()) * d.vector();
  }

  Conjugacy variant_;
  Buffer<double> d_, y_, restart_d_, restart_y_;
  std::int64_t since_restart_ = 0;
  double curvature_ = 0;  // sᵀy/sᵀs of the last step that had some
};

FASTOPT_END
