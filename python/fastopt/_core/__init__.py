"""The compiled core: chooses the variant for this processor once and names what it offers.

The extension is built for several levels of instruction sets. The environment variable
``FASTOPT_SIMD`` (``base``, ``v3`` or ``v4``) overrides the choice.
"""

import os
from importlib import import_module
from importlib.util import find_spec

from ._cpu import supported_variants as _find_supported_variants

_ALL_VARIANTS = ("base", "v3", "v4")

supported_variants: tuple[str, ...] = tuple(_find_supported_variants())
built_variants: tuple[str, ...] = tuple(
    name for name in _ALL_VARIANTS if find_spec(f"{__name__}._{name}") is not None
)


def _choose_variant(wanted: str | None) -> str:
    """Return the wanted variant, or the fastest one where none is asked for."""
    if not wanted:
        usable = [name for name in built_variants if name in supported_variants]
        if not usable:
            raise ImportError(
                "fastopt has no compiled variant for this processor: "
                f"built {built_variants}, supported here {supported_variants}"
            )
        return usable[-1]
    if wanted not in _ALL_VARIANTS:
        raise ValueError(f"FASTOPT_SIMD={wanted!r} is not one of {', '.join(_ALL_VARIANTS)}")
    if wanted not in built_variants:
        raise ImportError(
            f"FASTOPT_SIMD={wanted!r}: this variant was not built (built: "
            f"{', '.join(built_variants)})"
        )
    if wanted not in supported_variants:
        raise ImportError(
            f"FASTOPT_SIMD={wanted!r}: this processor does not support it (supported: "
            f"{', '.join(supported_variants)})"
        )
    return wanted


variant: str = _choose_variant(os.environ.get("FASTOPT_SIMD"))
_native = import_module(f"{__name__}._{variant}")

# All that the module itself offers; what that is stands in the bindings, its types in the .pyi.
_offered = {name: getattr(_native, name) for name in dir(_native) if not name.startswith("_")}
globals().update(_offered)

__all__ = [*_offered, "built_variants", "supported_variants", "variant"]
