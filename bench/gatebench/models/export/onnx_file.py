"""A trained model as ONNX, where ONNX's own recurrent operators compute its cell."""

from typing import TYPE_CHECKING, Any

import numpy as np

from gatebench.models.export import libraries
from gatebench.models.export.network import ExportedNetwork

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

OPSET, IR = 17, 8
"""Versions of ONNX of 2022: what reads the file need not be new."""


def reason_without_onnx(network: ExportedNetwork) -> str | None:
    """Return why a model cannot be written as ONNX; None if it can."""
    if libraries.onnx_operator(network.graph) is None:
        return f"ONNX has no operator that computes {network.graph.name}"
    try:
        import onnx  # noqa: F401
    except ImportError:
        return "it takes a package that is not installed: pip install 'gatebench[onnx]'"
    return None


def onnx_bytes(network: ExportedNetwork) -> bytes:
    """Return a file: ``x [B, T, X]``, ``lengths [B]`` (int32) to ``readout [B, T, R]``, or ``[B, R]`` of sequences."""
    from onnx import TensorProto, checker, helper

    graph = _OnnxGraph()
    h = graph.add("Transpose", "x", perm=[1, 0, 2])  # time first, as the operators have it
    last = h
    for layer in range(len(network.layers)):
        h, last = _layer(graph, network, layer, h)
    seen = last if network.at == "sequence" else graph.add("Transpose", h, perm=[1, 0, 2])
    product = graph.add("MatMul", seen, graph.constant(network.weights["readout_W"]))
    graph.add("Add", product, graph.constant(network.weights["readout_b"][0]), outputs=["readout"])
    steps = ["T"] if network.at == "step" else []
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            network.graph.name,
            [
                helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "T", network.inputs]),
                helper.make_tensor_value_info("lengths", TensorProto.INT32, ["B"]),
            ],
            [helper.make_tensor_value_info("readout", TensorProto.FLOAT, ["B", *steps, network.readout])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="gatebench",
    )
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _layer(graph: "_OnnxGraph", network: ExportedNetwork, layer: int, x: str) -> tuple[str, str]:
    """Add a layer over ``x [T, B, .]``; return its outputs: ``[T, B, D * H]``, and ``[B, D * H]`` after the last step."""
    built_in = libraries.onnx_operator(network.graph)
    assert built_in is not None, network.graph.name
    weights = [weights for number, _, weights in network.cells() if number == layer]
    parts = [built_in.stacked(w) for w in weights]
    W, U = (np.stack([part[name] for part in parts]) for name in ("W", "U"))
    b = np.stack([np.concatenate([part["b"], part["b_state"]]) for part in parts])
    inputs = [x, *map(graph.constant, (W, U, b)), "lengths"]
    if "V_i" in network.graph.parameters:  # initial states are zero: they are left out
        peepholes = [np.concatenate([w[f"V_{gate}"][0] for gate in "iof"]) for w in weights]
        inputs += ["", "", graph.constant(np.stack(peepholes))]
    every, end = graph.add(
        built_in.name,
        *inputs,
        outputs=[f"{built_in.name}_{layer}", f"{built_in.name}_{layer}_end"],
        hidden_size=network.output,
        direction="bidirectional" if network.stack.bidirectional else "forward",
        **built_in.options,
    )
    # The operators give [T, D, B, H] and [D, B, H].
    wide = network.stack.directions * network.output
    every = graph.add("Reshape", graph.add("Transpose", every, perm=[0, 2, 1, 3]), graph.constant(np.array([0, 0, wide])))
    end = graph.add("Reshape", graph.add("Transpose", end, perm=[1, 0, 2]), graph.constant(np.array([0, wide])))
    return every, end


class _OnnxGraph:
    """Nodes and constants of an ONNX graph, each with a unique name."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: np.ndarray) -> str:
        """Add a weight, or integers for an operator; return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        contents = value.astype(np.float32) if value.dtype.kind == "f" else value
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(contents), name))
        return name

    def add(self, op: str, *inputs: str, outputs: list[str] | None = None, **attributes: Any) -> Any:
        """Add a node; return the name of its output, or of all outputs where they are given."""
        from onnx import helper

        named = outputs or [f"{op}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, list(inputs), named, **attributes))
        return named if len(named) > 1 else named[0]
