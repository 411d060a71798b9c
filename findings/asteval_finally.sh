#!/usr/bin/env bash
# asteval: the finally block is skipped after break, continue, return and an error that is handled further out.
#
# Versions: asteval 1.0.10.
# Expected: the documentation lists try-except-finally blocks as supported; a finally block runs however its try block
#   is left. After a plain end it does.
# Seen: after break, continue and return inside try, and after an error that an outer try handles, the block is left out
#   without a message.
# Matters: finally restores settings and counters in user-written model functions; they stay changed.
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


loop = """r = []
for i in range(3):
    try:
        r.append(i)
        {leave}
    finally:
        r.append("finally")
"""
function = """def f():
    try:
        return 1
    finally:
        r.append("finally")

r = []
r.append(f())
"""
nested = """r = []
try:
    try:
        1 / 0
    finally:
        r.append("finally")
except ZeroDivisionError:
    r.append("handled")
"""
loops = [loop.format(leave=word) for word in ("pass", "break", "continue")]
for text in (*loops, function, nested):
    true, seen, messages = both(text)
    assert "finally" in true and messages == ""
    if "pass" in text:
        assert seen == true
    else:
        assert seen == [item for item in true if item != "finally"], "the finally block runs now"
print("AS SEEN: finally is skipped")
PYTHON
