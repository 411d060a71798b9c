"""The compiled core: chooses the variant for this processor once and names what it offers.

The extension is built for several levels of instruction sets. The environment variable
``FASTOPT_SIMD`` (``base``, ``v3`` or ``v4``) overrides the choice.
"""

import os
from importlib import import_module
from importlib.util import find_spec

from ._cpu import supported_variants as _find_supported_variants

_ALL_VARIANTS = ("base", "v3", "v4")

supported_variants: tuple[str, ...] = tuple(_find_supported_variants())
built_variants: tuple[str, ...] = tuple(
    name for name in _ALL_VARIANTS if find_spec(f"{__name__}._{name}") is not None
)


def _choose_variant(wanted: str | None) -> str:
    """Return the wanted variant, or the fastest one where none is asked for."""
    if not wanted:
        usable = [name for name in built_variants if name in supported_variants]
        if not usable:
            raise ImportError(
                "fastopt has no compiled variant for this processor: "
                f"built {built_variants}, supported here {supported_variants}"
            )
        return usable[-1]
    if wanted not in _ALL_VARIANTS:
        raise ValueError(f"FASTOPT_SIMD={wanted!r} is not one of {', '.join(_ALL_VARIANTS)}")
    if wanted not in built_variants:
        raise ImportError(
            f"FASTOPT_SIMD={wanted!r}: this variant was not built (built: "
            f"{', '.join(built_variants)})"
        )
    if wanted not in supported_variants:
        raise ImportError(
            f"FASTOPT_SIMD={wanted!r}: this processor does not support it (supported: "
            f"{', '.join(supported_variants)})"
        )
    return wanted


variant: str = _choose_variant(os.environ.get("FASTOPT_SIMD"))
_native = import_module(f"{__name__}._{variant}")

build_info_raw = _native.build_info_raw
permutation = _native.permutation
set_threads = _native.set_threads
threads = _native.threads
activation_names: tuple[str, ...] = tuple(_native.activation_names)
Dataset = _native.Dataset
NetworkF32 = _native.NetworkF32
NetworkF64 = _native.NetworkF64
NetworkObjective = _native.NetworkObjective
NetworkSolver = _native.NetworkSolver
NetworkSquares = _native.NetworkSquares
jacobian = _native.jacobian
EpochF32 = _native.EpochF32
EpochF64 = _native.EpochF64
EvaluationF32 = _native.EvaluationF32
EvaluationF64 = _native.EvaluationF64
BoundedLeastSquaresSolver = _native.BoundedLeastSquaresSolver
LevenbergMarquardtSolver = _native.LevenbergMarquardtSolver
TrustRegionSolver = _native.TrustRegionSolver
PythonNormalEquations = _native.PythonNormalEquations
PythonResiduals = _native.PythonResiduals
RuleHandle = _native.RuleHandle
clip = _native.clip
random_normal = _native.random_normal
random_orthonormal = _native.random_orthonormal
random_uniform = _native.random_uniform
LbfgsSolver = _native.LbfgsSolver
LineSearchSettings = _native.LineSearchSettings
NewtonSolver = _native.NewtonSolver
PythonObjective = _native.PythonObjective
QuasiNewtonSolver = _native.QuasiNewtonSolver
SteepestDescentSolver = _native.SteepestDescentSolver
LineSearchSolver = _native.LineSearchSolver
Objective = _native.Objective
Reports = _native.Reports
DescentSolver = _native.DescentSolver
NewtonCgSolver = _native.NewtonCgSolver
ProjectedLbfgsSolver = _native.ProjectedLbfgsSolver

__all__ = [
    "BoundedLeastSquaresSolver",
    "Dataset",
    "DescentSolver",
    "EpochF32",
    "EpochF64",
    "EvaluationF32",
    "EvaluationF64",
    "LbfgsSolver",
    "LevenbergMarquardtSolver",
    "LineSearchSettings",
    "LineSearchSolver",
    "NetworkF32",
    "NetworkF64",
    "NetworkObjective",
    "NetworkSolver",
    "NetworkSquares",
    "NewtonCgSolver",
    "NewtonSolver",
    "Objective",
    "ProjectedLbfgsSolver",
    "PythonNormalEquations",
    "PythonObjective",
    "PythonResiduals",
    "QuasiNewtonSolver",
    "Reports",
    "RuleHandle",
    "SteepestDescentSolver",
    "TrustRegionSolver",
    "activation_names",
    "build_info_raw",
    "built_variants",
    "clip",
    "jacobian",
    "permutation",
    "random_normal",
    "random_orthonormal",
    "random_uniform",
    "set_threads",
    "supported_variants",
    "threads",
    "variant",
]
