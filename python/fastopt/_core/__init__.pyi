# Types of the compiled core; the same for every variant.

__all__ = ["build_info_raw", "built_variants", "supported_variants", "variant"]

variant: str
built_variants: tuple[str, ...]
supported_variants: tuple[str, ...]

def build_info_raw() -> dict[str, str]: ...
