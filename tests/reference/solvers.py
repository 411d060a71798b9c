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


def fletcher_reeves(g, before, d):
    """β = ‖g‖²/‖g₋₁‖²."""
    return (g @ g) / (before @ before)


def polak_ribiere(g, before, d):
    """β = max(gᵀ(g − g₋₁)/‖g₋₁‖², 0)."""
    return max(g @ (g - before) / (before @ before), 0.0)


def hager_zhang(g, before, d):
    """β = (y − 2 d ‖y‖²/dᵀy)ᵀ g/dᵀy, not below 0.4 dᵀg₋₁/‖d‖² (Hager & Zhang 2005, 2013)."""
    y = g - before
    return max((y - 2 * d * (y @ y) / (d @ y)) @ g / (d @ y), 0.4 * (d @ before) / (d @ d))


BETAS = {
    "fletcher_reeves": fletcher_reeves,
    "polak_ribiere": polak_ribiere,
    "hager_zhang": hager_zhang,
}


class PowellBeale:
    """Powell's directions (1977) with Beale's third term; t is the step of the last restart.

    p = −g + β d + γ dₜ, β = gᵀy/dᵀy, γ = gᵀyₜ/dₜᵀyₜ for k > t + 1.
    """

    def __init__(self):
        self.k = self.t = 0
        self.steps = []

    def __call__(self, g, before, d):
        """Return the direction after a step along ``d`` that changed the gradient to ``g``."""
        self.steps.append((d, g - before))
        self.k += 1
        if abs(g @ before) >= 0.2 * (g @ g) or self.k - self.t >= g.size:
            self.t = self.k - 1
        p = self._direction(g)
        if self.k > self.t + 1 and not 0.8 * (g @ g) <= -g @ p <= 1.2 * (g @ g):
            self.t = self.k - 1
            p = self._direction(g)
        return p

    def _direction(self, g):
        used = {self.k - 1, self.t}
        return -g + sum((g @ y) / (d @ y) * d for d, y in (self.steps[j] for j in used))


def scaled_conjugate_gradients(value, gradient, w, sigma=5e-5, damping=5e-7):
    """Yield w after each success of Møller's algorithm (1993), its steps by their numbers."""
    n = w.size
    lam, lam_bar, success, k = damping, 0.0, True, 1
    r = -gradient(w)
    p = r
    while True:
        pp = p @ p
        if success:  # 2
            if p @ r < 0:
                p = -p  # the same step in exact numbers: its length would be negative
            step = sigma / np.sqrt(pp)
            delta = p @ (gradient(w + step * p) - gradient(w)) / step
        delta += (lam - lam_bar) * pp  # 3
        if delta <= 0:  # 4
            lam_bar = 2 * (lam - delta / pp)
            delta = -delta + lam * pp
            lam = lam_bar
        mu = p @ r  # 5
        alpha = mu / delta
        ratio = 2 * delta * (value(w) - value(w + alpha * p)) / mu**2  # 6
        success = ratio >= 0  # 7
        if success:
            w = w + alpha * p
            before, r = r, -gradient(w)
            lam_bar = 0.0
            direction = r if k % n == 0 else r + (r @ r - r @ before) / mu * p
            if ratio >= 0.75:
                lam /= 4
        else:
            lam_bar = lam
        if ratio < 0.25:  # 8
            lam += delta * (1 - ratio) / pp
        if success:
            yield w
            p = direction
            k += 1


def one_step_secant(g, s, y, scale_initial=False):
    """−V g, V the BFGS update of I, or of sᵀy/yᵀy I, by the last step."""
    return -bfgs_update(np.eye(g.size) * ((s @ y) / (y @ y) if scale_initial else 1.0), s, y) @ g
