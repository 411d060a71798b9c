#!/usr/bin/env bash
# asteval: x += y makes a new object where Python changes x in place.
#
# Versions: asteval 1.0.10.
# Expected: +=, *= and the like change lists and arrays in place, so that a function can fill the list it is given and
#   two names of one list stay one list; x.append(y) does so in asteval too.
# Seen: x += y is run as x = x + y: the caller's list and the second name keep the old value, without a message.
# Matters: accumulators and arrays that a user-written function updates by += stay as they were.
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


argument = """def f(x):
    x {change}

r = [1]
f(r)
"""
alias = "r = [1]\nx = r\nx {change}\n"
entry = "d = dict(k=[1])\nr = d['k']\nd['k'] {change}\n"
for text in (argument, alias):
    true, seen, messages = both(text.format(change="").replace("x \n", "x.append(2)\n"))
    assert true == seen == [1, 2] and messages == ""
for text in (argument, alias, entry):
    for change, value in (("+= [2]", [1, 2]), ("*= 2", [1, 1])):
        true, seen, messages = both(text.format(change=change))
        assert true == value and messages == ""
        assert seen == [1], "the list is changed in place now"
print("AS SEEN: += and *= make new lists")
PYTHON
