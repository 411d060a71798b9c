"""The methods that search along a line: a row each, for the tests that all of them have to pass."""

import fastopt

# Its name, and settings with which it is followed step by step.
CASES = [
    ("steepest_descent", fastopt.SteepestDescent()),
    ("newton", fastopt.Newton()),
    ("newton_cg", fastopt.NewtonCG()),
    ("bfgs", fastopt.BFGS()),
    ("dfp", fastopt.DFP()),
    ("lbfgs", fastopt.LBFGS(memory=3)),
    ("cg", fastopt.ConjugateGradient()),
    ("hager_zhang", fastopt.ConjugateGradient("hager_zhang")),
    ("polak_ribiere", fastopt.ConjugateGradient("polak_ribiere")),
    ("fletcher_reeves", fastopt.ConjugateGradient("fletcher_reeves")),
    ("scg", fastopt.ScaledConjugateGradient()),
    ("oss", fastopt.OneStepSecant()),
]
METHODS = [name for name, _ in CASES]
# Those that minimise sums of squares.
SQUARES = ["lm", "bayesian_regularization"]
# On networks: NewtonCG takes the Hessian of a function.
FULL_BATCH = [*SQUARES, *(name for name in METHODS if name != "newton_cg")]
