"""scikit-learn's own callbacks (since 1.9): every epoch is a task of ``fit``."""

from __future__ import annotations

from typing import Any

from fastopt.callbacks import Callback, Logs

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support yet."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "FitTasks", "with_callbacks"]


class FitTasks(Callback):
    """Tells scikit-learn's callbacks of ``fit`` as a whole and of each of its epochs.

    Used in a ``with`` statement around the run; without such callbacks nothing is done.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int) -> None:
        self._estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self._context = estimator._init_callback_context(max_subtasks=epochs)

    @property
    def is_watched(self) -> bool:
        """Whether there are callbacks that look on."""
        return self._context is not None and bool(getattr(self._estimator, "_skl_callbacks", ()))

    def __enter__(self) -> FitTasks:
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._data)
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if self._context is not None and kind is None:
            self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin a task."""
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._data, reconstruction_attributes=self._fitted)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """End the task; where a callback says so, the run too."""
        end = self._task.call_on_fit_task_end
        if end(**self._data, reconstruction_attributes=self._fitted):
            self.stop("callback")

    def _fitted(self) -> dict[str, Any]:
        """Return what makes an estimator that is fitted as far as this of the present one."""
        return {"network_": self.network.copy()}
