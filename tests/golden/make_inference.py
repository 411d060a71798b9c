"""Writes inference.json: statistics of fits by statsmodels, and profile intervals by lmfit.

python make_inference.py        (statsmodels 0.15, lmfit 1.3.4, SciPy)
"""

import json
from pathlib import Path

import lmfit
import numpy as np
import statsmodels.api as sm

rng = np.random.default_rng(7)
x = np.round(np.linspace(0, 4, 15), 3)
sigma = np.round(0.1 + 0.05 * x, 4)
y = np.round(1.5 - 0.7 * x + 0.2 * x**2 + sigma * rng.normal(size=x.size), 6)
new = np.array([-1.0, 0.5, 2.2, 6.0])


def columns(t):
    return np.stack([np.ones_like(t), t, t**2], axis=1)


def told(fit):
    prediction = fit.get_prediction(columns(new), weights=1.0).summary_frame(alpha=0.05)
    return {
        "parameters": fit.params.tolist(),
        "covariance": fit.cov_params().tolist(),
        "intervals": fit.conf_int(0.1).tolist(),
        "log_likelihood": fit.llf,
        "aic": fit.aic,
        "mean": prediction[["mean", "mean_ci_lower", "mean_ci_upper"]].to_numpy().T.tolist(),
        "observation": prediction[["mean", "obs_ci_lower", "obs_ci_upper"]].to_numpy().T.tolist(),
    }


# Puromycin (Bates & Watts 1988), treated: the Michaelis-Menten curve.
concentration = np.array([0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1])
rate = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200], dtype=float)
parameters = lmfit.Parameters()
parameters.add("vmax", 200.0)
parameters.add("k", 0.05)
minimizer = lmfit.Minimizer(
    lambda p: p["vmax"] * concentration / (p["k"] + concentration) - rate, parameters
)
best = minimizer.minimize(xtol=1e-14, ftol=1e-14)
found = lmfit.conf_interval(minimizer, best, sigmas=[0.95], maxiter=500)
profile = [[found[name][0][1], found[name][-1][1]] for name in ("vmax", "k")]

values = {
    "x": x.tolist(),
    "sigma": sigma.tolist(),
    "y": y.tolist(),
    "new": new.tolist(),
    "ols": told(sm.OLS(y, columns(x)).fit()),
    "wls": told(sm.WLS(y, columns(x), weights=1 / sigma**2).fit()),
    "puromycin": {
        "concentration": concentration.tolist(),
        "rate": rate.tolist(),
        "parameters": [best.params[name].value for name in ("vmax", "k")],
        "errors": [best.params[name].stderr for name in ("vmax", "k")],
        "profile": profile,
    },
}
Path(__file__).with_name("inference.json").write_text(json.dumps(values, indent=1) + "\n")
