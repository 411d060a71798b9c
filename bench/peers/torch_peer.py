"""PyTorch on the CPU: eager, with the fused Adam, and compiled."""

import numpy as np

from bench.contender import Contender

SETTINGS = ("eager", "fused Adam", "compiled, fused Adam")


class TorchMinibatch(Contender):
    name = "PyTorch"

    def __init__(self, case, setting):
        import torch

        self.case, self.setting, self.torch = case, setting, torch
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
        self.prepare()

    def prepare(self):
        torch = self.torch
        views = self.case.views(self.case.initial_parameters())
        with torch.no_grad():
            for parameter, value in zip(self.net.parameters(), views, strict=True):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        self.adam = torch.optim.Adam(
            self.net.parameters(), lr=1e-3, fused=True if "fused" in self.setting else None
        )

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
