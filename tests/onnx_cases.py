"""Opsets that the installed ONNX Runtime reads; the others are skipped."""

import pytest

from fastopt.exchange.onnx_out import OLDEST_RUNTIMES, is_read_by


def opsets(*wanted):
    """Return parameters for pytest."""
    try:
        from onnxruntime import __version__ as version
    except ImportError:
        return list(wanted)  # the module that asks is skipped

    def marks(opset):
        reason = f"opset {opset} needs ONNX Runtime {OLDEST_RUNTIMES[opset]}, {version} is here"
        return pytest.mark.skipif(not is_read_by(version, opset), reason=reason)

    return [pytest.param(opset, marks=marks(opset)) for opset in wanted]
