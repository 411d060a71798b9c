#!/usr/bin/env bash
# ml-levenberg-marquardt: holding the first parameter fixed moves it and fixes another one.
#
# Versions: ml-levenberg-marquardt 5.1.0, ml-matrix 6.15.1 (npm); Node 20.20.2.
# Expected: the README: "if the gradientDifference is zero, the derive will be zero, and the parameter will hold fixed".
# Seen: for a x + b with gradientDifference [0, 0.1] a, which is to be held at 3, moves, and b stays at its start. The
#   derivatives are filled in from the first row on, without leaving out the row of the held parameter; the rows after
#   it move up. Holding the last parameter works.
# Matters: a calibrated constant is held while the others are fitted; both come out wrong, and nothing is thrown.
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
const fit = (gradientDifference) =>
  levenbergMarquardt(data, line, { initialValues: [3, 5], gradientDifference, maxIterations: 300 }).parameterValues;
const free = fit([0.1, 0.1]);
const last = fit([0.1, 0]);
const first = fit([0, 0.1]);
console.log('free', free, 'b held', last, 'a held', first);
assert(Math.abs(free[0] - 3) < 1e-3 && Math.abs(free[1] - 1) < 1e-3);
assert(last[1] === 5 && Math.abs(last[0] - 3) > 0.5);
assert(first[1] === 5 && Math.abs(first[0] - 3) > 0.5, 'a is held now');
console.log('AS SEEN: a was to be held at 3 and b to be fitted to 1');
JAVASCRIPT
