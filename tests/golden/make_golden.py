"""Make the golden values again: python make_golden.py [optimizers|schedules|networks|deep]

Needs torch==2.13.0, keras==3.15.1, tensorflow-cpu==2.21.0, optax==0.2.8 and jax==0.10.2. All is
in double precision: torch's default dtype and Keras' floatx are set to float64, or both keep some
numbers in float32. Keras needs two backends as well: on PyTorch it computes batch normalisation in
float32 whatever the dtype of the layer, and on TensorFlow it rounds the optimisers' β and η to
float32.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

# For the transcription of fastopt's masks.
sys.path.append(str(Path(__file__).parents[1]))
KERAS_BACKEND = {
    "losses": "torch",
    "optimizers": "torch",
    "schedules": "torch",
    "networks": "torch",
    "deep": "tensorflow",
}


def make(name):
    os.environ["KERAS_BACKEND"] = KERAS_BACKEND[name]
    import keras
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    keras.config.set_floatx("float64")
    cases, arrays = importlib.import_module(f"make_{name}").make()

    packages = ("torch", "keras", "numpy", "optax", "jax")
    used = [sys.modules[package] for package in packages if package in sys.modules]
    versions = {package.__name__: package.__version__ for package in used}
    text = json.dumps({"versions": versions, "cases": cases}, indent=1, ensure_ascii=False)
    file = Path(__file__).parent / name
    file.with_suffix(".json").write_text(text + "\n")
    np.savez_compressed(file.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        make(sys.argv[1])
    else:
        # A process each, for Keras keeps the backend that it was imported with.
        for name in KERAS_BACKEND:
            subprocess.run([sys.executable, __file__, name], check=True)
