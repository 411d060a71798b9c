#!/usr/bin/env bash
# MLX: the mean and the variance of integers wrap, although their result is a float.
#
# Versions: MLX 0.32.4 (mlx[cpu], CPU backend), NumPy 2.4.6.
# Expected: mean and var of int32 and uint32 return float32; the mean of a value with itself is that value, its variance
#   is 0 to rounding. NumPy converts before it sums.
# Seen: the sum is taken in the integers' own type: the mean of 2000000000 twice is -1.5e8, that of 40000 times 60000
#   is negative too, and the variance of two equal numbers is 4.6e18.
# Matters: times in seconds, counts and raw sensor values are scaled by their mean and standard deviation.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'mlx==0.32.4' 'mlx-cpu==0.32.4' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import mlx.core as mx
import numpy as np

for values, dtype in (
    ([2_000_000_000] * 2, mx.int32),
    ([60_000] * 40_000, mx.int32),
    ([4_000_000_000] * 2, mx.uint32),
):
    x = mx.array(np.array(values), dtype=dtype)
    seen, variance = mx.mean(x), mx.var(x)
    right = mx.mean(x.astype(mx.float32)).item()
    print(dtype, values[0], "x", len(values), "mean:", seen.item(), "variance:", variance.item(), "as floats:", right)
    assert seen.dtype == variance.dtype == mx.float32
    assert np.isclose(right, values[0], rtol=1e-2)
    assert not np.isclose(seen.item(), values[0], rtol=1e-1), "the mean no longer wraps"
x = mx.array([2_000_000_000] * 2, dtype=mx.int32)
assert mx.var(x).item() > 1e18 and mx.var(x.astype(mx.float32)).item() == 0.0
print("AS SEEN: sums of integers wrap inside mean and var")
PYTHON
