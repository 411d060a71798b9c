"""Runs that are killed (``kill -9``) at random moments and started again: ``python -m torture.kills
[KILLS [FIRST SEED]]`` in ``tests``.

There never is a checkpoint that cannot be read, and the end has always the same bits.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fastopt
from fastopt.optimizers import registry

METHODS = tuple(registry)
EPOCHS = 100
KILLS_OF_A_RUN = 5

# A checkpoint of each epoch; stopping early and lowering the rate never, but what they count is in
# it. What a callback does to the weights shows whether something of an epoch is made twice.
RUN = """
import sys
from pathlib import Path
import numpy as np
import fastopt

path, optimizer, epochs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
Y = np.sin(X[:, 0]) * X[:, 1]
net = fastopt.MLP([4, 10, 1], random_state=1, scale_inputs="standard")

class Shrink(fastopt.Callback):
    def on_epoch_end(self, epoch, logs):
        self.run.weights *= 0.9999

callbacks = [Shrink(), fastopt.ModelCheckpoint(path), fastopt.EarlyStopping(patience=10**6)]
settings = {"resume_from": path} if path.exists() else {}
settings |= {"epochs": epochs, "validation_split": 0.2, "callbacks": callbacks}
print("begun", flush=True)
history = net.fit(X, Y, optimizer, **settings)
print(history.stop_reason, len(history), net.parameters.tobytes().hex())
"""


def start(path, method):
    command = [sys.executable, "-c", RUN, str(path), method, str(EPOCHS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def end_of(path, method):
    """Let a run come to its end; return what it prints of it, and how long the training took."""
    process = start(path, method)
    process.stdout.readline()
    began = time.perf_counter()
    text, _ = process.communicate(timeout=300)
    return text, time.perf_counter() - began


def kill_at_random(path, method, rng, longest):
    """Start a run, kill it after at most so many seconds, and read what it left."""
    process = start(path, method)
    process.stdout.readline()
    time.sleep(rng.uniform(0, longest))
    process.kill()
    process.wait()
    process.stdout.close()
    return len(fastopt.load(path).history_) if path.exists() else 0


def run_kills(method, seed, kills=KILLS_OF_A_RUN):
    """Kill one run so many times; return after how many epochs, and raise where it fails."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        expected, seconds = end_of(whole, method)
        longest = 2 * seconds / (kills + 1)  # so that the last kill, too, falls into the training
        epochs = [kill_at_random(killed, method, rng, longest) for _ in range(kills)]
        found, _ = end_of(killed, method)
        assert expected.count("\n") == 1, expected
        assert found == expected, f"{method}, seed {seed}: other bits after kills at {epochs}"
        assert epochs == sorted(epochs), f"{method}, seed {seed}: {epochs} went back"
        left = sorted(os.listdir(folder))
        assert left == ["killed", "whole"], f"{method}, seed {seed}: {left} are left"
    return epochs


def main(kills, first):
    print(f"{kills} kills from seed {first}", flush=True)
    for i in range(-(-kills // KILLS_OF_A_RUN)):
        method = METHODS[i % len(METHODS)]
        epochs = run_kills(method, first + i)
        print(f"  {method:16} killed after {', '.join(map(str, epochs))} epochs", flush=True)
    print("no file was damaged, and all ended with the bits of whole runs")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000_000,
    )
