"""Steps and updates of the second-order methods, from the definitions.

s = w_k − w_{k−1}, r = g_k − g_{k−1}, V ≈ H⁻¹.
"""

import numpy as np


def newton_step(H, g):
    """p = −H⁻¹ g."""
    return -np.linalg.solve(H, g)


def bfgs_update(V, s, r):
    """V + [1 + rᵀVr/sᵀr]·ssᵀ/sᵀr − (s rᵀV + V r sᵀ)/sᵀr."""
    curvature = s @ r
    Vr = V @ r
    return (
        V
        + (1 + r @ Vr / curvature) * np.outer(s, s) / curvature
        - (np.outer(s, Vr) + np.outer(Vr, s)) / curvature
    )


def dfp_update(V, s, r):
    """V + ssᵀ/sᵀr − V r rᵀV/(rᵀVr)."""
    Vr = V @ r
    return V + np.outer(s, s) / (s @ r) - np.outer(Vr, Vr) / (r @ Vr)


def lbfgs_direction(g, pairs, scale_initial=True):
    """−V g, with V built from the pairs (s, r), oldest first.

    V is formed in full: V₀ = I, or sᵀr/rᵀr·I of the newest pair, then a BFGS update for each pair.
    """
    V = np.eye(g.size)
    if scale_initial and pairs:
        s, r = pairs[-1]
        V *= (s @ r) / (r @ r)
    for s, r in pairs:
        V = bfgs_update(V, s, r)
    return -V @ g


def quadratic_exact_step(H, g, p):
    """The step length that minimises a quadratic with Hessian H along p."""
    return -(g @ p) / (p @ H @ p)


def levenberg_marquardt_step(J, e, damping, scaling=None):
    """p from (JᵀJ + ν D) p = −Jᵀe; D = I, or diag(``scaling``)."""
    D = np.eye(J.shape[1]) if scaling is None else np.diag(scaling)
    return -np.linalg.solve(J.T @ J + damping * D, J.T @ e)


def gain_ratio(J, e, new_e, p):
    """Actual decrease of ½Σe² over the decrease that the linear model e + Jp predicts."""
    model_e = e + J @ p
    return (e @ e - new_e @ new_e) / (e @ e - model_e @ model_e)


def nielsen_damping(damping, factor, ratio):
    """ν and its growth factor after a step with gain ratio ϱ (Nielsen 1999)."""
    if ratio > 0:
        return damping * max(1 / 3, 1 - (2 * ratio - 1) ** 3), 2.0
    return damping * factor, 2 * factor
