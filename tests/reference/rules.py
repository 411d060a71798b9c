"""The first-order update rules, one class each.

``step(w, g, learning_rate)`` returns the new w; the state (m, s, t) starts at zero. The decoupled
weight decay takes η·weight_decay·w off, with the w from before the step; ``decayed`` is 1 for
the elements that decay (weights) and 0 for those that do not (biases). Nesterov's momentum decays
w like the rest; Keras decays θ = w + β m instead.
"""

import numpy as np


class Rule:
    """Common part: the count t of steps and the decay.

    A rule adds ``start(g)``, which makes its state, and ``displacement(g, learning_rate)``.
    """

    def __init__(self, weight_decay=0.0, decayed=1.0):
        self.weight_decay = weight_decay
        self.decayed = decayed
        self.t = 0

    def finalize(self, w):
        """The w that belongs to the array given to ``step``."""
        return w

    def step(self, w, g, learning_rate):
        if self.t == 0:
            self.start(g)
        self.t += 1
        decay = learning_rate * self.weight_decay * self.decayed * self.finalize(w)
        return w + self.displacement(g, learning_rate) - decay


def divide(numerator, s, epsilon, position):
    """numerator ÷ (√s + ε) or ÷ √(s + ε)."""
    if position == "inside":
        return numerator / np.sqrt(s + epsilon)
    return numerator / (np.sqrt(s) + epsilon)


class SGD(Rule):
    """m ← β m − η g ; w ← w + m. With β = 0 plain gradient descent.

    With ``nesterov`` the array given to ``step`` is θ = w + β m, where the gradient is taken; then
    θ ← θ + β m − η g with the new m, and ``finalize`` gives w back.
    """

    def __init__(self, momentum=0.0, nesterov=False, **decay):
        super().__init__(**decay)
        self.momentum, self.nesterov = momentum, nesterov

    def start(self, g):
        self.m = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        self.m = self.momentum * self.m - learning_rate * g
        if self.nesterov:
            return self.momentum * self.m - learning_rate * g
        return self.m

    def finalize(self, theta):
        return theta - self.momentum * self.m if self.nesterov else theta


class GradientDescent(Rule):
    """MATLAB's: m ← β m − (1−β) η g ; w ← w + m."""

    def __init__(self, momentum=0.0, adaptive=False, **decay):
        super().__init__(**decay)
        self.momentum = momentum

    def start(self, g):
        self.m = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        self.m = self.momentum * self.m - (1 - self.momentum) * learning_rate * g
        return self.m


class NesterovLookAhead:
    """Nesterov 1983 as written: m ← β m − η ∇E(w + β m) ; w ← w + m."""

    def __init__(self, momentum, weight_decay=0.0):
        self.momentum, self.weight_decay = momentum, weight_decay
        self.m = 0.0

    def step(self, w, gradient, learning_rate):
        g = gradient(w + self.momentum * self.m)
        self.m = self.momentum * self.m - learning_rate * g
        return w + self.m - learning_rate * self.weight_decay * w


class AdaGrad(Rule):
    """s ← s + g⊗g ; w ← w − η g ÷ √(s + ε)."""

    def __init__(self, epsilon=1e-7, initial_accumulator=0.0, epsilon_position="inside", **decay):
        super().__init__(**decay)
        self.epsilon, self.epsilon_position = epsilon, epsilon_position
        self.initial_accumulator = initial_accumulator

    def start(self, g):
        self.s = np.full_like(g, self.initial_accumulator)

    def displacement(self, g, learning_rate):
        self.s = self.s + g * g
        return -divide(learning_rate * g, self.s, self.epsilon, self.epsilon_position)


class RMSprop(Rule):
    """s ← ρ s + (1−ρ) g⊗g ; w ← w − η g ÷ √(s + ε)."""

    def __init__(self, rho=0.9, epsilon=1e-7, epsilon_position="inside", centered=False, **decay):
        super().__init__(**decay)
        self.rho, self.epsilon, self.epsilon_position = rho, epsilon, epsilon_position
        self.centered = centered

    def start(self, g):
        self.s = np.zeros_like(g)
        self.m = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        self.s = self.rho * self.s + (1 - self.rho) * g * g
        s = self.s
        if self.centered:
            self.m = self.rho * self.m + (1 - self.rho) * g
            s = np.maximum(s - self.m * self.m, 0)
        return -divide(learning_rate * g, s, self.epsilon, self.epsilon_position)


class Adam(Rule):
    """m, s moving means of g and g⊗g ; m̂ = m/(1−β₁ᵗ) ; ŝ = s/(1−β₂ᵗ) ; w ← w − η m̂ ÷ (√ŝ + ε).

    "uncorrected" adds ε to √s: w ← w − η m̂ √(1−β₂ᵗ) ÷ (√s + ε), the ε-hat form of the paper.
    """

    def __init__(
        self,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        epsilon_position="outside",
        amsgrad=False,
        **decay,
    ):
        super().__init__(**decay)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon, self.epsilon_position = epsilon, epsilon_position
        self.amsgrad = amsgrad

    def start(self, g):
        self.m = np.zeros_like(g)
        self.s = np.zeros_like(g)
        self.largest = np.zeros_like(g)

    def corrected_mean(self, g):
        """m̂ of this step; m holds g already."""
        return self.m / (1 - self.beta_1**self.t)

    def displacement(self, g, learning_rate):
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.s = self.beta_2 * self.s + (1 - self.beta_2) * g * g
        numerator = learning_rate * self.corrected_mean(g)
        correction = 1 - self.beta_2**self.t
        self.largest = np.maximum(self.largest, self.s)
        s = self.largest if self.amsgrad else self.s
        if self.epsilon_position == "uncorrected":
            return -divide(numerator * np.sqrt(correction), s, self.epsilon, "outside")
        return -divide(numerator, s / correction, self.epsilon, self.epsilon_position)


class Nadam(Adam):
    """Adam with Nesterov's momentum and a momentum that warms up (Dozat 2016).

    μ_t = β₁(1 − ½·0.96^{t·ψ}) ; m̂ = μ_{t+1} m/(1−∏_{j≤t+1} μ_j) + (1−μ_t) g/(1−∏_{j≤t} μ_j).
    """

    def __init__(self, momentum_decay=0.004, **adam):
        super().__init__(**adam)
        self.momentum_decay = momentum_decay
        self.product = 1.0

    def mu(self, t):
        return self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def corrected_mean(self, g):
        mu, mu_next = self.mu(self.t), self.mu(self.t + 1)
        self.product *= mu
        ahead = mu_next * self.m / (1 - self.product * mu_next)
        return ahead + (1 - mu) * g / (1 - self.product)


class AdaMax(Rule):
    """m as Adam ; u ← max(β₂ u, |g|) ; w ← w − η m/(1−β₁ᵗ) ÷ (u + ε).

    "inside": u ← max(β₂ u, |g| + ε), and nothing is added.
    """

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8, epsilon_position="outside", **decay):
        super().__init__(**decay)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.inside = epsilon if epsilon_position == "inside" else 0
        self.outside = epsilon - self.inside

    def start(self, g):
        self.m = np.zeros_like(g)
        self.u = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.u = np.maximum(self.beta_2 * self.u, np.abs(g) + self.inside)
        rate = learning_rate / (1 - self.beta_1**self.t)
        return -rate * self.m / (self.u + self.outside)


class Adadelta(Rule):
    """s, r moving means of g⊗g and d⊗d ; d = √(r + ε) ÷ √(s + ε) ⊗ g ; w ← w − η d."""

    def __init__(self, rho=0.9, epsilon=1e-6, **decay):
        super().__init__(**decay)
        self.rho, self.epsilon = rho, epsilon

    def start(self, g):
        self.s = np.zeros_like(g)
        self.r = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        self.s = self.rho * self.s + (1 - self.rho) * g * g
        d = np.sqrt((self.r + self.epsilon) / (self.s + self.epsilon)) * g
        self.r = self.rho * self.r + (1 - self.rho) * d * d
        return -learning_rate * d


class RAdam(Adam):
    """Adam, rectified by r once ϱ > 5; momentum alone before (Liu et al. 2020)."""

    def __init__(self, epsilon_position="uncorrected", **adam):
        super().__init__(epsilon_position=epsilon_position, **adam)

    def displacement(self, g, learning_rate):
        adaptive = super().displacement(g, learning_rate)
        largest = 2 / (1 - self.beta_2) - 1
        known = largest - 2 * self.t * self.beta_2**self.t / (1 - self.beta_2**self.t)
        if known <= 5:
            return -learning_rate * self.corrected_mean(g)
        top = (known - 4) * (known - 2) * largest
        return np.sqrt(top / ((largest - 4) * (largest - 2) * known)) * adaptive


class Lion(Rule):
    """w ← w − η sign(β₁ m + (1−β₁) g) ; m ← β₂ m + (1−β₂) g."""

    def __init__(self, beta_1=0.9, beta_2=0.99, **decay):
        super().__init__(**decay)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def start(self, g):
        self.m = np.zeros_like(g)

    def displacement(self, g, learning_rate):
        sign = np.sign(self.beta_1 * self.m + (1 - self.beta_1) * g)
        self.m = self.beta_2 * self.m + (1 - self.beta_2) * g
        return -learning_rate * sign


class Rprop(Rule):
    """iRprop⁻: a step for each weight, longer while signs agree, shorter and skipped else."""

    def __init__(self, increase=1.2, decrease=0.5, step_min=1e-6, step_max=50.0, **decay):
        super().__init__(**decay)
        self.increase, self.decrease = increase, decrease
        self.step_min, self.step_max = step_min, step_max

    def start(self, g):
        self.sign = np.zeros_like(g)
        self.size = None

    def displacement(self, g, learning_rate):
        if self.size is None:
            self.size = np.full_like(g, learning_rate)
        agree = np.sign(g) * self.sign
        factor = np.where(agree > 0, self.increase, np.where(agree < 0, self.decrease, 1))
        self.size = np.clip(self.size * factor.astype(g.dtype), self.step_min, self.step_max)
        self.sign = np.where(agree < 0, 0, np.sign(g)).astype(g.dtype)
        return -self.sign * self.size


class RpropPlus(Rprop):
    """iRprop⁺ as Igel & Hüsken print it: where a sign changes and E has grown, Δw comes back.

    ``step`` needs E at w besides: it is put into ``loss`` before.
    """

    loss = None

    def start(self, g):
        super().start(g)
        self.change, self.last_loss = np.zeros_like(g), np.inf

    def displacement(self, g, learning_rate):
        agree = np.sign(g) * self.sign
        moved = super().displacement(g, learning_rate)
        grown = self.loss > self.last_loss
        self.last_loss = self.loss
        self.change = np.where(agree < 0, -self.change if grown else 0, moved)
        return self.change


RULES = {
    rule.__name__: rule
    for rule in (SGD, AdaGrad, RMSprop, Adam, Nadam, AdaMax, Adadelta, RAdam, Lion, Rprop)
}
