import pytest

optuna = pytest.importorskip("optuna")
example = pytest.importorskip("pruning", exc_type=ImportError)


def test_a_search_gives_up_on_trainings_that_lag_behind():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = example.search(20)
    states = [trial.state for trial in study.trials]
    assert set(states) == {optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED}
    whole = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert all(len(t.intermediate_values) == example.EPOCHS for t in whole)
    early = [t for t in study.trials if t.state == optuna.trial.TrialState.PRUNED]
    assert all(len(t.intermediate_values) < example.EPOCHS for t in early)
    # A callback sees the mean of squared errors, the estimator counts half of it.
    least = min(min(t.intermediate_values.values()) for t in whole)
    assert study.best_value == pytest.approx(least / 2)
    assert study.best_value < 0.35  # 0.5 is that of the mean
