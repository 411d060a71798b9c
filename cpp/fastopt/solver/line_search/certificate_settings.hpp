// The constants that verdicts on points rest on, and those that say when one is asked for. They
// were chosen over the runs of bench/claims.py; bench/ablation.py shows what each of them does.
#pragma once

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

struct CertificateSettings {
  // Up to so many free weights all of H is built, by differences of g; beyond, conjugate gradients
  // see it through so many products at most,
  Index few = 20;
  int products = 20;
  // and fewer where one adds less than this share to the decrease that was seen by then.
  double last_product = 1e-2;
  // So few weights are worth two gradients each: central differences.
  Index very_few = 5;
  // Steps of one-sided differences, in square roots of the precision of gradients (those of central
  // ones are its cube root), and the errors of curvatures: in steps, in squares of steps of central
  // ones, and where H is exact.
  double one_sided_step = 7, one_sided_error = 10, central_error = 30, exact_error = 1e-10;
  // So many directions whose curvature is below the error of those differences are measured anew,
  // over this share of the sizes of the weights.
  int flat_directions = 6;
  double long_step = 1e-3;
  // Trials along one direction, and how many of the directions that still seem flat are tried.
  int looks = 6, flat_looks = 2;
  // A trial follows one of which it is these shares at least and at most; a tenth of it where that
  // tells nothing.
  double shortest_trial = 0.01, longest_trial = 0.5, next_trial = 0.1;
  // A trial tells the curvature at w where the parabola's minimum is at this share of it at least.
  double near = 0.25;
  // Model, look and model again, with the same H, as long as steps are short beside the weights.
  int rounds = 5;
  double short_step = 0.1;
  // A claim allows a decrease of these shares: of E, of the growth of E when the weights move by
  // their own size, and of what E was at first, by which the run gained fourteen digits.
  double share_of_value = 1e-12;
  double share_of_variation = 1e-22;
  double share_of_start = 1e-14;
  // E is known to so many roundings of its own.
  double roundings = 4;
  // Slopes below their rounding, and noise of E, hide what is attainable up to these shares of E.
  double rounding_of_value = 1e-5;
  double noise_of_value = 1e-6;
  // Noise is measured over such steps, in sizes of the weights; what is attainable is hidden by so
  // many times it.
  double noise_step = 1e-8, noises = 4;
  // Second differences of E with noise ε err by about 1/(6e-6 · 2e-4) ε, over usual steps.
  double noise_in_curvature = 1e10;
  // Weights near zero, of which their own size says nothing: the steepest are moved by this share
  // of the largest one, where a slope is more than `steep` of what E varies by. What they gain is
  // known to be none below `hidden_gain` of that; `..._of_start` is of what E was at first.
  int hidden_weights = 20;
  double hidden_step = 1e-4;
  double steep = 1e-5, steep_of_start = 1e-10;
  double hidden_gain = 1e-6, hidden_gain_of_start = 1e-12;
  // A user's tolerance of E or w makes no minimum where slopes are beyond so many times it, or
  // where they are this share of E.
  double slope_of_tolerance = 10, steepest_of_tolerance = 0.1;
  bool moves = true;  // to a lower point, where one is found

  template <class Visitor>
  void visit(Visitor&& field) {
    field("few", few);
    field("products", products);
    field("last_product", last_product);
    field("very_few", very_few);
    field("one_sided_step", one_sided_step);
    field("one_sided_error", one_sided_error);
    field("central_error", central_error);
    field("exact_error", exact_error);
    field("flat_directions", flat_directions);
    field("long_step", long_step);
    field("looks", looks);
    field("flat_looks", flat_looks);
    field("shortest_trial", shortest_trial);
    field("longest_trial", longest_trial);
    field("next_trial", next_trial);
    field("near", near);
    field("rounds", rounds);
    field("short_step", short_step);
    field("share_of_value", share_of_value);
    field("share_of_variation", share_of_variation);
    field("share_of_start", share_of_start);
    field("roundings", roundings);
    field("rounding_of_value", rounding_of_value);
    field("noise_of_value", noise_of_value);
    field("noise_step", noise_step);
    field("noises", noises);
    field("noise_in_curvature", noise_in_curvature);
    field("hidden_weights", hidden_weights);
    field("hidden_step", hidden_step);
    field("steep", steep);
    field("steep_of_start", steep_of_start);
    field("hidden_gain", hidden_gain);
    field("hidden_gain_of_start", hidden_gain_of_start);
    field("slope_of_tolerance", slope_of_tolerance);
    field("steepest_of_tolerance", steepest_of_tolerance);
    field("moves", moves);
  }
};

// When a verdict is worth its gradients.
struct MonitorSettings {
  // Where the method's model predicts no more than this share of the decrease since the start; and,
  // where a user gave a tolerance, which comes first.
  double asking_share = 1e-8, patient_share = 1e-13;
  // After a verdict that found a lower point, and one that found none, so much less.
  double after_move = 1e-2, after_none = 1e-3;
  // A verdict that found more to gain lets a run go on so often.
  int most_restarts = 20;
  // So many steps in a row that gain no more than these shares of what the model predicted, where
  // that is a small one of E: the gradient is refined, or the run has stalled.
  int late_steps = 3, idle_steps = 3;
  double late_share = 1e-3, idle_share = 1e-2, idle_of_value = 1e-6;
  // A search without a step has met noise where errors along the line are this share of E, or where
  // no more is predicted than so many roundings of E or errors of the line; an error beyond
  // `long_error` of E is that of a long step.
  double noise_of_line = 1e-9, rounding_of_line = 16, errors_of_line = 4, long_error = 1e-3;
  // The gradient is doubted where differences of E over such steps, in sizes of the weights, agree
  // with their halves and are this share away from it, beyond so many roundings of E.
  double check_step = 1e-5, check_share = 0.1, check_roundings = 64;

  template <class Visitor>
  void visit(Visitor&& field) {
    field("asking_share", asking_share);
    field("patient_share", patient_share);
    field("after_move", after_move);
    field("after_none", after_none);
    field("most_restarts", most_restarts);
    field("late_steps", late_steps);
    field("idle_steps", idle_steps);
    field("late_share", late_share);
    field("idle_share", idle_share);
    field("idle_of_value", idle_of_value);
    field("noise_of_line", noise_of_line);
    field("rounding_of_line", rounding_of_line);
    field("errors_of_line", errors_of_line);
    field("long_error", long_error);
    field("check_step", check_step);
    field("check_share", check_share);
    field("check_roundings", check_roundings);
  }
};

FASTOPT_END
