"""10. BFGS and DFP solve a quadratic of n variables in n steps, and then V = H⁻¹.

    BFGS: V ← V + [1 + rᵀVr/sᵀr]·ssᵀ/sᵀr − (s rᵀV + V r sᵀ)/sᵀr
    DFP: V ← V + ssᵀ/sᵀr − V r rᵀV/(rᵀVr)
    p = −V g ; s = Δw ; r = Δg

With exact line searches and V₀ = I. V stays positive definite all the time.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

N = 8


@cache
def hessian() -> Array:
    """Return H, with eigenvalues from 1 to 1000."""
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((N, N)))
    return (Q * np.geomspace(1, 1e3, N)) @ Q.T


@cache
def run(optimizer: type, steps: int) -> fastopt.OptimizeResult:
    """Return what a number of steps on ½ wᵀHw lead to."""
    return fastopt.minimize(
        lambda w: 0.5 * w @ hessian() @ w,
        np.ones(N),
        method=optimizer(line_search="exact", scale_initial=False, gtol=0.0),
        jac=lambda w: hessian() @ w,
        options={"maxiter": steps},
    )


def errors(optimizer: type) -> tuple[Array, Array]:
    """Return ‖w‖ and ‖V − H⁻¹‖/‖H⁻¹‖ after 0, 1, … n steps."""
    inverse = np.linalg.inv(hessian())
    runs = [run(optimizer, steps) for steps in range(1, N + 1)]
    of_w = [np.linalg.norm(np.ones(N)), *(np.linalg.norm(r.x) for r in runs)]
    of_v = [np.linalg.norm(V - inverse) for V in (np.eye(N), *(r.hess_inv for r in runs))]
    return np.array(of_w), np.array(of_v) / np.linalg.norm(inverse)


def draw() -> Figure:
    figure, panels = axes(2)
    for optimizer, style in ((fastopt.BFGS, "-"), (fastopt.DFP, "--")):
        for panel, values in zip(panels, errors(optimizer), strict=True):
            # With exact line searches both make the same steps: one lies within the other.
            marker = {"marker": "o", "ms": 11, "mfc": "none", "lw": 3, "alpha": 0.6}
            if optimizer is fastopt.DFP:
                marker = {"marker": "s", "ms": 5}
            panel.semilogy(values, style, label=optimizer.__name__, **marker)
    panels[0].set(xlabel="step", ylabel="‖w − w*‖", title=f"a quadratic of {N} variables")
    panels[1].set(xlabel="step", ylabel="‖V − H⁻¹‖ / ‖H⁻¹‖", title="V becomes H⁻¹")
    for panel in panels:
        panel.legend()
        panel.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
