#!/usr/bin/env bash
# ml-levenberg-marquardt: with a parameter on its bound the others are not fitted.
#
# Versions: ml-levenberg-marquardt 5.1.0, ml-matrix 6.15.1 (npm); Node 20.20.2.
# Expected: minValues and maxValues are documented as the allowed values of the parameters; the fit is the best one
#   within them. For y = 3 x + 1 and a slope of at most 2 that is the intercept 3.5 (the mean of y - 2 x).
# Seen: the intercept ends at 1.9 or below, whatever maxIterations; the sum of squares is about twice that of 3.5. Each
#   step is computed without the bounds and then cut off, so the other parameters keep what fits the free problem.
# Matters: bounds that are met (amplitudes from 0, fractions up to 1) give a wrong fit, and nothing is thrown.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts 'ml-levenberg-marquardt@5.1.0' 'ml-matrix@6.15.1'
node --input-type=module - <<'JAVASCRIPT'
import assert from 'node:assert';
import { levenbergMarquardt } from 'ml-levenberg-marquardt';

const x = [0, 1, 2, 3, 4, 5];
const data = { x, y: x.map((v) => 3 * v + 1) };
const line = ([a, b]) => (t) => a * t + b;
const squares = (p) => data.y.reduce((s, v, i) => s + (v - line(p)(x[i])) ** 2, 0);
for (const initialValues of [[1, 0.5], [1, 5], [2, 3.5]]) {
  const options = { initialValues, minValues: [0, -10], maxValues: [2, 10], maxIterations: 1000 };
  const { parameterValues: found } = levenbergMarquardt(data, line, options);
  console.log('start', initialValues, 'found', found, squares(found), 'best', [2, 3.5], squares([2, 3.5]));
  if (initialValues[1] === 3.5) {
    assert.deepStrictEqual(found, [2, 3.5]);
  } else {
    assert(found[0] === 2);
    assert(squares(found) > 1.5 * squares([2, 3.5]), 'the intercept is fitted on the bound now');
  }
}
console.log('AS SEEN: twice the sum of squares of the best fit within the bounds');
JAVASCRIPT
