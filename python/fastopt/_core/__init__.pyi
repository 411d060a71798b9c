# Types of the compiled core; the same for every variant.

from typing import Any

__all__ = [
    "RuleHandle",
    "build_info_raw",
    "built_variants",
    "clip",
    "supported_variants",
    "variant",
]

variant: str
built_variants: tuple[str, ...]
supported_variants: tuple[str, ...]

def build_info_raw() -> dict[str, str]: ...

class RuleHandle:
    """An update rule at work on arrays of the caller's."""

    def __init__(
        self, rule: str, settings: dict[str, float], weight_decay: float, params: Any
    ) -> None: ...
    @property
    def iteration(self) -> int: ...
    def step(self, params: Any, grads: Any, learning_rate: float) -> None: ...
    def finalize(self, params: Any) -> None: ...
    def configure(self, rule: str, settings: dict[str, float], weight_decay: float) -> None: ...
    def export_state(self) -> dict[str, Any]: ...
    def import_state(self, state: dict[str, Any]) -> None: ...

def clip(kind: str, limit: float, grads: Any) -> bool: ...
