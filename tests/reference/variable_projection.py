"""Levenberg-Marquardt with variable projection for networks of tanh units, in plain NumPy."""

import numpy as np

RIDGE = 1e-12  # of the trace of ΦᵀvΦ


class Projected:
    """The residuals of linear outputs whose weights are solved for, as a function of the others.

    ``sizes`` are those of all layers; u holds W (fan_in × fan_out) and b of each hidden layer in
    turn. ``v`` (N, q) are sample weights of mean 1. The ridge is that of the first u.
    """

    def __init__(self, sizes, X, Y, v=None, l2=0.0):
        self.sizes, self.X, self.Y = sizes, X, Y
        self.root = np.sqrt(np.ones_like(Y) if v is None else v)
        self.penalty = l2 * Y.size / 2
        self.ridge = None

    def layers(self, u):
        at = 0
        for fan_in, fan_out in zip(self.sizes[:-2], self.sizes[1:-1], strict=True):
            size = fan_in * fan_out
            yield u[at : at + size].reshape(fan_in, fan_out), u[at + size : at + size + fan_out]
            at += size + fan_out

    def features(self, u):
        """Return [φ, 1], for complex u too."""
        a = self.X
        for W, b in self.layers(u):
            a = np.tanh(a @ W + b)
        return np.hstack([a, np.ones((len(a), 1))])

    def shrunk(self):
        """Return 1 for each weight of u and 0 for each bias."""
        sizes = zip(self.sizes[:-2], self.sizes[1:-1], strict=True)
        return np.concatenate([[1.0] * (a * b) + [0.0] * b for a, b in sizes])

    def rows(self, u, k):
        """Return A and the right-hand side of output k, the ridge's rows at the end."""
        A = self.root[:, k : k + 1] * self.features(u)
        if self.ridge is None:
            self.ridge = [
                RIDGE * np.sum((self.root[:, j : j + 1] * self.features(u)) ** 2)
                for j in range(self.Y.shape[1])
            ]
        units = A.shape[1] - 1
        bottom = np.sqrt(self.penalty + self.ridge[k]) * np.eye(units, units + 1)
        return np.vstack([A, bottom]), np.r_[self.root[:, k] * self.Y[:, k], np.zeros(units)]

    def solution(self, u):
        """Return the output weights over their biases."""
        columns = []
        for k in range(self.Y.shape[1]):
            A, t = self.rows(u, k)
            Q, R = np.linalg.qr(A)
            columns.append(np.linalg.solve(R, Q.T @ t))
        return np.column_stack(columns)

    def residuals(self, u):
        """Return all residuals, those of penalties too; of complex u by AᵀA c = Aᵀt."""
        parts = []
        for k in range(self.Y.shape[1]):
            A, t = self.rows(u, k)
            if np.iscomplexobj(A):
                parts.append(A @ np.linalg.solve(A.T @ A, A.T @ t) - t)
            else:
                Q = np.linalg.qr(A)[0]
                parts.append(Q @ (Q.T @ t) - t)
        return np.concatenate([*parts, np.sqrt(self.penalty) * self.shrunk() * u])

    def jacobian(self, u, h=1e-30):
        """Return ∂r/∂u by complex steps."""
        self.rows(u, 0)  # the ridge
        steps = 1j * h * np.eye(u.size)
        return np.column_stack([self.residuals(u + step).imag / h for step in steps])

    def jacobian_by_formula(self, u):
        """Return (I − QQᵀ) D − Q R⁻ᵀ T (Golub & Pereyra) of one hidden layer, by outputs."""
        ((W, _),) = self.layers(u)
        X1, C, parts = np.c_[self.X, np.ones(len(self.X))], self.solution(u), []
        H = W.shape[1]
        for k in range(self.Y.shape[1]):
            A, t = self.rows(u, k)
            Q, R = np.linalg.qr(A)
            e = A @ C[:, k] - t
            slope = self.root[:, k : k + 1] * (1 - self.features(u)[:, :-1] ** 2)
            D = np.zeros((len(A), u.size))
            D[: len(X1)] = (X1[:, :, None] * (slope * C[:-1, k])[:, None, :]).reshape(len(X1), -1)
            T = np.zeros((H + 1, u.size))
            moments = X1.T @ (slope * e[: len(X1), None])
            for unit in range(H):
                T[unit, unit::H] = moments[:, unit]
            parts.append(D - Q @ (Q.T @ D) - Q @ np.linalg.solve(R.T, T))
        return np.vstack([*parts, np.sqrt(self.penalty) * np.diag(self.shrunk())])

    def loss(self, u):
        """Return E without the ridge."""
        C = self.solution(u)
        e = self.root * (self.features(u) @ C - self.Y)
        weights = np.sum(C[:-1] ** 2) + np.sum(self.shrunk() * u**2)
        return (np.sum(e**2) + self.penalty * weights) / self.Y.size


def train(problem, u, epochs):
    """Return u and E after each step by Nielsen's rule; the ridge is the first throughout."""
    losses, nu, factor = [], None, 2.0
    r, J = problem.residuals(u), problem.jacobian_by_formula(u)
    for _ in range(epochs):
        M, g = J.T @ J, J.T @ r
        nu = 1e-3 * M.diagonal().max() if nu is None else nu
        for _ in range(40):
            p = -np.linalg.solve(M + nu * np.eye(u.size), g)
            trial = problem.residuals(u + p)
            predicted = 0.5 * p @ (nu * p - g)
            if trial @ trial < r @ r and predicted > 0:
                break
            nu, factor = nu * factor, 2 * factor
        else:
            break
        gain = 0.5 * (r @ r - trial @ trial) / predicted
        nu, factor = nu * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
        u = u + p
        r, J = trial, problem.jacobian_by_formula(u)
        losses.append(problem.loss(u))
    return u, losses
