#!/usr/bin/env bash
# jsfive: what was never written is a hole instead of the dataset's fill value.
#
# Versions: jsfive 0.4.2 (npm), h5py 3.16.0, NumPy 2.4.6; Node 20.20.2.
# Expected: HDF5 stores a chunk when something is written to it; the others are the fill value that the file names.
#   h5py reads 1, 1, 7.5, 7.5.
# Seen: 1, 1 and two holes (undefined) of a JavaScript array, and an array without elements for a dataset of shape 4 of
#   which nothing was written; no error. A sum over the indices is NaN, forEach skips the holes.
# Matters: the mean of a growing or sparse data set in a browser leaves out, or is spoilt by, what has its fill value.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'h5py==3.16.0' 'numpy==2.4.6'
cd "$folder"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts 'jsfive@0.4.2'
venv/bin/python - <<'PYTHON'
import h5py

with h5py.File("run.h5", "w") as file:
    file.create_dataset("none", (4,), "f8", chunks=(2,), fillvalue=7.5)
    file.create_dataset("half", (4,), "f8", chunks=(2,), fillvalue=7.5)[:2] = 1.0
    file.create_dataset("whole", (4,), "f8", chunks=(2,), fillvalue=7.5)[:] = 1.0
with h5py.File("run.h5") as file:
    print("h5py:", {name: file[name][...].tolist() for name in file})
    assert file["half"][...].tolist() == [1.0, 1.0, 7.5, 7.5] and (file["none"][...] == 7.5).all()
PYTHON
node --input-type=module - <<'JAVASCRIPT'
import assert from 'node:assert';
import fs from 'node:fs';
import * as hdf5 from 'jsfive';

const file = new hdf5.File(new Uint8Array(fs.readFileSync('run.h5')).buffer, 'run.h5');
for (const name of ['whole', 'half', 'none']) {
  const seen = file.get(name).value;
  console.log(name, seen);
  assert.deepStrictEqual(file.get(name).shape, [4]);
  const holes = [0, 1, 2, 3].filter((i) => seen[i] === undefined);
  assert.deepStrictEqual(holes, { whole: [], half: [2, 3], none: [0, 1, 2, 3] }[name], 'the fill value is read now');
}
console.log('AS SEEN: holes instead of the fill value');
JAVASCRIPT
