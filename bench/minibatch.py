"""How long does a step of training in mini-batches take, with Adam in float32?

Gather, forward, backward and update; whole epochs, each with an order of its own. The answer that
contenders share is the loss of the first epoch without shuffling.
"""

from functools import partial

from bench.cases import NETWORKS
from bench.peers.fastopt_peer import FastoptMinibatch
from bench.peers.jax_peer import JaxMinibatch
from bench.peers.numpy_peer import NumpyMinibatch
from bench.peers.sklearn_peer import SklearnMinibatch
from bench.peers.torch_peer import SETTINGS, TorchMinibatch
from bench.question import Case
from bench.threads import cpus, named


def cases():
    return [_case(network) for network in NETWORKS.values()]


def _case(network):
    threads = sorted({min(k, cpus()) for k in network.threads})
    most = threads[-1]
    contenders = {"NumPy": partial(NumpyMinibatch, network, most)}
    for k in threads:
        contenders[f"fastopt, {named(k)}"] = partial(FastoptMinibatch, network, k)
    contenders["scikit-learn"] = partial(SklearnMinibatch, network, most)
    for setting in SETTINGS:
        contenders[f"PyTorch, {setting}"] = partial(TorchMinibatch, network, setting, most)
    contenders["JAX"] = partial(JaxMinibatch, network)
    return Case(network.name, network.title, contenders, network.targets)
