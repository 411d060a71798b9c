"""PyTorch on the CPU: eager, with the fused Adam, and compiled."""

import numpy as np

from bench.contender import Contender

SETTINGS = ("eager", "fused Adam", "compiled, fused Adam")


class TorchMinibatch(Contender):
    name = "PyTorch"

    def __init__(self, case, setting, threads):
        import torch

        self.case, self.setting, self.torch = case, setting, torch
        self.threads, self.before = threads, torch.get_num_threads()
        torch.set_num_threads(threads)
        X, y = case.data()
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        activation = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[case.activation]
        layers = []
        for fan_in, fan_out in zip(case.sizes, case.sizes[1:], strict=False):
            layers += [torch.nn.Linear(fan_in, fan_out), activation()]
        self.net = torch.nn.Sequential(*layers[:-1])
        self.loss = torch.nn.MSELoss() if case.loss == "mse" else torch.nn.CrossEntropyLoss()
        self.forward = self._forward
        if "compiled" in setting:
            self.forward = torch.compile(self._forward, dynamic=False)
        self.rng = np.random.default_rng(2)

    def prepare(self):
        torch = self.torch
        torch.set_num_threads(self.threads)
        views = self.case.views(self.case.initial_parameters())
        with torch.no_grad():
            for parameter, value in zip(self.net.parameters(), views, strict=True):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        self.adam = torch.optim.Adam(
            self.net.parameters(), lr=1e-3, fused=True if "fused" in self.setting else None
        )

    def finish(self):
        self.torch.set_num_threads(self.before)

    def answer(self):
        self.run(1, shuffle=False)
        return self.losses

    def _forward(self, rows):
        return self.loss(self.net(self.X[rows]), self.y[rows])

    def run(self, count, shuffle=True):
        torch, n = self.torch, self.case.n_samples
        self.losses = []
        for _ in range(count):
            order = torch.from_numpy(self.rng.permutation(n) if shuffle else np.arange(n))
            batches = []
            for rows in order.split(self.case.batch):
                self.adam.zero_grad(set_to_none=True)
                loss = self.forward(rows)
                loss.backward()
                self.adam.step()
                batches.append(loss.detach())
            self.losses.append(torch.stack(batches).mean().item())
        return count * self.case.steps


class TorchAdam(Contender):
    """The rule alone, on one flat tensor."""

    name = "PyTorch"

    def __init__(self, vectors, setting, threads):
        import torch

        self.torch, self.vectors, self.setting, self.threads = torch, vectors, setting, threads
        self.before = torch.get_num_threads()
        self.adam = self._adam(vectors.w, vectors.g)

    def _adam(self, w, g):
        torch = self.torch
        parameter = torch.nn.Parameter(torch.from_numpy(w))
        parameter.grad = torch.from_numpy(g)
        return torch.optim.Adam([parameter], lr=1e-3, **{self.setting: True})

    def prepare(self):
        self.torch.set_num_threads(self.threads)

    def run(self, count):
        for _ in range(count):
            self.adam.step()
        return count

    def answer(self):
        w = self.vectors.sample()
        self._adam(w, self.vectors.g[: len(w)]).step()
        return w

    def finish(self):
        self.torch.set_num_threads(self.before)
