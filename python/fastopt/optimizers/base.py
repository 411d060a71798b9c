"""What all optimisers share, and what those share that follow the gradient alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._errors import StateError
from fastopt._settings import Settings, checked
from fastopt.schedules import AdaptiveLearningRate, LearningRate, Schedule, check_learning_rate

Kind = Literal["first_order", "second_order"]
KINDS = get_args(Kind)
Arrays = TypeVar("Arrays", npt.NDArray[Any], Sequence[npt.NDArray[Any]])

# Where ε stands, and forms of Rprop; the places in a tuple are the numbers that C++ knows them by.
EPSILON_POSITIONS = ("outside", "inside", "uncorrected")
RPROP_VARIANTS = ("minus", "plus")
_CHOICES = {"epsilon_position": EPSILON_POSITIONS, "variant": RPROP_VARIANTS}


@dataclass
class Optimizer(Settings):
    """Base of all optimisers: hyperparameters, checked whenever they are set.

    Attributes
    ----------
    kind : str
        "first_order" (follows the gradient, batch by batch, in the network's precision) or
        "second_order" (one iteration sees all data, in double precision).
    full_batch : bool
        Whether it needs all data in each iteration.
    """

    kind: ClassVar[Kind]
    full_batch: ClassVar[bool] = False

    @property
    def _followed_rate(self) -> Any:
        """What η follows in a training: a number, a schedule or a rule; None: there is none."""
        return getattr(self, "learning_rate", None)


FOLLOWS_THE_LOSS = (
    "{} follows the loss, which step() does not see: set learning_rate yourself to what "
    "AdaptiveLearningRate.decide(learning_rate, loss, new_loss) returns"
)


class FirstOrder(Optimizer):
    """Base of the rules that follow the gradient.

    A subclass names its rule in C++ and declares its settings: ``learning_rate`` first, then
    numbers, flags and ``epsilon_position`` by the names that the C++ knows them by, and
    ``weight_decay``.

    Each of them also works on plain arrays, whoever computes the gradients; see :meth:`step`. The
    state (momentum, means, the count of iterations) then belongs to the object. It takes no part
    in ``repr``, equality, copies, clones and pickles: :meth:`state_dict` hands it out.
    """

    kind: ClassVar[Kind] = "first_order"
    rule: ClassVar[str]

    # Declared by each subclass, with its own default.
    learning_rate: LearningRate
    weight_decay: float

    _handle: _core.RuleHandle | None = None
    _waiting_state: dict[str, Any] | None = None  # loaded before the first step

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if (
            self._handle is not None
            and name in self.__dataclass_fields__
            and name != "learning_rate"
        ):
            self._handle.configure(*self._rule())

    def _rule(self) -> tuple[str, dict[str, float], float]:
        """Return what C++ makes the rule from: its name, its numbers and the weight decay."""
        settings = self.get_params()
        del settings["learning_rate"]
        weight_decay = settings.pop("weight_decay")
        for name, choices in _CHOICES.items():
            if name in settings:
                settings[name] = choices.index(settings[name])
        return self.rule, {name: float(value) for name, value in settings.items()}, weight_decay

    def step(
        self,
        params: Arrays,
        grads: Arrays,
        *,
        epoch: int | None = None,
        check_finite: bool = True,
        loss: float | None = None,
    ) -> None:
        """Update arrays in place by one iteration.

        Parameters
        ----------
        params : array or sequence of arrays
            float32 or float64, all alike; of any shape and layout. They are written to. The first
            call fixes the number and the shapes.
        grads : array or sequence of arrays
            ∂E/∂params, of the same shapes; any real dtype and layout.
        epoch : int, optional
            The number of the epoch, for schedules that count epochs.
        check_finite : bool
            Whether gradients are refused, before anything is changed, that are not finite or whose
            squares overflow in the dtype of ``params`` where the rule keeps these (|g| above
            1.8e19 in float32, 1.3e154 in float64): an infinite mean of squares would stop w for
            ever. Sums of squares and momentum that overflow all the same are found after the step.
        loss : float, optional
            E at ``params``, for rules that compare losses: ``Rprop(variant="plus")``.

        Raises
        ------
        ValueError
            Arrays of other shapes than at first; gradients that are not finite or too large, which
            is a FloatingPointError as well.
        TypeError
            What is no array, complex numbers, parameters that are not float32 or float64.

        Notes
        -----
        ``weight_decay`` shrinks every array that is given (a network shrinks its weights alone and
        leaves biases as they are). With Nesterov's momentum ``params`` holds the look-ahead point,
        where the gradient is taken: see :meth:`finalize`.

        Examples
        --------
        >>> import numpy as np
        >>> from fastopt.optimizers import SGD
        >>> w = np.array([1.0, 2.0])
        >>> opt = SGD(learning_rate=0.25)
        >>> for _ in range(2):
        ...     opt.step(w, 2 * w)  # the gradient of w₁² + w₂²
        >>> w
        array([0.25, 0.5 ])
        """
        handle = self._handle
        if handle is None:
            handle = self._make_handle(params)
        rate = self.learning_rate
        if type(rate) is not float:
            rate = self._current_rate(handle.iteration, epoch)
        if loss is None and not self._needs_loss:
            handle.step(params, grads, rate, check_finite)
        else:
            handle.step(params, grads, rate, check_finite, self._checked_loss(loss))

    def finalize(self, params: Arrays) -> Arrays:
        """Turn the look-ahead point of Nesterov's momentum into w, in place; return ``params``.

        During training ``params`` holds θ = w + β m, where the gradient is taken. Other rules
        leave ``params`` alone. To go on with the training afterwards, finalize a copy.
        """
        if self._handle is not None:
            self._handle.finalize(params)
        return params

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state that :meth:`step` carries: numbers and flat arrays by name.

        Elements stand in C order, array after array.
        """
        if self._handle is not None:
            return {"rule": self.rule, **self._handle.export_state()}
        return {"rule": self.rule, **deepcopy(self._waiting_state or {"iteration": 0})}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that :meth:`state_dict` gave, with arrays of the same shapes."""
        if not isinstance(state, Mapping):
            raise TypeError(f"state must be a dict as state_dict() returns it, got {state!r}")
        entries = dict(state)
        rule = entries.pop("rule", None)
        if not isinstance(rule, str) or rule != self.rule:
            raise ValueError(f"the state belongs to the rule {rule!r}, not to {self.rule!r}")
        for name, value in entries.items():
            _check_entry(name, value)
        if entries == {"iteration": 0}:
            self.reset()
        elif self._handle is not None:
            self._handle.import_state(entries)
        else:
            self._waiting_state = deepcopy(entries)

    def reset(self) -> None:
        """Forget the state: the next step is the first one, on arrays of any shape."""
        self.__dict__.pop("_handle", None)
        self._waiting_state = None

    def _make_handle(self, params: Arrays) -> _core.RuleHandle:
        handle = _core.RuleHandle(*self._rule(), params)
        if self._waiting_state is not None:
            handle.import_state(self._waiting_state)
        # Where two threads take the first step at once, one handle serves both.
        shared: _core.RuleHandle = self.__dict__.setdefault("_handle", handle)
        self._waiting_state = None
        return shared

    @property
    def _needs_loss(self) -> bool:
        return False

    def _checked_loss(self, loss: float | None) -> float:
        if loss is None:
            raise ValueError(
                f"{self!r} compares losses: tell step() the one at params, "
                "step(params, grads, loss=...)"
            )
        return _validation.number("loss", loss)

    def _current_rate(self, iteration: int, epoch: int | None) -> float:
        schedule = self.learning_rate
        if isinstance(schedule, AdaptiveLearningRate):
            raise ValueError(FOLLOWS_THE_LOSS.format("AdaptiveLearningRate"))
        if not isinstance(schedule, Schedule):
            return float(schedule)
        if schedule.needs_epoch and epoch is None:
            raise ValueError(
                f"{type(schedule).__name__} counts epochs: tell step() which one it is, "
                "step(params, grads, epoch=...)"
            )
        return schedule(iteration, epoch)


def _check_entry(name: Any, value: Any) -> None:
    """Refuse what cannot be an entry of a state: counts, numbers and flat arrays."""
    if not isinstance(name, str):
        raise StateError(f"the names in a state must be strings, got {name!r}")
    what = f"state[{name!r}]"
    if name.endswith("iteration"):
        try:
            _validation.integer(what, value, low=0)
        except TypeError as error:
            raise StateError(str(error)) from None
    elif isinstance(value, bool) or not isinstance(value, Real | np.ndarray):
        raise StateError(f"{what} must be a number or an array, got {value!r}")


def rate(default: float) -> Any:
    """Declare the learning rate: a number > 0 or a schedule."""
    return checked(check_learning_rate, default)
