"""Make the golden values again: python make_golden.py [optimizers] [networks]

Needs torch==2.13.0 and keras==3.15.1 with its PyTorch backend. All in double precision: torch's
default dtype and Keras' floatx are set to float64, or both keep some numbers in float32.
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import make_networks
import make_optimizers
import numpy as np
import torch

SETS = {
    "optimizers": make_optimizers.make,
    "networks": make_networks.make,
}


def main(names):
    torch.set_default_dtype(torch.float64)
    keras.config.set_floatx("float64")
    versions = {"torch": torch.__version__, "keras": keras.__version__, "numpy": np.__version__}
    for name in names or SETS:
        cases, arrays = SETS[name]()
        file = Path(__file__).parent / name
        text = json.dumps({"versions": versions, "cases": cases}, indent=1, ensure_ascii=False)
        file.with_suffix(".json").write_text(text + "\n")
        np.savez_compressed(file.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
