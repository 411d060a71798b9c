#!/usr/bin/env bash
# numpy-parser: an array of short strings is read as numbers.
#
# Versions: numpy-parser 1.2.3 (npm), NumPy 2.4.6; Node 20.20.2.
# Expected: the README: float32 and float64, (u)int8 to (u)int32; for other types an error is thrown, as for bool,
#   big-endian and 64-bit integers. The shape is that of the file.
# Seen: '<U2' and '<U4', strings of two and four characters, are taken for '<u2' and '<u4', unsigned integers: ("ab",
#   "c") becomes 97, 0, 98, 0, ... without an error. The header is turned to lower case before it is read.
# Matters: a column of short class names, given to a model in a browser, are numbers that nobody wrote.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'numpy==2.4.6'
cd "$folder"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts 'numpy-parser@1.2.3'
venv/bin/python - <<'PYTHON'
import numpy as np

np.save("three.npy", np.array([["abc", "d"]], "<U3"))
np.save("two.npy", np.array([["ab", "c"]], "<U2"))
np.save("four.npy", np.array([["abcd", "e"]], "<U4"))
np.save("flags.npy", np.array([[True, False]]))
np.save("numbers.npy", np.array([[1, 300]], "<u2"))
PYTHON
node --input-type=module - <<'JAVASCRIPT'
import assert from 'node:assert';
import fs from 'node:fs';
import parser from 'numpy-parser';

const read = (name) => parser.fromArrayBuffer(new Uint8Array(fs.readFileSync(name + '.npy')).buffer);
assert.deepStrictEqual(Array.from(read('numbers').data), [1, 300]);
assert.throws(() => read('flags'));
assert.throws(() => read('three'));
const seen = { two: ['Uint16Array', 97], four: ['Uint32Array', 97] };
for (const [name, [type, first]] of Object.entries(seen)) {
  const { data, shape } = read(name);
  console.log(name, shape, data);
  assert(data.constructor.name === type && data[0] === first, 'strings are no longer read as numbers');
}
console.log('AS SEEN: strings read as unsigned integers');
JAVASCRIPT
