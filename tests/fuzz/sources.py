"""Sound files of every kind that is read, made here; what needs a missing library is left out."""

import importlib.util
import json

import numpy as np

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))


def _fitted():
    net = fastopt.MLP(
        [3, 5, 4, 2],
        ["tanh", "softplus"],
        random_state=0,
        normalization="batch",
        scale_inputs="standard",
        scale_targets="minmax",
    )
    net.fit(X, 10 + X[:, :2], epochs=2, batch_size=10)
    return net


def _has(*libraries):
    return all(importlib.util.find_spec(library) for library in libraries)


def _safetensors(path):
    _fitted().save(path)
    return True


def _onnx(path):
    if _has("onnx"):
        net = fastopt.MLP([3, 5, 4, 2], ["softplus", "elu"], "softmax", residual="projection")
        net.to_onnx(path, dtype="float64")
    return path.exists()


def _onnx_of_layers(path):
    if _has("onnx"):
        net = fastopt.MLP([3, 5, 4, 2], "tanh", normalization="layer", scale_inputs="minmax")
        net.adapt(X).to_onnx(path)
    return path.exists()


def _text(path):
    net = fastopt.MLP([3, 5, 2], scale_inputs="minmax", scale_targets="standard", random_state=0)
    net.adapt(X, X[:, :2]).to_matlab(path)
    return True


def _mat(path, compress=False):
    if _has("scipy"):
        from exchange.test_matlab import Network, saved

        saved(Network(d=4, steps=("removeconstantrows", "mapminmax")), path, compress=compress)
    return path.exists()


def _keras(path):
    if _has("h5py"):
        from exchange.test_keras import written

        written(path)
    return path.exists()


def _legacy(path):
    """As Keras 2 lays it out."""
    if not _has("h5py"):
        return False
    import h5py

    layers = []
    with h5py.File(path, "w") as file:
        for name, shape in (("one", (3, 4)), ("two", (4, 2))):
            activation = "tanh" if name == "one" else "linear"
            layers.append(
                {"class_name": "Dense", "config": {"name": name, "activation": activation}}
            )
            group = file.create_group(f"model_weights/{name}")
            group.attrs["weight_names"] = [f"{name}/kernel:0", f"{name}/bias:0"]
            group[f"{name}/kernel:0"] = RNG.normal(size=shape).astype("f4")
            group[f"{name}/bias:0"] = np.zeros(shape[1], "f4")
        config = {"class_name": "Sequential", "config": {"layers": layers}}
        file.attrs["model_config"] = json.dumps(config)
    return True


SOURCES = {
    "net.safetensors": (_safetensors, fastopt.load),
    "plain.onnx": (_onnx, fastopt.from_onnx),
    "layers.onnx": (_onnx_of_layers, fastopt.from_onnx),
    "net.m": (_text, fastopt.from_matlab),
    "net.mat": (_mat, fastopt.from_matlab),
    "small.mat": (lambda path: _mat(path, compress=True), fastopt.from_matlab),
    "net.keras": (_keras, fastopt.from_keras),
    "net.h5": (_legacy, fastopt.from_keras),
}
