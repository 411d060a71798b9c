"""Names as people know them: any case, the words of other software, and what was probably meant.

A name is compared without case, underscores, hyphens and blanks: "ReLU", "leaky-relu" and
"LeakyReLU" are names of fastopt's. What other software calls by another word and means the same by
is understood (`SYNONYMS`). Where it means something else, the error says what (`DIFFERENT`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# By what is named, then by the folded word. MATLAB, scikit-learn, Keras, PyTorch and SciPy.
SYNONYMS: dict[str, dict[str, str]] = {
    "activation": {
        "tansig": "tanh",
        "logsig": "sigmoid",
        "purelin": "identity",
        "poslin": "relu",
        "logistic": "sigmoid",
        "linear": "identity",
        "none": "identity",
        "swish": "silu",
        "rectifier": "relu",
        "exponential": "exp",
        "lrelu": "leaky_relu",
    },
    "loss": {
        "meansquarederror": "mse",
        "squarederror": "mse",
        "mseloss": "mse",
        "l2loss": "mse",
        "meanabsoluteerror": "mae",
        "absoluteerror": "mae",
        "l1loss": "mae",
        "huberloss": "huber",
        "smoothl1loss": "huber",
        "smoothl1": "huber",
        **dict.fromkeys(("quantile", "quantileloss", "pinballloss"), "pinball"),
        **dict.fromkeys(("poissonnllloss", "poissonnll", "poissonloss"), "poisson"),
        "bce": "binary_cross_entropy",
        "bceloss": "binary_cross_entropy",
        "categoricalcrossentropy": "cross_entropy",
        "crossentropyloss": "cross_entropy",
        "sparsecategoricalcrossentropy": "cross_entropy",
    },
    "metric": {
        "meansquarederror": "mse",
        "rootmeansquarederror": "rmse",
        "meanabsoluteerror": "mae",
        "r2score": "r2",
        "accuracyscore": "accuracy",
        "categoricalaccuracy": "accuracy",
        "sparsecategoricalaccuracy": "accuracy",
        "topkcategoricalaccuracy": "top_k_accuracy",
        "topkaccuracyscore": "top_k_accuracy",
        "sparsetopkcategoricalaccuracy": "top_k_accuracy",
    },
    "optimizer": {
        "trainlm": "lm",
        "levenbergmarquardt": "lm",
        "trainbr": "bayesian_regularization",
        "trainrp": "rprop",
        "trainbfg": "bfgs",
        "lbfgsb": "lbfgs",
        **dict.fromkeys(("conjugategradient", "traincgb", "powellbeale"), "cg"),
        "cgdescent": "hager_zhang",
        "traincgp": "polak_ribiere",
        "traincgf": "fletcher_reeves",
        **dict.fromkeys(("scaledconjugategradient", "trainscg"), "scg"),
        **dict.fromkeys(("onestepsecant", "trainoss"), "oss"),
        "gradientdescent": "sgd",
        "gd": "sgd",
        "gradientdescentadaptive": "traingda",
        "nag": "nesterov",
    },
    "initializer": {
        "xavieruniform": "glorot_uniform",
        "initnw": "nguyen_widrow",
        "xaviernormal": "glorot_normal",
        "kaiminguniform": "he_uniform",
        "kaimingnormal": "he_normal",
        "randomuniform": "uniform",
        "randomnormal": "normal",
        "zero": "zeros",
    },
    "normalization": {
        "batchnormalization": "batch",
        "batchnorm": "batch",
        "batchnorm1d": "batch",
        "layernormalization": "layer",
        "layernorm": "layer",
    },
    "line_search": {"strongwolfe": "wolfe"},
}

_NOT_HERE = {
    **dict.fromkeys(("adafactor", "ftrl"), "it is not here: did you mean 'adagrad'?"),
    "lamb": "it is not here: did you mean 'adam'?",
}

# What a word of other software means, where fastopt has nothing that means the same.
DIFFERENT: dict[str, dict[str, str]] = {
    "activation": {
        "logsoftmax": (
            "did you mean 'identity' outputs with loss='cross_entropy', which takes them as logits?"
        ),
        **dict.fromkeys(
            ("gelutanh", "geluapproximate", "gelunew"),
            "'gelu' is the exact form; its approximation by tanh is not here",
        ),
        **dict.fromkeys(
            ("hardsigmoid", "hardlim", "hardlims", "satlin"), "did you mean 'sigmoid'?"
        ),
        **dict.fromkeys(("hardtanh", "satlins", "elliotsig", "softsign"), "did you mean 'tanh'?"),
        **dict.fromkeys(("mish", "hardswish"), "did you mean 'silu'?"),
    },
    "loss": {
        **dict.fromkeys(
            ("logloss", "crossentropyerror", "deviance"),
            "did you mean 'cross_entropy' (one output for each class) or 'binary_cross_entropy' "
            "(one output for each label)?",
        ),
        "nllloss": (
            "it takes logarithms of probabilities; did you mean 'cross_entropy', which takes "
            "'identity' outputs as logits?"
        ),
        "bcewithlogitsloss": (
            "did you mean 'binary_cross_entropy' with output_activation='identity', whose outputs "
            "it takes as logits?"
        ),
        **dict.fromkeys(
            ("sse", "sumsquarederror"), "fastopt's losses are means, not sums: did you mean 'mse'?"
        ),
        "sae": "fastopt's losses are means, not sums: did you mean 'mae'?",
        "rmse": "its minimum is that of 'mse': did you mean loss='mse' with metrics=['rmse']?",
    },
    "metric": {
        "acc": "did you mean 'accuracy'?",
        "binaryaccuracy": (
            "did you mean 'accuracy'? Of one output, and with loss='binary_cross_entropy', it "
            "counts each output for itself"
        ),
        "negmeansquarederror": "metrics have no sign here: did you mean 'mse'?",
        "negrootmeansquarederror": "metrics have no sign here: did you mean 'rmse'?",
        "negmeanabsoluteerror": "metrics have no sign here: did you mean 'mae'?",
    },
    "optimizer": {
        "trainb": "did you mean 'sgd' with batch_size=None?",
        "trainr": "did you mean 'sgd' with batch_size=1?",
        "trainc": "did you mean 'sgd' with batch_size=1, shuffle=False?",
        "trains": "did you mean 'sgd' with batch_size=1, shuffle=False, epochs=1?",
        **dict.fromkeys(
            ("trainbu", "trainru"),
            "unsupervised training is not here: see scikit-learn's cluster and decomposition",
        ),
        **_NOT_HERE,
    },
    "method": {
        "lm": "it minimises sums of squares: use fastopt.least_squares",
        **dict.fromkeys(
            ("bayesianregularization", "trainbr"),
            "it trains networks: MLP.fit(..., optimizer='bayesian_regularization')",
        ),
        **dict.fromkeys(
            ("neldermead", "powell", "cobyla", "cobyqa"),
            "methods without derivatives are not here: 'bfgs' takes differences of fun",
        ),
        **dict.fromkeys(
            ("slsqp", "trustconstr"), "constraints are not supported; bounds are, by 'lbfgs'"
        ),
        **dict.fromkeys(("tnc",), "did you mean 'lbfgs', which takes bounds too?"),
        **dict.fromkeys(
            ("dogleg", "trustncg", "trustkrylov", "trustexact"),
            "did you mean 'newton' or 'newton_cg'?",
        ),
        **_NOT_HERE,
    },
}

# Words of other software for parameters: folded, what is meant here, what is to be said besides.
_DECOUPLED = (
    "fastopt's weight_decay is decoupled (AdamW), PyTorch's SGD and Adam add it to the gradient: "
    "fit(l2=...) does that"
)
KEYWORDS: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(
        ("lr", "eta", "learningrateinit", "stepsize", "learnrate"), (("learning_rate",), "")
    ),
    "betas": (("beta_1", "beta_2"), "two numbers, each by its name"),
    "eps": (("epsilon",), ""),
    "mu": (
        ("momentum", "damping"),
        "μ of trainlm is damping, μ of a momentum method momentum",
    ),
    "mc": (("momentum",), "MATLAB multiplies the gradient by 1 - mc besides"),
    "nesterovsmomentum": (("nesterov",), ""),
    "alpha": (
        ("rho", "l2"),
        "scikit-learn's alpha divides by the batch: l2 = alpha/B for a classifier, 2·alpha/(B·q) "
        "for q outputs of a regressor; PyTorch's alpha of RMSprop is rho",
    ),
    "weightdecay": (("weight_decay", "l2"), _DECOUPLED),
    "decay": (
        ("learning_rate", "weight_decay"),
        "Keras' old decay is learning_rate=PowerSchedule(rate, c1=1/decay)",
    ),
    "initialaccumulatorvalue": (("initial_accumulator",), ""),
    "historysize": (("memory",), ""),
    "maxcor": (("memory",), ""),
    **dict.fromkeys(
        ("maxiter", "maxepochs", "nepochs", "numepochs", "niterations"), (("epochs", "maxiter"), "")
    ),
    "maxfail": (("patience", "validation_failures"), ""),
    "niternochange": (("patience",), "scikit-learn waits for n_iter_no_change + 1 epochs"),
    "tol": (("min_delta", "gtol"), ""),
    "hiddenlayersizes": (
        ("layer_sizes",),
        "which holds the inputs and the outputs too: [inputs, *hidden, outputs]",
    ),
    **dict.fromkeys(("layers", "sizes", "hidden", "units"), (("layer_sizes",), "")),
    **dict.fromkeys(
        ("kernelinitializer", "init", "weightinit"), (("initializer",), "biases start at zero")
    ),
    "kernelregularizer": (("l2",), "(l2/2)·‖W‖² is added; Keras' l2(c) adds c·‖W‖²"),
    **dict.fromkeys(("transferfcn", "nonlinearity"), (("activation",), "")),
    "outactivation": (("output_activation",), ""),
    **dict.fromkeys(("trainfcn", "solver", "opt", "optim"), (("optimizer", "method"), "")),
    **dict.fromkeys(("performfcn", "criterion", "lossfunction"), (("loss",), "")),
    **dict.fromkeys(("seed", "randomseed", "key"), (("random_state",), "")),
    "validationfraction": (("validation_split",), ""),
    "earlystopping": (("callbacks",), "callbacks=fastopt.EarlyStopping()"),
    **dict.fromkeys(("clipnorm", "clipvalue", "globalclipnorm"), (("clip",), "clip=ClipBy…")),
    "weights": (("sample_weight",), ""),
    "dropoutrate": (("dropout",), ""),
    **dict.fromkeys(("batchnorm", "batchnormalization"), (("normalization",), "'batch'")),
    "func": (("fun",), ""),
    **dict.fromkeys(("fprime", "dfun", "grad", "gradient"), (("jac",), "")),
    **dict.fromkeys(("maxfun", "maxfev"), (("maxfev", "max_nfev"), "")),
    # MATLAB's functions.
    **dict.fromkeys(("narxnet", "narnet", "timedelaynet"), (("NARX",), "docs/series.md")),
    "preparets": (("lagged",), "NARX.fit(x, y) takes the series themselves"),
    "closeloop": (("NARX",), "NARX.predict(x, y, closed_loop=True)"),
    "removedelay": (("NARX",), "NARX.forecast(steps, x, y)"),
    "divideblock": (("split_by_time",), ""),
    **dict.fromkeys(
        ("fitnet", "feedforwardnet", "patternnet"), (("MLP",), "[inputs, 10, outputs]")
    ),
}


_OF_THE_OPTIMIZER = dict.fromkeys(
    (
        *("learning_rate", "momentum", "nesterov", "rho", "beta_1", "beta_2", "epsilon", "damping"),
        *("weight_decay", "memory", "line_search", "gtol"),
    ),
    "it belongs to the optimizer, as in optimizer=fastopt.Adam(learning_rate=0.01)",
)
OF_FIT = dict.fromkeys(
    (
        *("optimizer", "loss", "epochs", "batch_size", "shuffle", "validation_data", "metrics"),
        *("validation_split", "l2", "clip", "callbacks", "stopping", "verbose", "sample_weight"),
        *("class_weight", "initial_epoch"),
    ),
    "it belongs to fit()",
)
OF_MLP = dict.fromkeys(
    (
        *("layer_sizes", "activation", "output_activation", "initializer", "dtype"),
        *("normalization", "dropout", "residual"),
    ),
    "it belongs to MLP()",
)
ELSEWHERE = {"MLP": OF_FIT | _OF_THE_OPTIMIZER, "fit": OF_MLP | _OF_THE_OPTIMIZER}


def fold(name: str) -> str:
    """Return a name without case and without what joins its words."""
    return "".join(c for c in name.casefold() if c not in "_- .")


def canonical(kind: str, value: str, choices: Iterable[str]) -> str | None:
    """Return which of ``choices`` a word names, by itself or in other software; else None."""
    folded = fold(value)
    by_fold = {fold(choice): choice for choice in choices}
    if folded in by_fold:
        return by_fold[folded]
    synonym = SYNONYMS.get(kind, {}).get(folded)
    return synonym if synonym in by_fold.values() else None


def hint(kind: str, value: Any, choices: Collection[str]) -> str:
    """Return "; did you mean …?" where something is known or is written alike, else nothing."""
    if not isinstance(value, str):
        return ""
    folded = fold(value)
    different = DIFFERENT.get(kind, {})
    if folded in different:
        return f"; {different[folded]}"
    words = {fold(choice): choice for choice in choices}
    words |= {w: c for w, c in SYNONYMS.get(kind, {}).items() if c in choices}
    near = nearest(folded, words)
    return f"; did you mean {words[near]!r}?" if near else ""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of ``words`` that is written most alike, or None where none is."""
    from difflib import get_close_matches  # only when something is wrong

    # 0.6 is difflib's own cutoff: about two letters of five may differ.
    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return near[0] if near else None


def meant_by(word: str, known: Collection[str]) -> str:
    """Return "; did you mean 'learning_rate'?" for a keyword or attribute that is not ``known``."""
    meant, remark = KEYWORDS.get(fold(word), ((), ""))
    there = [name for name in meant if name in known]
    if there:
        names = " and ".join(map(repr, there)) if fold(word) == "betas" else repr(there[0])
        return f"; did you mean {names}?" + (f" ({remark})" if remark else "")
    by_fold = {fold(name): name for name in known}
    near = nearest(fold(word), by_fold)
    if near:
        return f"; did you mean {by_fold[near]!r}?"
    return f"; {remark}" if remark else ""


def check_keywords(what: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise TypeError for the first keyword that is not known, with what was probably meant."""
    elsewhere = ELSEWHERE.get(what, {})
    for name, value in given.items():
        if name in known:
            continue
        cure = meant_by(name, known)
        words = (name, *KEYWORDS.get(fold(name), ((), ""))[0])
        told = next((word for word in words if word in elsewhere), None)
        if told is not None and not any(word in known for word in words):
            meant = "" if told == name else f"did you mean {told!r}? "
            cure = f"; {meant}{elsewhere[told]}"
        raise TypeError(
            f"{what}() got an unexpected keyword argument {name!r}, {name}={shown(value)}{cure}"
        )


def friendly(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function: a misspelt keyword is told with the one that was probably meant."""
    # Methods of a network may stand as functions of it.
    known = frozenset(inspect.signature(function).parameters) - {"self", "net"}
    name = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not known.issuperset(kwargs):
            check_keywords(name, kwargs, known)
        return function(*args, **kwargs)

    return call


def shown(value: Any) -> str:
    """Return a value as it was written; of arrays and the like the type is enough."""
    simple = isinstance(value, int | float | str | bool | tuple | list | None)
    text = repr(value) if simple else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
