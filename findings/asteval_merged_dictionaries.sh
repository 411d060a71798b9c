#!/usr/bin/env bash
# asteval: a dictionary that is unpacked into another becomes one entry under the key None.
#
# Versions: asteval 1.0.10.
# Expected: {**a, "q": 2} has the entries of a and q; syntax that asteval lacks is refused, as [*a] is.
# Seen: the result is {None: a, "q": 2}, without a message; of two unpacked dictionaries only the last is left.
# Matters: options and start values are merged this way; lookups then fail, or get() silently takes its default.
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


for text, value in (
    ("a = dict(p=1)\nr = {**a, 'q': 2}", {None: {"p": 1}, "q": 2}),
    ("a = dict(p=1)\nb = dict(q=2)\nr = {**a, **b}", {None: {"q": 2}}),
    ("a = dict(p=1)\nr = {**a, 'q': 2}.get('p', 0)", 0),
):
    true, seen, messages = both(text)
    assert true in ({"p": 1, "q": 2}, 1) and messages == ""
    assert seen == value, "dictionaries are unpacked now"
true, seen, messages = both("a = [1]\nr = [*a, 2]")
assert true == [1, 2] and seen is None and messages, "lists are unpacked now"
print("AS SEEN: the unpacked dictionary is an entry")
PYTHON
