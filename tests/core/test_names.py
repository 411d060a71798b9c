"""Names of settings and of other software: what is understood, and what is said of the rest."""

import inspect
import re

import numpy as np
import pytest

import fastopt
from fastopt import _names
from fastopt.losses import LOSSES
from fastopt.optimizers import registry, resolve
from fastopt.training.data import check_loss
from fastopt.training.metrics import METRICS, metric_name

X = np.random.default_rng(0).normal(size=(20, 2))
Y = X[:, 0] - X[:, 1]
ACTIVATIONS = fastopt._core.activation_names


def network(*arguments, **names):
    return fastopt.MLP([2, 3, 1], *arguments, **{"random_state": 0, **names})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("tansig", "tanh"), ("logsig", "sigmoid"), ("purelin", "identity"), ("poslin", "relu")],
        *[("logistic", "sigmoid"), ("linear", "identity"), ("swish", "silu"), ("ReLU", "relu")],
        *[("Tanh", "tanh"), ("LeakyReLU", "leaky_relu"), ("leaky-relu", "leaky_relu")],
        *[("SiLU", "silu"), ("GELU", "gelu"), ("Identity", "identity"), ("SOFTPLUS", "softplus")],
    ],
)
def test_activations_of_the_four_worlds(written, meant):
    assert network(written).activation == meant
    assert network(output_activation=written).output_activation == meant
    mixed = fastopt.MLP([2, 3, 3, 1], [written, "tanh"])
    assert mixed._activations == (meant, "tanh")
    same = network(meant)
    np.testing.assert_array_equal(network(written).predict(X), same.predict(X))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("MSE", "mse"), ("mean_squared_error", "mse"), ("MeanSquaredError", "mse")],
        *[("squared_error", "mse"), ("MSELoss", "mse"), ("L1Loss", "mae"), ("MAE", "mae")],
        *[("mean_absolute_error", "mae"), ("SmoothL1Loss", "huber"), ("Huber", "huber")],
        *[("binary_crossentropy", "binary_cross_entropy"), ("BCELoss", "binary_cross_entropy")],
        *[("categorical_crossentropy", "cross_entropy"), ("CrossEntropyLoss", "cross_entropy")],
        *[("sparse_categorical_crossentropy", "cross_entropy"), ("crossentropy", "cross_entropy")],
    ],
)
def test_losses_of_the_four_worlds(written, meant):
    assert check_loss(written) == meant
    if meant in ("mse", "mae", "huber"):
        one, two = network(), network()
        first, second = (
            net.fit(X, Y, loss=w, epochs=2) for net, w in ((one, written), (two, meant))
        )
        assert first.loss == second.loss
        assert one.evaluate(X, Y) == two.evaluate(X, Y) == one.copy().evaluate(X, Y, loss=written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("mean_squared_error", "mse"), ("r2_score", "r2"), ("R2", "r2")],
        *[("root_mean_squared_error", "rmse"), ("sparse_categorical_accuracy", "accuracy")],
        *[("MAE", "mae"), ("top_k_categorical_accuracy", "top_k_accuracy")],
    ],
)
def test_metrics_of_the_four_worlds(written, meant):
    assert metric_name(written) == meant
    if meant in ("mse", "rmse", "r2", "mae"):
        history = network().fit(X, Y, epochs=1, metrics=[written, "Gradient_Norm"])
        assert {meant, "gradient_norm"} <= set(history)
        assert meant in network().evaluate(X, Y, metrics=written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("Adam", "adam"), ("SGD", "sgd"), ("RMSprop", "rmsprop")],
        *[("NAdam", "nadam"), ("Adagrad", "adagrad"), ("LM", "lm"), ("trainlm", "lm")],
        ("trainbr", "bayesian_regularization"),
        *[("TRAINGD", "traingd"), ("trainGDM", "traingdm"), ("traingda", "traingda")],
        *[("traingdx", "traingdx"), ("GradientDescentAdaptive", "traingda")],
        *[("trainrp", "rprop"), ("Adamax", "adamax"), ("Adadelta", "adadelta"), ("Lion", "lion")],
        *[("LevenbergMarquardt", "lm"), ("L-BFGS-B", "lbfgs"), ("L-BFGS", "lbfgs")],
        *[("CG", "cg"), ("ConjugateGradient", "cg"), ("traincgb", "cg"), ("SCG", "scg")],
        *[("trainscg", "scg"), ("ScaledConjugateGradient", "scg"), ("trainoss", "oss")],
        *[("traincgp", "polak_ribiere"), ("traincgf", "fletcher_reeves"), ("OneStepSecant", "oss")],
        *[("trainbfg", "bfgs"), ("BFGS", "bfgs"), ("Steepest-Descent", "steepest_descent")],
    ],
)
def test_optimizers_of_the_four_worlds(written, meant):
    assert resolve(written) == resolve(meant)
    assert resolve(written) == registry[meant]()


def test_adamw_is_adam_with_the_decay_of_pytorch():
    assert resolve("AdamW") == fastopt.Adam(weight_decay=0.01)
    assert resolve("adamw", weight_decay=0.004) == fastopt.Adam(weight_decay=0.004)
    one, two = network(), network()
    one.fit(X, Y, "AdamW", epochs=3)
    two.fit(X, Y, fastopt.Adam(weight_decay=0.01), epochs=3)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert (one.parameters != network().parameters).any()


@pytest.mark.parametrize(
    ("written", "name"),
    [("L-BFGS-B", "lbfgs"), ("Newton-CG", "newton_cg"), ("Bfgs", "bfgs"), ("CG", "cg")],
)
def test_methods_of_scipy(written, name):
    def fun(x):
        return float(x @ x)

    one, two = (fastopt.minimize(fun, [1.0, 2.0], method=m) for m in (written, name))
    np.testing.assert_array_equal(one.x, two.x)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("GlorotUniform", "glorot_uniform"), ("xavier_uniform", "glorot_uniform")],
        *[("kaiming_normal", "he_normal"), ("HeNormal", "he_normal"), ("RandomNormal", "normal")],
    ],
)
def test_initializers_of_the_four_worlds(written, meant):
    one, two = (network(initializer=name).parameters for name in (written, meant))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("written", ["BatchNormalization", "BatchNorm1d", "Batch"])
def test_normalizations_of_the_four_worlds(written):
    assert network(normalization=written).normalization == fastopt.BatchNormalization()


def test_settings_are_known_in_any_case():
    assert fastopt.LevenbergMarquardt(damping_rule="MATLAB").damping_rule == "matlab"
    assert fastopt.LBFGS(line_search="strong_wolfe").line_search == "wolfe"
    assert fastopt.EarlyStopping(mode="MAX").mode == "max"


def test_every_synonym_names_something_that_there_is():
    known = {
        "activation": ACTIVATIONS,
        "loss": LOSSES,
        "metric": METRICS,
        "optimizer": registry,
        "initializer": fastopt.initializers.registry,
        "normalization": ("batch", "layer"),
        "line_search": ("wolfe", "exact"),
    }
    assert set(_names.SYNONYMS) == set(known)
    for kind, words in _names.SYNONYMS.items():
        assert set(words.values()) <= set(known[kind]), kind
        assert all(word == _names.fold(word) for word in words), kind
        # What means something else is no synonym, and a name of fastopt's own neither.
        assert not set(words) & set(_names.DIFFERENT.get(kind, ())), kind
        assert not set(words) & {_names.fold(name) for name in known[kind]}, kind
    for words in (*_names.DIFFERENT.values(), _names.KEYWORDS):
        assert all(word == _names.fold(word) for word in words)


# --- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: network("tanhh"), ValueError, "got 'tanhh'; did you mean 'tanh'?"),
        (lambda: network("log_softmax"), ValueError, "loss='cross_entropy', which takes them as"),
        (lambda: network("gelu_tanh"), ValueError, "'gelu' is the exact form"),
        (lambda: check_loss("crosentropy"), ValueError, "did you mean 'cross_entropy'?"),
        (lambda: check_loss("mean_square_error"), ValueError, "did you mean 'mse'?"),
        (lambda: check_loss("log_loss"), ValueError, "'cross_entropy' .* 'binary_cross_entropy'"),
        (lambda: check_loss("sse"), ValueError, "means, not sums: did you mean 'mse'?"),
        (lambda: check_loss("BCEWithLogitsLoss"), ValueError, "output_activation='identity'"),
        (lambda: metric_name("acuracy"), ValueError, "got 'acuracy'; did you mean 'accuracy'?"),
        (lambda: metric_name("acc"), ValueError, "got 'acc'; did you mean 'accuracy'?"),
        (lambda: metric_name("binary_accuracy"), ValueError, "did you mean 'accuracy'?"),
        (lambda: resolve("adm"), ValueError, "got 'adm'; did you mean 'adam'?"),
        (lambda: resolve("trainb"), ValueError, "'sgd' with batch_size=None"),
        (lambda: resolve("trainc"), ValueError, "batch_size=1, shuffle=False"),
        (lambda: resolve("trainr"), ValueError, "batch_size=1"),
        (lambda: resolve("trains"), ValueError, "epochs=1"),
        (lambda: resolve("trainbu"), ValueError, "unsupervised"),
        (lambda: resolve("trainru"), ValueError, "unsupervised"),
        (lambda: network(initializer="he_norml"), ValueError, "did you mean 'he_normal'?"),
        (lambda: network(normalization="bach"), ValueError, "did you mean 'batch'?"),
        (lambda: fastopt.LBFGS(line_search="wolf"), ValueError, "did you mean 'wolfe'?"),
        (
            lambda: fastopt.minimize(np.sum, [1.0], method="Nelder-Mead"),
            ValueError,
            "got 'Nelder-Mead'; methods without derivatives are not here",
        ),
        (lambda: fastopt.minimize(np.sum, [1.0], method="SLSQP"), ValueError, "constraints"),
        (lambda: fastopt.minimize(np.sum, [1.0], method="lm"), ValueError, "least_squares"),
        (lambda: fastopt.minimize(np.sum, [1.0], method="bgfs"), ValueError, "mean 'bfgs'?"),
    ],
)
def test_did_you_mean(call, error, text):
    with pytest.raises(error, match=re.sub(r"([?()])", r"\\\1", text)):
        call()


def test_nothing_is_suggested_where_nothing_is_alike():
    with pytest.raises(ValueError, match=r"got 'qwxyz'$"):
        network("qwxyz")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: fastopt.Adam(lr=0.1), "Adam() got an unexpected keyword argument 'lr', lr=0.1; "),
        (lambda: fastopt.Adam(lr=0.1), "did you mean 'learning_rate'?"),
        (lambda: fastopt.Adam(betas=(0.9, 0.99)), "did you mean 'beta_1' and 'beta_2'?"),
        (lambda: fastopt.Adam(beta1=0.9), "did you mean 'beta_1'?"),
        (lambda: fastopt.Adam(eps=1e-7), "did you mean 'epsilon'?"),
        (lambda: fastopt.RMSprop(alpha=0.9), "did you mean 'rho'?"),
        (lambda: fastopt.LevenbergMarquardt(mu=1e-3), "did you mean 'damping'?"),
        (lambda: fastopt.SGD(mu=0.9), "did you mean 'momentum'?"),
        (lambda: fastopt.SGD(mc=0.9), "multiplies the gradient by 1 - mc"),
        (lambda: fastopt.LBFGS(history_size=5), "did you mean 'memory'?"),
        (lambda: fastopt.EarlyStopping(n_iter_no_change=5), "did you mean 'patience'?"),
        (lambda: fastopt.Stopping(second=5), "did you mean 'seconds'?"),
        (lambda: fastopt.MLP(hidden_layer_sizes=(10,)), "did you mean 'layer_sizes'?"),
        (lambda: fastopt.MLP(hidden_layer_sizes=(10,)), "[inputs, *hidden, outputs]"),
        (lambda: network(seed=3), "did you mean 'random_state'?"),
        (lambda: network(epochs=3), "epochs=3; it belongs to fit()"),
        (lambda: network(lr=0.1), "did you mean 'learning_rate'? it belongs to the optimizer"),
        (lambda: network().fit(X, Y, lr=0.1), "it belongs to the optimizer"),
        (lambda: network().fit(X, Y, max_iter=10), "max_iter=10; did you mean 'epochs'?"),
        (lambda: network().fit(X, Y, weight_decay=0.1), "did you mean 'l2'?"),
        (lambda: network().fit(X, Y, weight_decay=0.1), "PyTorch's SGD and Adam add it"),
        (lambda: network().fit(X, Y, alpha=1e-4), "l2 = alpha/B for a classifier"),
        (lambda: network().fit(X, Y, validation_fraction=0.1), "'validation_split'?"),
        (lambda: network().fit(X, Y, dropout=0.1), "it belongs to MLP()"),
        (lambda: network().predict(X, mc_droput=3), "did you mean 'mc_dropout'?"),
        (lambda: network().evaluate(X, Y, metric="r2"), "did you mean 'metrics'?"),
        (lambda: fastopt.minimize(np.sum, [1.0], fprime=np.sum), "did you mean 'jac'?"),
        (lambda: fastopt.least_squares(np.sum, [1.0], maxfev=9), "did you mean 'max_nfev'?"),
    ],
)
def test_keyword_slips(call, text):
    with pytest.raises(TypeError) as error:
        call()
    assert text in str(error.value)


def test_slips_among_options_and_attributes():
    with pytest.raises(ValueError, match=r"'lr' = 0\.1; did you mean 'learning_rate'"):
        fastopt.minimize(np.sum, [1.0], method="adam", options={"lr": 0.1})
    with pytest.raises(AttributeError, match="did you mean 'learning_rate'"):
        fastopt.Adam().lr = 0.1


def test_signatures_are_those_that_are_written():
    assert list(inspect.signature(fastopt.Adam).parameters)[:2] == ["learning_rate", "beta_1"]
    assert next(iter(inspect.signature(fastopt.MLP).parameters)) == "layer_sizes"
    assert "epochs" in inspect.signature(fastopt.MLP.fit).parameters
    assert list(inspect.signature(fastopt.CosineDecay(0.1, 10)).parameters) == ["i", "epoch"]


def test_classes_of_the_users_own_keep_their_keywords():
    class Mine(fastopt.EarlyStopping):
        def __init__(self, waits, **others):
            super().__init__(patience=waits, **others)

    assert Mine(waits=3, mode="min").patience == 3
    with pytest.raises(TypeError, match="unexpected keyword argument 'patienc'"):
        Mine(waits=3, patienc=3)


def test_optimizers_of_other_libraries_are_named():
    def of(module, name):
        return type(name, (), {"__module__": module})

    with pytest.raises(TypeError, match="give 'adam' or its class; its weight_decay is added"):
        resolve(of("torch.optim.adam", "Adam")())
    with pytest.raises(TypeError, match=r"give 'rmsprop' or its class$"):
        resolve(of("keras.src.optimizers", "RMSprop")())
    with pytest.raises(TypeError, match="optimisers of its own: sgd, "):
        resolve(of("keras.src.optimizers", "Adafactor")())


# --- a network's attributes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("parameter", "parameters"), ("coef_", "coefs_"), ("histori_", "history_")],
)
def test_a_network_refuses_unknown_attributes(name, nearest):
    net = network()
    with pytest.raises(AttributeError, match=f"MLP has no attribute '{name}'.*mean '{nearest}'"):
        setattr(net, name, 1.0)
    with pytest.raises(AttributeError, match="no attribute 'learning_rate' that could"):
        net.learning_rate = 0.1
    assert not {name, "learning_rate"} & set(vars(net))


def test_what_a_network_may_be_given():
    class Named(fastopt.MLP):
        label: str
        color = "blue"

    net = Named([2, 3, 1])
    net.label, net.color = "first", "red"
    assert (net.label, net.color) == ("first", "red")
    net.parameters = np.zeros(net.n_parameters)
    net._anything = 1
    with pytest.raises(AttributeError, match=r"Named has no attribute 'lable'.*'label'"):
        net.lable = "second"


# --- rng ------------------------------------------------------------------------------------------


def test_rng_is_random_state():
    def weights(**seed):
        net = fastopt.MLP([2, 8, 1], dropout=0.5, **seed)
        net.fit(X, Y, epochs=2, **dict.fromkeys(seed, 7))
        mean, _ = net.predict(X, mc_dropout=3, **seed)
        return [*net.parameters, *mean]

    assert weights(rng=3) == weights(random_state=3)
    assert weights(rng=3) != weights(rng=4)
    glorot = fastopt.initializers.GlorotUniform()
    np.testing.assert_array_equal(glorot((2, 3), rng=5), glorot((2, 3), random_state=5))
    for make in (np.random.default_rng, np.random.SeedSequence, np.random.PCG64):
        one, two = (fastopt.MLP([2, 3, 1], rng=make(1)) for _ in range(2))
        np.testing.assert_array_equal(one.parameters, two.parameters)


@pytest.mark.parametrize(
    "call",
    [
        lambda both: fastopt.MLP([2, 1], **both),
        lambda both: network().fit(X, Y, **both),
        lambda both: network(dropout=0.5).predict(X, mc_dropout=2, **both),
    ],
)
def test_random_state_and_rng_are_not_given_both(call):
    with pytest.raises(TypeError, match="give random_state or rng, not both: got 0 and 1"):
        call({"random_state": 0, "rng": 1})
