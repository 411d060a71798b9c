"""The estimators for skl2onnx, which asks them for a converter: nothing has to be registered."""

from __future__ import annotations

from typing import Any

from fastopt.exchange import onnx_out

_LATEST_OPSET = 22  # of those that fastopt writes; later ones read it


def shapes(operator: Any) -> None:
    """Set the types of an operator's outputs."""
    from skl2onnx.common import data_types

    model, labels = operator.raw_operator, operator.raw_operator._labels()
    N = operator.inputs[0].get_first_dimension()
    numbers = _type_of_numbers(data_types, operator)
    width = model.network_.layer_sizes[-1]
    if labels is None:
        operator.outputs[0].set_type(numbers([N, width]))
        return
    if labels.several:
        operator.outputs[0].set_type(data_types.Int64TensorType([N, width]))
        operator.outputs[1].set_type(numbers([N, width]))
        return
    kinds = {
        "b": data_types.BooleanTensorType,
        "i": data_types.Int64TensorType,
        "u": data_types.Int64TensorType,
        "f": data_types.DoubleTensorType,
    }
    kind = kinds.get(labels.classes.dtype.kind, data_types.StringTensorType)
    operator.outputs[0].set_type(kind([N]))
    operator.outputs[1].set_type(numbers([N, len(labels.classes)]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an estimator to what skl2onnx writes."""
    import onnx
    from skl2onnx.common import data_types

    model, given = operator.raw_operator, operator.inputs[0].full_name
    double = _type_of_numbers(data_types, operator) is data_types.DoubleTensorType
    opset = min(container.target_opset, _LATEST_OPSET)
    dtype = "float64" if double else "float32"
    graph = onnx_out.graph_of(model.network_, opset, dtype, model._labels())
    outputs = {own.name: o.full_name for own, o in zip(graph.output, operator.outputs, strict=True)}
    names = {"x": scope.get_unique_variable_name("x"), **outputs}
    kind = onnx.TensorProto.DOUBLE if double else onnx.TensorProto.FLOAT
    container.add_node("Cast", given, names["x"], to=kind, op_version=9)

    def unique(name: str) -> str:
        return str(names.setdefault(name, scope.get_unique_variable_name(name)))

    for tensor in graph.initializer:
        tensor.name = unique(tensor.name)
        container.initializers.append(tensor)
    for node in graph.node:
        container.add_node(
            node.op_type,
            [unique(name) for name in node.input],
            [unique(name) for name in node.output],
            op_version=opset,
            name=scope.get_unique_operator_name(node.op_type),
            **{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )


def _type_of_numbers(data_types: Any, operator: Any) -> Any:
    """Return the type in which the network computes: double where its inputs are."""
    double = isinstance(operator.inputs[0].type, data_types.DoubleTensorType)
    return data_types.DoubleTensorType if double else data_types.FloatTensorType
