#!/usr/bin/env bash
# MLX: under vmap an update of a slice is made in the first example only.
#
# Versions: MLX 0.32.4 (mlx[cpu], CPU backend), NumPy 2.4.6.
# Expected: vmap(f)(x) is f of each row of x, stacked.
# Seen: x[1] = 9, x[1:] = 9, x.at[1].add(3), .multiply(3) and .minimum(3) with a constant change row 0 of the batch and
#   leave all others as they were. An index array instead of the slice, and a value that depends on the row, are right.
# Matters: boundary values, masks and clamped entries are set this way in functions that are then mapped over a batch.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'mlx==0.32.4' 'mlx-cpu==0.32.4' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import mlx.core as mx
import numpy as np


def assigned(index):
    def f(row):
        row = row * 1
        row[index] = 9.0
        return row

    return f


def copied(row):
    row = row * 1
    row[1:] = row[:2] * 10
    return row


x = mx.array(np.arange(1.0, 10.0, dtype=np.float32).reshape(3, 3))
at = mx.array([1])
wrong = {
    "x[1] = 9": assigned(1),
    "x[1:] = 9": assigned(slice(1, None)),
    "x.at[1].add(3)": lambda row: row.at[1].add(3.0),
    "x.at[1:].multiply(3)": lambda row: row.at[1:].multiply(3.0),
    "x.at[1].minimum(0)": lambda row: row.at[1].minimum(0.0),
}
right = {"x.at[array].add(3)": lambda row: row.at[at].add(3.0), "x[1:] = 10 * x[:2]": copied}
for name, f in {**wrong, **right}.items():
    true = np.array(mx.stack([f(row) for row in x]))
    seen = np.array(mx.vmap(f)(x))
    print(name, "row by row:", true.tolist(), "vmap:", seen.tolist())
    if name in right:
        assert np.array_equal(seen, true)
    else:
        assert np.array_equal(seen[0], true[0]) and not np.array_equal(true[1:], np.array(x)[1:])
        assert np.array_equal(seen[1:], np.array(x)[1:]), name + " now reaches the other rows"
print("AS SEEN: only the first row is updated")
PYTHON
