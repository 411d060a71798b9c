"""fastopt as its users call it."""

from bench.contender import Contender
from bench.threads import named


class FastoptMinibatch(Contender):
    """``net.fit`` over whole epochs: checks, shuffling, batches, History and all."""

    name = "fastopt"

    def __init__(self, case, threads):
        import fastopt

        self.fastopt, self.case, self.threads = fastopt, case, threads
        self.setting = named(threads)
        self.X, self.y = case.data()
        self.initial = case.initial_parameters()
        self.net = fastopt.MLP(
            case.sizes, case.activation, case.output_activation, dtype="float32", random_state=2
        )
        self.optimizer = fastopt.Adam()
        self.before = fastopt.get_num_threads()

    def prepare(self):
        self.net.parameters = self.initial
        self.fastopt.set_num_threads(self.threads)

    def run(self, count, shuffle=True):
        history = self.net.fit(
            self.X,
            self.y,
            self.optimizer,
            loss=self.case.loss,
            epochs=count,
            batch_size=self.case.batch,
            shuffle=shuffle,
        )
        self.losses = history.loss
        return count * self.case.steps

    def answer(self):
        self.run(1, shuffle=False)
        return self.losses

    def finish(self):
        self.fastopt.set_num_threads(self.before)


class FastoptAdam(Contender):
    """``opt.step`` on a flat vector."""

    name = "fastopt"

    def __init__(self, vectors, threads):
        import fastopt

        self.fastopt, self.vectors, self.threads = fastopt, vectors, threads
        self.setting = named(threads)
        self.optimizer = fastopt.Adam()
        self.optimizer.step(vectors.w, vectors.g)
        self.before = fastopt.get_num_threads()

    def prepare(self):
        self.fastopt.set_num_threads(self.threads)

    def run(self, count):
        step, w, g = self.optimizer.step, self.vectors.w, self.vectors.g
        for _ in range(count):
            step(w, g)
        return count

    def answer(self):
        w = self.vectors.sample()
        self.fastopt.Adam().step(w, self.vectors.g[: len(w)])
        return w

    def finish(self):
        self.fastopt.set_num_threads(self.before)
