// The constants that verdicts on sums of squares rest on; bench/ablation.py shows what each does.
#pragma once

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

struct SquaresVerdictSettings {
  // Residuals that are not beyond so many times their error are none; nor are those that are
  // nothing beside a unit, where they are little beside their terms: where J falls with e to zero.
  double roundings = 10, nothing = 1e-20, little = 1e-6;
  // A column of J is its own error where it is within so many times it; or where it is this much
  // shorter than the widest one and its parameter as a whole adds less than `unfelt` of the terms.
  // Both, so that neither the unit of a parameter nor one that is nearly zero makes it so. The
  // error of a column is an estimate by itself; with 8, parameters between narrow bounds count as
  // errors.
  double column_errors = 4, short_column = 1e-10, unfelt = 1e-8;
  // The columns of J explain nothing of e where each has no larger cosine with it, or where all
  // together explain no more than so many errors of both.
  double cosine = 1e-6, errors = 10;
  // A parameter that adds no more than this share of what all add is compared with their share.
  double hardly_felt = 1e-6;
  // Failed steps in one iteration, and slow ones in a row, that ask for a closer look.
  int few_failures = 4, many_slow_steps = 10;
  // A search whose trials predict less than so many errors of E, in shares of it, is hopeless.
  double hopeless = 4;
  // Where each cosine is as small as was asked for, a step may predict this share of E.
  double stationary = 1e-10;

  template <class Visitor>
  void visit(Visitor&& field) {
    field("roundings", roundings);
    field("nothing", nothing);
    field("little", little);
    field("column_errors", column_errors);
    field("short_column", short_column);
    field("unfelt", unfelt);
    field("cosine", cosine);
    field("errors", errors);
    field("hardly_felt", hardly_felt);
    field("few_failures", few_failures);
    field("many_slow_steps", many_slow_steps);
    field("hopeless", hopeless);
    field("stationary", stationary);
  }
};

FASTOPT_END
