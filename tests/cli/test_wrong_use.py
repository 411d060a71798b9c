"""What is wrong is told in a line or two, with the cure, and by the exit code."""

import pytest

ROWS = "a,b,y\n1,u,1.5\n2,v,2.5\n3,u,3.25\n4,v,4\n5,u,5\n6,v,6\n"


@pytest.fixture
def files(folder):
    for name, text in {
        "good.csv": ROWS,
        "empty.csv": "",
        "names.csv": "a,y\n",
        "one.csv": "a,y\n1,2\n",
        "text.csv": "a,y\n1,2\nx,3\n3,4\n4,5\n",
        "missing.csv": "a,y\n1,2\n,3\n3,4\n4,5\n",
        "no_target.csv": "a,y\n1,2\n2,\n3,4\n4,5\n",
        "constant.csv": "a,y\n1,2\n2,2\n3,2\n4,2\n",
        "dates.csv": "d,y\n2020-01-01,2.5\n2020-01-02,3\n2020-01-03,4\n",
        "german.csv": "d,y\n1.5.2020,2.5\n2.5.2020,3\n13.5.2020,4\n",
        "numbers.csv": "1,2\n2,2\n3,2\n",
        "twice.csv": "a,a,y\n1,2,3\n2,3,4\n",
        "longer.csv": "a,y\n1,2,3\n2,2,4\n",
        "comma.csv": "a;y\n1,5;2\n2,5;3\n3,5;4\n",
        "infinite.csv": "a,y\n1,2\ninf,3\n3,4\n4,5\n",
        "names_of_rows.csv": "a,y\n" + "".join(f"row {i},{i / 7}\n" for i in range(99)),
        "index.csv": ",a,y\n0,1,2.5\n1,2,3\n2,3,4\n3,4,5\n",
        "data.json": "{}",
        "typo.toml": '[data]\npath = "good.csv"\ntarget = "y"\n[training]\nepoch = 3\n',
        "section.toml": "[netwrk]\nhidden = [3]\n",
        "wrong.toml": "[data\n",
        "callback.toml": (
            '[data]\npath = "good.csv"\ntarget = "y"\n[[callbacks]]\nname = "EarlyStoping"\n'
        ),
        "lacking.toml": (
            '[data]\npath = "good.csv"\ntarget = "y"\n'
            '[optimizer]\nname = "adam"\n[optimizer.learning_rate]\nname = "CosineDecay"\n'
        ),
        "setting.toml": (
            '[data]\npath = "good.csv"\ntarget = "y"\n'
            '[[callbacks]]\nname = "EarlyStopping"\npatiense = 3\n'
        ),
    }.items():
        (folder / name).write_text(text)
    (folder / "noise.csv").write_bytes(bytes(range(128, 256)))
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("nothing.csv -t y", 2, "no file 'nothing.csv'"),
        (". -t y", 2, "is a folder"),
        ("data.json -t y", 2, r"must end in \.csv"),
        ("good.csv", 2, "--target y"),
        ("", 2, "fastopt train data.csv"),
        ("good.csv -t z", 2, "target 'z' is not known: there are 'a', 'b', 'y'"),
        ("good.csv -t y --ignore bb", 2, r"\(--ignore\) 'bb' is not known: did you mean 'b'"),
        ("good.csv -t y --inputs y", 2, "as a target and as an input"),
        ("good.csv -t y --inputs A", 2, "did you mean 'a'"),
        ("good.csv -t y,b", 2, "'b' holds classes, and there are 2 targets"),
        ("good.csv -t y --hidden 0", 2, "widths >= 1 .* got '0'; --hidden none"),
        ("good.csv -t y --hidden 3,x", 2, "got '3,x'"),
        ("good.csv -t y --hiden 3", 2, "No such option: --hiden .*--hidden"),
        ("good.csv -t y --epochs x", 2, "--epochs"),
        ("good.csv -t y --epochs=-3", 2, r"epochs must be an integer in \[0, inf\), got -3"),
        ("good.csv -t y --optimizer adm", 2, "'adm' is not known: did you mean 'adam'"),
        ("good.csv -t y --optimizer lm --learning-rate 1", 2, "no setting 'learning_rate'; .*damp"),
        ("good.csv -t y --learning-rate=-1", 2, "learning_rate"),
        ("good.csv -t y --activation thanh", 2, "did you mean 'tanh'"),
        ("good.csv -t y --batch-size 0", 2, "batch_size"),
        ("good.csv -t y --batch-size some", 2, "a number of rows or all"),
        ("good.csv -t y --loss foo", 2, "loss must be one of 'mse'"),
        ("good.csv -t y --task guess", 2, "task must be one of 'auto'"),
        ("good.csv -t y --validation 1", 2, r"validation must be .*\[0, 1\)"),
        ("good.csv -t y --validation 0.6 --test 0.5", 2, "leave no rows for training"),
        ("good.csv -t y --restarts 0", 2, "restarts"),
        ("good.csv -t y --seed=-1", 2, "seed"),
        ("good.csv -t y --decimal ;", 2, "decimal"),
        ("good.csv -t y --separator ab", 2, "one character"),
        ("good.csv -t y --out .", 2, "--out . is a folder"),
        ("good.csv -t y --out no/m.st", 2, "there is no folder"),
        ("good.csv -t y --out good.csv", 2, "--out good.csv is what is read"),
        ("good.csv -t y --log ./good.csv", 2, "--log good.csv is what is read"),
        ("good.csv -t y --report good.csv", 2, "--report good.csv is what is read"),
        ("good.csv -t y --log .", 2, "--log . is a folder"),
        ("good.csv -t y --resume", 1, "nothing to resume: model.checkpoint.safetensors"),
        ("good.csv -t y --resume --restarts 2", 2, "--resume goes on with one training"),
        ("good.csv -t y --set network.dropot=1", 2, "did you mean 'dropout'"),
        ("good.csv -t y --set foo=1", 2, "section.key=value"),
        ("good.csv -t y --set fo.o=1", 2, "fo is not known"),
        ("good.csv -t y --set network.dropout=2", 2, "dropout must be"),
        ("empty.csv -t y", 1, "is empty"),
        ("names.csv -t y", 1, "no rows"),
        ("one.csv -t y", 1, "has 1 row: training needs 2"),
        ("text.csv -t y", 1, "'a' holds the text 'x' in row 2 among numbers.*--categorical a"),
        ("missing.csv -t y", 1, "'a' is missing in row 2 .*--impute"),
        ("no_target.csv -t y --impute", 1, "'y' is missing in row 2 .*take the row out"),
        ("constant.csv -t y", 1, "'y' is 2 in every row"),
        ("dates.csv -t y", 1, "'d' holds dates .*--ignore d"),
        ("german.csv -t y", 1, "'d' holds dates .*--ignore d"),
        ("numbers.csv -t 2", 1, "--no-header"),
        ("twice.csv -t y", 1, "two columns named 'a'"),
        ("longer.csv -t y", 1, "more fields than the first line has names"),
        ("comma.csv -t y", 1, "--decimal ,"),
        ("infinite.csv -t y", 1, "'a' holds inf in row 2"),
        ("names_of_rows.csv -t y", 1, "99 different texts .*--ignore a"),
        ("index.csv -t y", 1, "column 1 has no name.*--ignore 'Unnamed: 0'"),
        ("noise.csv -t y", 1, "no text in UTF-8"),
        ("nothing.toml", 2, "fastopt init"),
        ("wrong.toml", 1, "is no TOML"),
        ("typo.toml", 2, r"\[training\] epoch is not known: did you mean 'epochs'"),
        ("section.toml", 2, r"\[netwrk\] is not known: did you mean 'network'"),
        ("callback.toml", 2, "callback 'EarlyStoping' is not known: did you mean 'EarlyStopping'"),
        ("lacking.toml", 2, "schedule 'CosineDecay' needs initial and steps"),
        ("setting.toml", 2, "no setting 'patiense'; did you mean 'patience'"),
    ],
)
def test_train(files, call, arguments, code, said):
    found, out, err = call("train", *arguments.split())
    assert_told(err, said)
    assert (found, out) == (code, "")
    assert not (files / "model.safetensors").exists()


def test_a_column_without_a_name_is_used_where_it_is_asked_for(files, call):
    arguments = ("train", "index.csv", "-t", "y", "--epochs", 1, "--no-checkpoint")
    assert call(*arguments, "--ignore", "Unnamed: 0")[0] == 0
    assert call(*arguments, "--inputs", "Unnamed: 0,a")[0] == 0
    assert call("predict", "model.safetensors", "index.csv")[0] == 0


def assert_told(err, said):
    """One or two lines: the name of the program, what is wrong, and the cure."""
    import re

    assert err.startswith("fastopt: ")
    assert err.count("\n") <= 2
    assert re.search(said, err), err


def test_divergence_is_told_with_a_cure(table, call):
    options = ("--optimizer", "sgd", "--learning-rate", 1e6, "--set", "network.scale_targets=none")
    code, _, err = call("train", "data.csv", "-t", "price", *options)
    assert code == 1
    assert "diverged" in err.splitlines()[-1]
    assert "--learning-rate" in err.splitlines()[-1]


def test_use_of_models(files, call):
    assert call("train", "good.csv", "-t", "y", "-q", "--epochs", 2)[0] == 0
    (files / "short.csv").write_text("a\n1\n")
    (files / "other.csv").write_text("a,b\n1,w\n")
    (files / "letters.csv").write_text("a,b\nx,u\n")
    (files / "net.m").write_text("function y = net(x)\n")
    (files / "comma.csv").write_text("a;b\n1,5;u\n")
    semicolon = ("--separator", ";")
    before = {path: path.read_bytes() for path in files.iterdir()}
    model = "model.safetensors"
    for arguments, code, said in [
        (("predict", "no.st", "good.csv"), 2, "no file 'no.st'"),
        (("predict", ".", "good.csv"), 2, "is a folder"),
        (("predict", "good.csv", "good.csv"), 1, "is no model of fastopt's"),
        (("predict", model), 2, "Missing argument"),
        (("predict", model, "no.csv"), 2, "no file 'no.csv'"),
        (("predict", model, "short.csv"), 1, "no column 'b', the model's input"),
        (("predict", model, "other.csv"), 1, "category 'w' in row 1.*'u', 'v'; --unknown zero"),
        (("predict", model, "other.csv", "--unknown", "x"), 2, "error or zero"),
        (("predict", model, "letters.csv"), 1, "'a' must hold numbers, and row 1 has 'x'"),
        (("predict", model, "good.csv", "--probabilities"), 2, "are of classes"),
        (("predict", model, "good.csv", "--out", "."), 2, "is a folder"),
        (("predict", model, "good.csv", "-o", "p.xlsx"), 2, r"\.xlsx is another kind"),
        (("predict", model, "good.csv", "-o", "good.csv"), 2, "what is read, and would be"),
        (("predict", model, "good.csv", "-o", model), 2, "what is read, and would be"),
        (("predict", model, "comma.csv", *semicolon), 1, "'1,5' .*: give --decimal ,"),
        (("evaluate", model, "other.csv"), 1, "category 'w'"),
        (("evaluate", model, "short.csv"), 1, "no column 'b'"),
        (("evaluate", model, "good.csv", "--metrics", "rsme"), 2, "did you mean 'rmse'"),
        (("evaluate", model, "good.csv", "--part", "test"), 2, "no rows were held out"),
        (("evaluate", model, "good.csv", "--part", "some"), 2, "training, validation or test"),
        (("export", model), 2, "--onnx net.onnx"),
        (("export", model, "--c", "."), 2, "is a folder"),
        (("export", model, "--c", model), 2, "what is read, and would be"),
        (("import", "net.m", "--out", "net.m"), 2, "what is read, and would be"),
        (("export", model, "--matlab", "1.m"), 1, "1"),
        (("import", "no.onnx"), 2, "no file"),
        (("import", "good.csv"), 2, "of no kind that is read: .onnx"),
        (("info", "good.csv"), 1, "no model"),
        (("nonsense",), 2, "No such command 'nonsense'"),
        (("init", "typo.toml"), 1, "there already: --force"),
    ]:
        found, out, err = call(*arguments)
        assert (found, out) == (code, ""), (arguments, err)
        assert_told(err, said)
    assert {path: path.read_bytes() for path in files.iterdir()} == before
    assert call("predict", model, "other.csv", "--unknown", "zero")[0] == 0


def test_help_is_no_error(call):
    code, out, _ = call("train", "--help")
    assert code == 0
    assert "--optimizer" in out
    assert call("--version")[0] == 0


def test_a_damaged_preprocessing_is_refused(files, call):
    import fastopt
    from fastopt.cli.data.preprocessing import KEY

    call("train", "good.csv", "-t", "y", "-q", "--epochs", 2)
    net = fastopt.load("model.safetensors")
    told = net.metadata[KEY]
    for wrong in (
        {**told, "inputs": told["inputs"][:1]},
        {**told, "targets": []},
        {**told, "format": 2},
        {"format": 1},
        [],
        {**told, "inputs": [{**told["inputs"][0], "kind": "date"}, *told["inputs"][1:]]},
        {**told, "inputs": [told["inputs"][0], {**told["inputs"][1], "fill": "no"}]},
    ):
        net.metadata = {KEY: wrong}
        net.save("damaged.safetensors")
        code, _, err = call("predict", "damaged.safetensors", "good.csv")
        assert code == 1
        assert_told(err, "damaged where its columns are told")
