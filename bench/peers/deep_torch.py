"""PyTorch with batch normalisation, dropout and shortcuts."""

from itertools import pairwise

from bench.peers.torch_peer import TorchMinibatch


class DeepTorch(TorchMinibatch):
    """Its parameters lie in the order of fastopt's: W, then b, or γ and β."""

    def __init__(self, case, setting, threads):
        super().__init__(case, setting, threads)
        torch, nn = self.torch, self.torch.nn

        class Residual(nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def forward(self, x):
                return x + self.inner(x)

        layers = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(case.sizes[:-1]), start=1):
            normalized = case.normalization == "batch"
            block = [nn.Linear(fan_in, fan_out, bias=not normalized)]
            if normalized:
                block.append(nn.BatchNorm1d(fan_out, eps=1e-3, momentum=0.01))
            block.append(nn.Tanh() if case.activation == "tanh" else nn.ReLU())
            if case.dropout:
                block.append(nn.Dropout(case.dropout))
            block = nn.Sequential(*block)
            layers.append(Residual(block) if case.residual and layer > 1 else block)
        self.net = nn.Sequential(*layers, nn.Linear(*case.sizes[-2:]))
        if "compiled" in setting:
            self.forward = torch.compile(self._forward, dynamic=False)

    def prepare(self):
        for module in self.net.modules():
            if isinstance(module, self.torch.nn.BatchNorm1d):
                module.reset_running_stats()
        super().prepare()
