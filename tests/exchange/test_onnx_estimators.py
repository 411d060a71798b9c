"""Estimators as ONNX models: labels and probabilities are plain tensors, equal to predict."""

import numpy as np
import pytest

import fastopt
from onnx_cases import opsets

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
# The last column is far from zero: in single precision it needs the scaling in double.
X = RNG.normal(size=(60, 4)) + [0, 5, 0, 1e3]
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0}
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}

TARGETS = {
    "numbers": THREE,
    "two": THREE > 1,
    "texts": np.array(["ant", "bee", "cat"])[THREE],
    "objects": np.array(["ant", "bee", "cat"], dtype=object)[np.minimum(THREE, 1)],
    "floats": THREE * 2.0,
    "small": THREE.astype(np.int8),
    "one": np.zeros(60, dtype=int),
    "labels": np.column_stack([THREE > 0, X[:, 1] > 5, THREE > 1]).astype(int),
}


def run(model, X):
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    given = session.get_inputs()[0].name
    return dict(zip(names, session.run(None, {given: X}), strict=True))


def compare(estimator, found, X, dtype):
    """What the file computes, and what the estimator does."""
    probabilities = estimator.predict_proba(X)
    assert found["probabilities"].dtype == dtype
    assert found["probabilities"].shape == probabilities.shape
    np.testing.assert_allclose(found["probabilities"], probabilities, rtol=0, atol=TOLERANCE[dtype])
    labels = estimator.predict(X)
    assert found["label"].shape == labels.shape
    assert (found["label"] == labels).all()


@pytest.mark.parametrize("opset", opsets(13, 17, 18, 20, 22))
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", TARGETS)
def test_classifiers(kind, dtype, opset, tmp_path):
    estimator = fastopt.MLPClassifier(**SMALL).fit(X, TARGETS[kind])
    path = tmp_path / "net.onnx"
    estimator.to_onnx(path, opset, dtype, verify=X)
    compare(estimator, run(path, X.astype(dtype)), X.astype(dtype), dtype)
    # Its probabilities come back, of two classes that of the second.
    net = fastopt.from_onnx(path) if kind != "one" else estimator.network_
    expected = estimator.network_.predict(X).reshape(60, -1)
    np.testing.assert_allclose(net.predict(X).reshape(60, -1), expected, atol=2e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("y", [1e4 + X[:, 0], 1e4 + X[:, :2]], ids=np.shape)
def test_regressors(y, dtype, tmp_path):
    estimator = fastopt.MLPRegressor(**SMALL).fit(X, y)
    estimator.to_onnx(tmp_path / "net.onnx", dtype=dtype, verify=True)
    found = run(tmp_path / "net.onnx", X.astype(dtype))["y"]
    expected = estimator.predict(X.astype(dtype)).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype])


def test_wrong_labels_are_not_written(tmp_path, monkeypatch):
    from fastopt.exchange import onnx_out

    estimator = fastopt.MLPClassifier(**SMALL).fit(X, THREE)
    monkeypatch.setattr(onnx_out, "_named", lambda probabilities, labels: np.full(60, 3))
    with pytest.raises(ValueError, match=r"other labels .* nothing was written"):
        estimator.to_onnx(tmp_path / "net.onnx", verify=X)
    assert not any(tmp_path.iterdir())


def test_what_is_not_fitted(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        fastopt.MLPClassifier().to_onnx(tmp_path / "net.onnx")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", TARGETS)
def test_skl2onnx_converts_them(kind, dtype, tmp_path):
    converter = pytest.importorskip("skl2onnx")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    estimator = fastopt.MLPClassifier(**SMALL)
    pipeline = make_pipeline(StandardScaler(), estimator).fit(X, TARGETS[kind])
    data = converter.to_onnx(pipeline, X[:1].astype(dtype)).SerializeToString()
    found = run(data, X.astype(dtype))
    # In single precision the scaler has lost digits of the column near 1000.
    np.testing.assert_allclose(
        found["probabilities"],
        pipeline.predict_proba(X.astype(dtype)),
        rtol=0,
        atol=1e-3 if dtype == "float32" else 1e-12,
    )
    assert np.mean(found["label"] == pipeline.predict(X)) > 0.95


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_skl2onnx_converts_regressors(dtype):
    converter = pytest.importorskip("skl2onnx")
    estimator = fastopt.MLPRegressor(**SMALL).fit(X, 10 + X[:, :2])
    data = converter.to_onnx(estimator, X[:1].astype(dtype)).SerializeToString()
    (found,) = run(data, X.astype(dtype)).values()
    np.testing.assert_allclose(found, estimator.predict(X.astype(dtype)), rtol=TOLERANCE[dtype])
