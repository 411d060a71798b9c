#!/usr/bin/env bash
# pyrenn: networks whose longest internal delay exceeds the longest output delay cannot be trained.
#
# Versions: pyrenn 0.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: delays are free; CreateNN's own text names dIntern = [1, 2, 5] and dOut = [1, 3, 4] as examples, and the
#   network that has both is created and evaluated.
# Seen: train_LM ends with KeyError: (1, 1). The largest delay is taken as max(max(dIn, dIntern, dOut)), where max of
#   lists compares their first elements: it is 4 instead of 5, and derivatives that are still needed
#   have been deleted. With dOut = [1, 3, 5] it trains.
# Matters: NARX networks with long internal memory.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pyrenn==0.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import pyrenn

random = np.random.RandomState(0)
x, y = random.rand(20), random.rand(20)
for internal, output in (([1, 2, 5], [1, 3, 5]), ([1, 2, 5], [1, 3, 4]), ([1, 3], [2]), ([2], [1, 2, 3])):
    np.random.seed(0)
    network = pyrenn.CreateNN([1, 2, 1], [0], internal, output)
    print("internal", internal, "output", output, "largest delay by pyrenn:", network["dmax"], end=" ")
    evaluated = pyrenn.NNOut(x, network)
    assert np.all(np.isfinite(evaluated))
    try:
        pyrenn.train_LM(x, y, network, k_max=2)
        trained = True
    except KeyError as error:
        print("KeyError:", error)
        trained = False
    assert trained == (network["dmax"] == max(internal + output)), "the largest delay is found now"
assert not trained
print("AS SEEN: the maximum of lists is the list with the largest first element")
PYTHON
