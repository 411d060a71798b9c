"""A search by Optuna that gives up on trainings which lag behind.

    pip install optuna scikit-learn
    python examples/pruning.py [TRIALS]

Each trial trains scikit-learn's diabetes data with a width, a rate and an alpha of Optuna's choice.
A callback reports the validation loss of each epoch, and ends a trial that is worse than the median
of those before it at the same epoch.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import optuna
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

import fastopt

EPOCHS = 60


class Pruning(fastopt.Callback):
    """Reports each epoch to a trial, and ends the training where Optuna prunes the trial."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Report the validation loss."""
        self.trial.report(logs["val_loss"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def objective(trial: optuna.Trial) -> float:
    """Return the least validation loss: ½ of squared errors, in units of the variance."""
    X, y = load_diabetes(return_X_y=True)
    model = fastopt.MLPRegressor(
        hidden_layer_sizes=(trial.suggest_int("units", 2, 32, log=True),),
        learning_rate_init=trial.suggest_float("rate", 1e-4, 1e-1, log=True),
        alpha=trial.suggest_float("alpha", 1e-5, 1.0, log=True),
        max_iter=EPOCHS,
        early_stopping=True,
        n_iter_no_change=EPOCHS,
        callbacks=[Pruning(trial)],
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is our choice
        model.fit(X, y)
    return min(model.validation_loss_curve_)


def search(trials: int) -> optuna.Study:
    """Return a finished study."""
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=5),
    )
    study.optimize(objective, n_trials=trials)
    return study


def main(trials: int = 30) -> None:
    """Search, and print what was found."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = search(trials)
    states = [trial.state for trial in study.trials]
    pruned = states.count(optuna.trial.TrialState.PRUNED)
    print(f"{trials} trials, {pruned} of them given up early")
    print(f"validation loss {study.best_value:.3f} with {study.best_params}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
