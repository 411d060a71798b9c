#!/usr/bin/env bash
# tomlkit: array.sort() changes the document's value but not what is written.
#
# Versions: tomlkit 0.15.2.
# Expected: tomlkit's arrays are documented as lists; append, insert, pop, reverse and del change
#   value and text alike.
# Seen: after doc["widths"].sort() the document says [1, 2, 3], tomlkit.dumps writes [3, 1, 2].
# Matters: a program that tidies an experiment's file sees the sorted list and saves the old one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'tomlkit==0.15.2'
cd "$folder"
venv/bin/python - <<'PYTHON'
import tomllib

import tomlkit

document = tomlkit.parse("widths = [3, 1, 2]\n")
document["widths"].sort()
written = tomllib.loads(tomlkit.dumps(document))["widths"]
print("in memory:", document["widths"].unwrap(), "written:", written)
other = tomlkit.parse("widths = [3, 1, 2]\n")
other["widths"].reverse()
assert tomllib.loads(tomlkit.dumps(other))["widths"] == [2, 1, 3]
assert document["widths"].unwrap() == [1, 2, 3]
assert written == [3, 1, 2], "sort is now written"
print("AS SEEN: the sorted array is written unsorted")
PYTHON
