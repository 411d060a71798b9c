# Types of the compiled core; the same for every variant.

from typing import Any

import numpy as np
import numpy.typing as npt

variant: str
built_variants: tuple[str, ...]
supported_variants: tuple[str, ...]

def build_info_raw() -> dict[str, str]: ...
def set_threads(threads: int) -> None: ...
def threads() -> int: ...

class Team:
    def __init__(self) -> None: ...
    def stop(self) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...

def permutation(seed: int, n: int) -> npt.NDArray[np.uint32]: ...

# Networks on data

activation_names: list[str]

class Dataset:
    """Inputs, targets and weights, read where they lie."""

    def __init__(
        self,
        inputs: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        classes: int = 0,
        weights: npt.NDArray[np.float64] | None = None,
        rows: npt.NDArray[np.uint32] | None = None,
        input_scaling: npt.NDArray[np.float64] | None = None,
        target_scaling: npt.NDArray[np.float64] | None = None,
    ) -> None: ...

class _Network:
    def __init__(
        self,
        layer_sizes: list[int],
        activations: list[str],
        normalization: str = "",
        normalize_after: bool = False,
        epsilon: float = 0.0,
        momentum: float = 0.0,
        dropout: list[float] = ...,
        shortcuts: list[tuple[int, int]] = ...,
    ) -> None: ...
    @property
    def parameters(self) -> npt.NDArray[Any]: ...
    @property
    def statistics(self) -> npt.NDArray[Any]: ...
    def predict(
        self,
        inputs: npt.NDArray[Any],
        rows: npt.NDArray[np.uint32] | None = None,
        seed: int | None = None,
        mask: int = 0,
        scaling: npt.NDArray[np.float64] | None = None,
    ) -> npt.NDArray[Any]: ...
    def set_free(self, variables: list[int] | None) -> None: ...
    def begin_training(self) -> None: ...
    def end_training(self) -> None: ...

class NetworkF32(_Network): ...
class NetworkF64(_Network): ...

class _Evaluation:
    def __init__(
        self, network: _Network, data: Dataset, loss: Any, l2: float = 0.0, l1: float = 0.0
    ) -> None: ...
    def as_in_training(self) -> None: ...
    def drop(self, seed: int, iteration: int) -> None: ...
    def watch_flows(self) -> None: ...
    @property
    def flow_norms(self) -> list[float]: ...
    @property
    def weight_norms(self) -> list[float]: ...
    def value(self) -> float: ...
    def value_and_predictions(self) -> tuple[float, npt.NDArray[Any]]: ...
    def value_and_gradient(self) -> tuple[float, npt.NDArray[Any]]: ...

class EvaluationF32(_Evaluation): ...
class EvaluationF64(_Evaluation): ...

# Solvers

class Report:
    """What happened in one step; NaN stands for what a method does not have."""

    loss: float
    gradient_norm: float
    step_norm: float
    learning_rate: float
    clipped: float
    step_length: float
    damping: float
    attainable: float
    doubtful_gradient: bool
    positive_definite: bool | None
    n_value: int
    n_gradient: int
    n_hessian: int
    iterations: int
    status: str
    optimal: bool

class Reports:
    """The steps of a run."""

    def append(self, last: Report) -> None: ...
    def pop(self) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, i: int) -> Report: ...
    def column(self, name: str) -> list[Any]: ...

class Solver:
    """A state machine: an optimiser at work on an objective."""

    def step(self, last: bool = False) -> Report: ...
    @property
    def latest(self) -> Report: ...
    def steps(self, count: int) -> Reports: ...
    def export_state(self) -> dict[str, Any]: ...
    def import_state(self, state: dict[str, Any]) -> None: ...

class _Epoch(Solver):
    def __init__(
        self,
        network: _Network,
        data: Dataset,
        loss: Any,
        rule: str,
        settings: dict[str, float],
        weight_decay: float,
        batch_size: int,
        shuffle: bool,
        seed: int,
        l2: float,
        clip: str,
        clip_limit: float,
        gradient_norm: bool,
        can_undo: bool,
        l1: float = 0.0,
    ) -> None: ...
    @property
    def iterations_per_epoch(self) -> int: ...
    @property
    def updates(self) -> int: ...
    @property
    def loss_before(self) -> float: ...
    def set_learning_rates(self, rates: npt.NDArray[np.float64]) -> None: ...
    def undo(self, report: Report) -> Report: ...
    def rewind(self) -> None: ...
    def restore_best(self) -> None: ...
    def restore_first(self) -> None: ...
    def restore_previous(self) -> None: ...

class EpochF32(_Epoch): ...
class EpochF64(_Epoch): ...

# Rules on plain arrays

class RuleHandle:
    """An update rule at work on arrays of the caller's."""

    def __init__(
        self, rule: str, settings: dict[str, float], weight_decay: float, params: Any
    ) -> None: ...
    @property
    def iteration(self) -> int: ...
    def step(
        self,
        params: Any,
        grads: Any,
        learning_rate: float,
        check_finite: bool = True,
        loss: float = ...,
    ) -> None: ...
    def finalize(self, params: Any) -> None: ...
    def configure(self, rule: str, settings: dict[str, float], weight_decay: float) -> None: ...
    def export_state(self) -> dict[str, Any]: ...
    def import_state(self, state: dict[str, Any]) -> None: ...

def rule_states(rule: str, settings: dict[str, float]) -> int: ...
def clip(kind: str, limit: float, grads: Any) -> bool: ...

# Sums of squares

class Objective:
    """A function of n weights."""

    size: int

class TwiceDifferentiable(Objective):
    """With H and H v."""

class SumOfSquares(Objective):
    """½Σe², with its normal equations."""

class PythonNormalEquations(SumOfSquares):
    """A callable that returns (½Σe², Jᵀe, JᵀJ), and perhaps one for ½Σe² alone."""

    def __init__(
        self,
        fun: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        x0: Any,
        value: Any = None,
    ) -> None: ...
    def products(self, x: Any) -> Any: ...

class PythonResiduals(SumOfSquares):
    """A callable that returns residuals."""

    def __init__(
        self,
        fun: Any,
        jac: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        x0: Any,
        relative_step: Any,
        loss: str,
        f_scale: float,
        lower: Any,
        upper: Any,
    ) -> None: ...
    @property
    def n_residuals(self) -> int: ...
    not_finite: str
    n_differences: int
    n_jacobian: int
    noise: float
    jacobian_errors: npt.NDArray[np.float64]
    def residuals(self, x: Any) -> Any: ...
    def jacobian(self, x: Any) -> Any: ...

class LevenbergMarquardtSolver(Solver):
    """Levenberg-Marquardt with a damping rule, on any sum of squares."""

    def __init__(self, objective: Objective, w0: Any, **settings: Any) -> None: ...
    weights: Any
    gradient: Any
    def run(self) -> Report: ...
    # The constants of verdicts, for bench/ablation.py and the tests alone.
    def constants(self) -> dict[str, float]: ...
    def set_constant(self, name: str, value: float) -> None: ...
    def inactive(self) -> npt.NDArray[np.intp]: ...

class BayesianSolver(Solver):
    """Levenberg-Marquardt on a sum of squares with a penalty that follows from the data."""

    def __init__(
        self,
        data: Objective,
        w0: Any,
        groups: list[int],
        n_residuals: int,
        log_weights: float,
        tolerance: float,
        first_alpha: float,
        **settings: Any,
    ) -> None: ...
    def estimates(self) -> tuple[Any, float, Any, float]: ...

class VariableProjectionSolver(Solver):
    """Levenberg-Marquardt on the hidden weights of a network."""

    def __init__(self, objective: Objective, w0: Any, seed: int, **settings: Any) -> None: ...

def random_uniform(seed: int, part: int, rows: int, columns: int) -> npt.NDArray[np.float64]: ...
def random_normal(seed: int, part: int, rows: int, columns: int) -> npt.NDArray[np.float64]: ...
def random_orthonormal(
    seed: int, part: int, rows: int, columns: int
) -> npt.NDArray[np.float64]: ...

# Networks as objectives of the general solvers

class NetworkObjective(TwiceDifferentiable):
    """The loss of a network on data."""

    def __init__(self, network: Any, data: Any, loss: Any, l2: float) -> None: ...
    @property
    def has_hessian(self) -> bool: ...
    def value_and_gradient(self, w: Any) -> tuple[float, Any]: ...
    def hessian(self, w: Any) -> Any: ...
    def hessian_vector(self, w: Any, v: Any) -> Any: ...

class NetworkSquares(SumOfSquares):
    """A network on data as a sum of squares."""

    def __init__(self, network: Any, data: Any, l2: float) -> None: ...
    @property
    def scale(self) -> float: ...
    @property
    def n_residuals(self) -> int: ...
    @property
    def weighted_residuals(self) -> tuple[int, float]: ...
    @property
    def linear_from(self) -> int: ...
    def value(self, w: Any) -> float: ...
    def residuals_and_jacobian(self, w: Any) -> tuple[Any, Any]: ...
    def normal_equations(self, w: Any) -> tuple[float, Any, Any]: ...

class FreeObjective(TwiceDifferentiable):
    """The same as a function of the parameters that are free."""

    def __init__(self, whole: NetworkObjective, network: Any) -> None: ...

class FreeSquares(SumOfSquares):
    """The same as a function of the parameters that are free."""

    def __init__(self, whole: NetworkSquares, network: Any) -> None: ...

class OrthantLbfgsSolver(Solver):
    """L-BFGS for E + Σ λ|w|, orthant-wise."""

    def __init__(
        self,
        objective: Objective,
        w0: Any,
        lambda_: Any,
        memory: int,
        c1: float,
        gtol: float,
        xrtol: float,
        ftol: float,
    ) -> None: ...

class SeparableSquares(SumOfSquares):
    """The same as a function of the hidden weights, with the best output weights for each."""

    def __init__(self, network: Any, data: Any, l2: float) -> None: ...
    @property
    def scale(self) -> float: ...
    def solution(self, u: Any) -> tuple[float, Any]: ...
    def normal_equations(self, u: Any) -> tuple[float, Any, Any]: ...

def jacobian(network: Any, inputs: Any, scaling: Any = None) -> tuple[Any, Any]: ...

class NetworkSolver(Solver):
    """A general solver at work on a network."""

    def __init__(self, network: Any, solver: Solver, scale: float) -> None: ...
    @property
    def scale(self) -> float: ...
    @property
    def method(self) -> Any: ...
    def restore_best(self) -> None: ...
    def restore_first(self) -> None: ...

class LeastSquaresSolver(Solver):
    """Trust-region methods for sums of squares, by QR of the Jacobian."""

    weights: Any
    gradient: Any
    smallest_pivot: float
    jacobian_errors: npt.NDArray[np.float64]
    def run(self) -> Report: ...
    # The constants of verdicts, for bench/ablation.py and the tests alone.
    def constants(self) -> dict[str, float]: ...
    def set_constant(self, name: str, value: float) -> None: ...
    def inactive(self) -> npt.NDArray[np.intp]: ...
    def solution(self) -> tuple[Any, Any, Any, Any, float, int]: ...

class TrustRegionSolver(LeastSquaresSolver):
    """Moré's trust region."""

    def __init__(
        self,
        objective: Objective,
        w0: Any,
        ftol: float,
        xtol: float,
        gtol: float,
        max_evaluations: int,
        scale: Any,
        factor: float,
    ) -> None: ...

class BoundedLeastSquaresSolver(LeastSquaresSolver):
    """Levenberg-Marquardt within bounds."""

    def __init__(
        self,
        objective: Objective,
        w0: Any,
        ftol: float,
        xtol: float,
        gtol: float,
        max_evaluations: int,
        scale: Any,
        lower: Any,
        upper: Any,
    ) -> None: ...

# Minimisers of any function

class PythonObjective(TwiceDifferentiable):
    """A function of the caller's, with the derivatives that are given or differences."""

    def __init__(
        self,
        fun: Any,
        jac: Any,
        hess: Any,
        hessp: Any,
        args: tuple[Any, ...],
        x0: Any,
        steps: Any = ...,
        relative_steps: bool = True,
        lower: Any = ...,
        upper: Any = ...,
    ) -> None: ...
    @property
    def nfev(self) -> int: ...
    @property
    def njev(self) -> int: ...
    @property
    def nhev(self) -> int: ...
    @property
    def fault(self) -> str: ...
    def value_and_gradient(self, x: Any) -> tuple[float, npt.NDArray[np.float64]]: ...
    def differences_with_errors(
        self, x: Any, of_gradient: bool
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
    def given_hessian(self, x: Any) -> npt.NDArray[np.float64]: ...

class LineSearchSettings:
    def __init__(
        self,
        *,
        line_search: str = "wolfe",
        c1: float = 1e-4,
        c2: float = 0.9,
        fixed_length: float = ...,
        gtol: float = ...,
        xrtol: float = 0.0,
        ftol: float = 0.0,
    ) -> None: ...

class LineSearchSolver(Solver):
    """A method that searches along a line in each iteration."""

    def __init__(
        self,
        method: str,
        objective: Objective,
        w0: Any,
        settings: LineSearchSettings,
        own: dict[str, float],
    ) -> None: ...
    def set_norm(self, norm: float) -> None: ...
    # The constants of verdicts, for bench/ablation.py and the tests alone.
    def constants(self) -> dict[str, float]: ...
    def set_constant(self, name: str, value: float) -> None: ...
    def limit_search(self, evaluations: int) -> None: ...
    @property
    def weights(self) -> npt.NDArray[np.float64]: ...
    @property
    def gradient(self) -> npt.NDArray[np.float64]: ...
    @property
    def loss(self) -> float: ...

class NewtonSolver(LineSearchSolver):
    def __init__(self, objective: Objective, w0: Any, settings: LineSearchSettings) -> None: ...
    @property
    def positive_definite(self) -> bool: ...
    @property
    def hessian(self) -> npt.NDArray[np.float64]: ...

class QuasiNewtonSolver(LineSearchSolver):
    def __init__(
        self,
        objective: Objective,
        w0: Any,
        settings: LineSearchSettings,
        metric: str,
        scale_initial: bool,
    ) -> None: ...
    @property
    def inverse_hessian(self) -> npt.NDArray[np.float64]: ...
    @inverse_hessian.setter
    def inverse_hessian(self, v: Any) -> None: ...

class LbfgsSolver(LineSearchSolver):
    def __init__(
        self, objective: Objective, w0: Any, settings: LineSearchSettings, memory: int
    ) -> None: ...

class NewtonCgSolver(LineSearchSolver):
    def __init__(self, objective: Objective, w0: Any, settings: LineSearchSettings) -> None: ...

class ProjectedLbfgsSolver(LineSearchSolver):
    """L-BFGS within bounds."""

    def __init__(
        self,
        objective: Objective,
        w0: Any,
        lower: Any,
        upper: Any,
        c1: float,
        c2: float,
        gtol: float,
        xrtol: float,
        ftol: float,
        memory: int,
    ) -> None: ...
    def limit_search(self, evaluations: int) -> None: ...
    @property
    def weights(self) -> npt.NDArray[np.float64]: ...
    @property
    def gradient(self) -> npt.NDArray[np.float64]: ...
    @property
    def loss(self) -> float: ...

class DescentSolver(Solver):
    """A first-order rule on any objective."""

    def __init__(
        self,
        objective: Objective,
        w0: Any,
        rule: str,
        settings: dict[str, float],
        weight_decay: float,
        gtol: float,
    ) -> None: ...
    def set_learning_rates(self, rates: Any) -> None: ...
    def undo(self, last: Report) -> Report: ...
    @property
    def loss_before(self) -> float: ...
    @property
    def weights(self) -> npt.NDArray[np.float64]: ...
    @property
    def gradient(self) -> npt.NDArray[np.float64]: ...
    @property
    def loss(self) -> float: ...

class ManyFits:
    """Thousands of curve fits side by side."""

    def __init__(
        self,
        most: int,
        n_points: int,
        n_parameters: int,
        ftol: float,
        xtol: float,
        gtol: float,
        max_evaluations: int,
        lower: Any,
        upper: Any,
        loss: str,
        f_scale: float,
        built_in: bool,
    ) -> None: ...
    def start(self, x0: Any, y: Any, weights: Any) -> None: ...
    def wanting_values(self) -> tuple[Any, Any]: ...
    def wanting_jacobian(self, central: bool) -> tuple[Any, Any]: ...
    def ends(self, parameter: int, fits: int) -> tuple[Any, Any]: ...
    def take_values(self, f: Any, fits: int) -> None: ...
    def take_column(self, parameter: int, fits: int, plus: Any, minus: Any) -> None: ...
    def take_jacobian(self) -> None: ...
    def run(self, model: str, x: Any) -> None: ...
    def results(self) -> tuple[Any, ...]: ...

def curve_model(name: str, x: Any, p: Any) -> tuple[Any, Any]: ...
