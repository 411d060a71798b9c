"""What a network can be written as. Each converter is imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastopt.network import MLP


def to_onnx(
    net: MLP, path: Any, opset: int = 17, dtype: str = "float32", *, verify: Any = None
) -> None:
    """Write the network in use as an ONNX model, one file; needs the extra ``fastopt[onnx]``.

    The input is "x" (N, d), the output "y" (N, q), N whatever a batch has. Batch normalisation
    is by the running statistics, dropout is off, scalings of inputs and targets are in it.

    Parameters
    ----------
    path : str or path
    opset : int
        13 … 22; 17 by default, which ONNX Runtime reads from 1.15 on (19: 1.16, 20: 1.17, 21:
        1.18, 22: 1.21).
    dtype : {"float32", "float64"}
        Of inputs, weights, outputs. "gelu" can be written in float32 only: ONNX Runtime has no
        error function in double precision.
    verify : True or array (N, d), optional
        ONNX Runtime computes these data (True: random ones of the scale of the inputs), before
        the file is there: to 1e-5 (float32) or 1e-12 (float64) of numbers of order one what
        ``predict`` computes, or ValueError.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.MLP([4, 16, 3], output_activation="softmax", random_state=0)
    >>> net.to_onnx("/tmp/net.onnx", verify=True)  # doctest: +SKIP
    """
    from fastopt.exchange import onnx_out

    onnx_out.export(net, path, opset, dtype, verify)


def to_c(net: MLP, path: Any, name: str = "model", dtype: str = "float32") -> None:
    """Write the network in use as one C99 file without dependencies or allocation.

    It has ``void model_predict(const float x[], float y[])`` for one sample, with scalings and
    softmax; C's math.h is all it needs, and every array is constant or on the stack. With
    ``MODEL_HEADER_ONLY`` defined it is its own header; with ``MODEL_TEST`` it has a ``main``
    that compares some predictions with those of ``predict``.

    Parameters
    ----------
    path : str or path
    name : str
        What its functions and macros begin with.
    dtype : {"float32", "float64"}
        float or double.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.MLP([4, 16, 3], output_activation="softmax", random_state=0)
    >>> net.to_c("/tmp/net.c", name="net")
    """
    from fastopt.exchange import c_out

    c_out.export(net, path, name, dtype)


def to_torch(net: MLP) -> Any:
    """Return a ``torch.nn.Sequential`` in ``eval()``; needs PyTorch.

    It has the weights, running statistics and dropout of the network, so that it can be trained
    on; the scalings of inputs and targets are in the weights of the first and the last layer.

    Examples
    --------
    >>> import fastopt
    >>> module = fastopt.MLP([4, 16, 3]).to_torch()  # doctest: +SKIP
    """
    from fastopt.exchange import torch_out

    return torch_out.to_torch(net)


def to_keras(net: MLP) -> Any:
    """Return a ``keras.Sequential``; needs Keras 3.

    It has the weights, running statistics and dropout of the network, so that it can be trained
    on. Scaled inputs are a Normalization in front, in the network's dtype; the scaling of
    targets is in the weights of the last layer. Shortcuts are refused.

    Examples
    --------
    >>> import fastopt
    >>> model = fastopt.MLP([4, 16, 3]).to_keras()  # doctest: +SKIP
    """
    from fastopt.exchange import keras_out

    return keras_out.to_keras(net)


def to_matlab(net: MLP, path: Any) -> None:
    """Write the network in use as one MATLAB function, which GNU Octave runs, too.

    ``y1 = net(x1)`` computes in double precision, samples in columns, scalings included; no
    toolbox is needed. Names and layout are those of genFunction.

    Parameters
    ----------
    path : str or path
        Ends in a name of MATLAB's and .m: the function is called as its file.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.MLP([4, 16, 3], output_activation="softmax", random_state=0)
    >>> net.to_matlab("/tmp/net.m")
    >>> fastopt.from_matlab("/tmp/net.m")
    MLP([4, 16, 3], activation='tanh', output_activation='softmax', dtype='float64')
    """
    from fastopt.exchange import matlab_out

    matlab_out.export(net, path)
