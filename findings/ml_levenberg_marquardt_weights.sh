#!/usr/bin/env bash
# ml-levenberg-marquardt: a fit with weights of 2 does not leave its start.
#
# Versions: ml-levenberg-marquardt 5.1.0, ml-matrix 6.15.1 (npm); Node 20.20.2.
# Expected: weights w minimise the sum of (w r)^2, which the result reports as parameterError; weights that are all 2
#   change nothing but its value. A straight line through data without weights comes out right, 2.977 and 1.057.
# Seen: with weights 2 or 3, and with 1, 2, 3, 1, 2, 3, the start is returned after 300 iterations; with 0.1 the fit
#   creeps. The matrix of the step is made with 1 / w^2 and its right-hand side with w^2, so that steps are w^4 too long.
# Matters: measured standard deviations are what weights are for; the start looks like a result, and nothing is thrown.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts 'ml-levenberg-marquardt@5.1.0' 'ml-matrix@6.15.1'
node --input-type=module - <<'JAVASCRIPT'
import assert from 'node:assert';
import { levenbergMarquardt } from 'ml-levenberg-marquardt';

const data = { x: [0, 1, 2, 3, 4, 5], y: [1.1, 3.9, 7.2, 9.8, 13.1, 15.9] };
const line = ([a, b]) => (x) => a * x + b;
const start = [1, 0.5];
// The normal equations of the weighted straight line.
function closed(w) {
  const sum = (f) => data.x.reduce((s, x, i) => s + w[i] ** 2 * f(x, data.y[i]), 0);
  const [n, x, y, xx, xy] = [sum(() => 1), sum((x) => x), sum((x, y) => y), sum((x) => x * x), sum((x, y) => x * y)];
  const a = (n * xy - x * y) / (n * xx - x * x);
  return [a, (y - a * x) / n];
}
for (const w of [[1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2], [3, 3, 3, 3, 3, 3], [1, 2, 3, 1, 2, 3]]) {
  const { parameterValues: found } = levenbergMarquardt(data, line, { initialValues: start, weights: w, maxIterations: 300 });
  const true_ = closed(w);
  console.log('weights', w.join(' '), 'found', found, 'least squares', true_);
  if (w.every((v) => v === 1)) {
    assert(found.every((v, i) => Math.abs(v - true_[i]) < 1e-4));
  } else {
    assert.deepStrictEqual(found, start, 'weighted fits leave the start now');
  }
}
console.log('AS SEEN: weighted fits return their start');
JAVASCRIPT
