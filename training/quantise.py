"""Eight-bit ONNX whose result for a row does not depend on the rows beside it.

The usual dynamic quantisation takes one scale from all activations of a call: one piece with an
outlier coarsens every other, and a text's result changes with its neighbours. Here each piece
has a scale of its own, each output channel of a weight one, and each row of an embedding one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

# Activations have 8 bits and no sign, weights 7 with sign: on processors without VNNI a sum of
# two products must fit 16 bits (2 * 255 * 63 < 2^15).
ZERO = 128
ACTIVATION_LEVELS = 127
WEIGHT_LEVELS = 63
EMBEDDING_LEVELS = 127
# Errors of the first layers grow through the others. With three of the twelve in fp32 links keep
# within 0.2 points of F1 on dev, with none they lose 1.3; six are no better.
PRECISE_SHARE = 0.25
SMALL_EMBEDDING = 1024  # rows up to which a table stays as it is

Floats = NDArray[np.float32]


def quantise(source: Path, out: Path) -> None:
    """Read the fp32 model ``source``, write it with 8-bit matrices and embeddings to ``out``.

    The first quarter of the matrices, in the order that they are used, stays in fp32.
    """
    model = onnx.load(str(source))
    graph = model.graph
    tables = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    nodes: list[NodeProto] = []
    added: dict[str, TensorProto] = {}
    rows_of: dict[str, str] = {}  # activation -> its scales, where it is quantised already
    matrices = [n for n in graph.node if n.op_type == "MatMul" and n.input[1] in tables]
    precise = {n.output[0] for n in matrices[: int(len(matrices) * PRECISE_SHARE)]}
    for node in graph.node:
        if node.output[0] in precise:
            nodes.append(node)
        elif node.op_type == "MatMul" and node.input[1] in tables:
            nodes.extend(_matmul(node, tables[node.input[1]], rows_of, added))
        elif node.op_type == "Gather" and _is_embedding(tables.get(node.input[0])):
            nodes.extend(_embedding(node, tables[node.input[0]], added))
        else:
            nodes.append(node)
    _replace(graph, nodes, added)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, str(out))


def _is_embedding(table: Floats | None) -> bool:
    return table is not None and table.ndim == 2 and len(table) > SMALL_EMBEDDING


def _replace(graph: GraphProto, nodes: list[NodeProto], added: dict[str, TensorProto]) -> None:
    """Put ``nodes`` in place of the graph's, and leave out weights that none of them reads."""
    used = {name for node in nodes for name in node.input} | {o.name for o in graph.output}
    kept = [t for t in graph.initializer if t.name in used]
    for field, values in (("node", nodes), ("initializer", [*kept, *added.values()])):
        graph.ClearField(field)
        getattr(graph, field).extend(values)


def _constant(added: dict[str, TensorProto], name: str, values: NDArray[np.generic]) -> str:
    added[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
    return name


def scaled(values: Floats, axis: int, levels: int) -> tuple[NDArray[np.int8], Floats]:
    """``values`` as integers of ``-levels`` to ``levels``, and their scales along ``axis``."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True) / levels, 1e-12)
    whole = np.rint(values / scales).astype(np.int8)
    return whole, scales.astype(np.float32)


def _matmul(
    node: NodeProto, weight: Floats, rows_of: dict[str, str], added: dict[str, TensorProto]
) -> Iterator[NodeProto]:
    """``x @ weight``: rows of x to 8 bits, an integer product, scales of rows and columns."""
    source, name = node.input[0], node.name or node.output[0]
    zero = _constant(added, "quantised_zero", np.array(ZERO, dtype=np.uint8))
    one = _constant(added, "quantised_one", np.array(1, dtype=np.float32))
    if source not in rows_of:
        yield from _quantised_rows(source, added)
        rows_of[source] = f"{source}_scales"
    whole, scales = scaled(weight, 0, WEIGHT_LEVELS)
    whole_name = _constant(added, f"{name}_weight", whole)
    scale_name = _constant(added, f"{name}_scale", scales[0])
    product = f"{name}_product"
    yield helper.make_node(
        "MatMulIntegerToFloat",
        [f"{source}_whole", whole_name, one, scale_name, zero],
        [product],
        domain="com.microsoft",
    )
    yield helper.make_node("Mul", [product, rows_of[source]], [node.output[0]])


def _quantised_rows(source: str, added: dict[str, TensorProto]) -> Iterator[NodeProto]:
    """``source`` as whole numbers about `ZERO`, and the scale of each of its rows."""
    levels = _constant(added, "quantised_levels", np.array(ACTIVATION_LEVELS, dtype=np.float32))
    least = _constant(added, "quantised_least", np.array(1e-12, dtype=np.float32))
    shift = _constant(added, "quantised_shift", np.array(ZERO, dtype=np.float32))
    axes = _constant(added, "quantised_axes", np.array([-1], dtype=np.int64))
    yield helper.make_node("Abs", [source], [f"{source}_size"])
    yield helper.make_node("ReduceMax", [f"{source}_size", axes], [f"{source}_most"], keepdims=1)
    yield helper.make_node("Div", [f"{source}_most", levels], [f"{source}_step"])
    yield helper.make_node("Max", [f"{source}_step", least], [f"{source}_scales"])
    yield helper.make_node("Div", [source, f"{source}_scales"], [f"{source}_steps"])
    yield helper.make_node("Round", [f"{source}_steps"], [f"{source}_round"])
    yield helper.make_node("Add", [f"{source}_round", shift], [f"{source}_shifted"])
    yield helper.make_node("Cast", [f"{source}_shifted"], [f"{source}_whole"], to=TensorProto.UINT8)


def _embedding(
    node: NodeProto, table: Floats, added: dict[str, TensorProto]
) -> Iterator[NodeProto]:
    """Rows of a table kept in 8 bits, made fp32 after they are looked up."""
    name = node.name or node.output[0]
    whole, scales = scaled(table, 1, EMBEDDING_LEVELS)
    whole_name = _constant(added, f"{name}_rows", whole)
    scale_name = _constant(added, f"{name}_scales", scales)
    yield helper.make_node("Gather", [whole_name, node.input[1]], [f"{name}_whole"])
    yield helper.make_node("Gather", [scale_name, node.input[1]], [f"{name}_scale"])
    yield helper.make_node("Cast", [f"{name}_whole"], [f"{name}_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [node.output[0]])
