#!/usr/bin/env bash
# asteval: a loop whose last pass ends with continue loses its else block.
#
# Versions: asteval 1.0.10.
# Expected: the documentation lists for loops among the supported flow control. The else block of a loop runs unless the
#   loop was left by break; a continue does not leave it.
# Seen: if the last element takes the continue branch, the else block is skipped without a message; if any other element
#   does, it runs.
# Matters: asteval evaluates lmfit's expressions and users' model functions; "no element failed" depends on the order
#   of the data.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'asteval==1.0.10'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

from asteval import Interpreter


def both(text):
    """The variable r after the text, in Python and in asteval, and what asteval says of errors."""
    names, messages = {}, io.StringIO()
    exec(text, names)
    interpreter = Interpreter(use_numpy=False, err_writer=messages)
    interpreter(text)
    print(text.replace("\n", " | "), "-> Python:", names["r"], "asteval:", interpreter.symtable.get("r"))
    return names["r"], interpreter.symtable.get("r"), messages.getvalue() + "".join(map(str, interpreter.error))


text = """r = "nothing found"
for x in {values}:
    if x < 0:
        continue
    if x > 9:
        r = "large"
        break
else:
    r = "all small"
"""
for values, lost in ([1, -1, 2], False), ([1, 2, -1], True), ([-1], True), ([1, 10], False):
    true, seen, messages = both(text.format(values=values))
    assert messages == ""
    assert (seen != true) == lost, "the else block runs now"
    assert not lost or (true, seen) == ("all small", "nothing found")
print("AS SEEN: continue in the last pass skips the else block")
PYTHON
