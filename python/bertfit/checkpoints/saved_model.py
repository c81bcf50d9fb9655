"""TensorFlow's SavedModels, read without being run: variables by their names, assets, and operations by their kinds.

saved_model.pb is a protocol buffer. Its object graph names the variables; the checkpoint beside it (variables/) has
their values under other names, and an object graph of its own that says which is which. Its graph of operations is
counted and not executed. What a model's variables mean is decided in `checkpoints.tfhub`.
"""

from __future__ import annotations

import collections
import struct
from pathlib import Path
from typing import Any

from bertfit import _env
from bertfit.checkpoints import archive
from bertfit.checkpoints.tensorflow_files import TensorFlowFile
from bertfit.checkpoints.tensors import damaged
from bertfit.errors import CheckpointError

FILE, METADATA = "saved_model.pb", "keras_metadata.pb"
_VALUE, _GRAPH = "VARIABLE_VALUE", "_CHECKPOINTABLE_OBJECT_GRAPH"
_LARGEST = 2**28  # bytes of saved_model.pb; a BERT's has 10 million


class SavedModel:
    """A SavedModel's description and variables.

    Args:
        folder: The folder with saved_model.pb and variables/.

    Attributes:
        path: The path of saved_model.pb.
        variables: Name of a variable -> its key in `file`.
        attributes: Name of a variable that is an attribute of the model (`do_lower_case`) -> its key in `file`.
        assets: Name of an attribute of the model -> the file that it is.
        file: The checkpoint with the values.

    Raises:
        CheckpointError: A file is missing or damaged.
    """

    def __init__(self, folder: Path):
        self.path = folder / FILE
        self._data = _bytes(self.path)
        metadata = folder / METADATA
        self._metadata = _bytes(metadata) if metadata.is_file() else b""
        if not (folder / "variables" / "variables.index").is_file():
            raise CheckpointError("A SavedModel must have its variables.",
                                  [f"{folder} has no variables/variables.index."])
        self._model = self._parsed()
        self.file = TensorFlowFile(folder / "variables" / "variables")
        self._nodes = self._model.object_graph_def.nodes
        children = {child.local_name: child.node_id for child in self._nodes[0].children} if self._nodes else {}
        self.assets = self._assets(folder, children)
        self.variables, self.attributes = self._variables(children)

    def _parsed(self) -> Any:
        _env.tensorflow()
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import saved_model_pb2

        model = saved_model_pb2.SavedModel()
        try:
            model.ParseFromString(self._data)
        except (DecodeError, RecursionError) as error:
            raise damaged(self.path, None, f"it is not a SavedModel ({error})") from None
        if len(model.meta_graphs) != 1:
            raise damaged(self.path, None, f"it has {len(model.meta_graphs)} graphs, not one")
        return model.meta_graphs[0]

    def _assets(self, folder: Path, children: dict[str, int]) -> dict[str, Path]:
        found = {}
        for name, number in children.items():
            node = self._node(number)
            if node.WhichOneof("kind") != "asset":
                continue
            index = node.asset.asset_file_def_index
            if not 0 <= index < len(self._model.asset_file_def):
                raise damaged(self.path, None, f"it has no file for {name}")
            file = self._model.asset_file_def[index].filename
            # Only names of files in assets/; else a downloaded model could point at any file of the disk.
            if not archive.is_file_name(file):
                raise damaged(self.path, None, f"{file!r:.100} is not the name of a file in assets")
            found[name] = folder / "assets" / file
        return found

    def _node(self, number: int) -> Any:
        if not 0 <= number < len(self._nodes):
            raise damaged(self.path, None, f"its object graph has no node {number}")
        return self._nodes[number]

    def _variables(self, children: dict[str, int]) -> tuple[dict[str, str], dict[str, str]]:
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import trackable_object_graph_pb2

        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        try:
            graph.ParseFromString(self.file.read(_GRAPH))
        except (DecodeError, TypeError) as error:
            raise damaged(self.file.index, _GRAPH, error) from None
        owners = {number: name for name, number in children.items()}
        variables: dict[str, str] = {}
        attributes: dict[str, str] = {}
        for number, node in enumerate(graph.nodes):  # both graphs number their nodes alike
            for attribute in node.attributes:
                if attribute.name != _VALUE or attribute.checkpoint_key not in self.file.shapes:
                    continue
                named = self._node(number)
                name = named.variable.name if named.WhichOneof("kind") == "variable" else ""
                name = name or attribute.full_name
                if number in owners:
                    attributes[owners[number]] = attribute.checkpoint_key
                elif name in variables:
                    raise damaged(self.path, name, "two variables have this name")
                else:
                    variables[name] = attribute.checkpoint_key
        return variables, attributes

    # -- The graph of operations ----------------------------------------------------------------------------

    def operations(self, of: str) -> collections.Counter[str]:
        """How often each kind of operation is applied in the function that applies `of` most often.

        A function's operations are its own and those of the functions that it calls.
        """
        functions = {function.signature.name: function for function in self._model.graph_def.library.function}
        counted: dict[str, collections.Counter[str]] = {}

        def count(name: str) -> collections.Counter[str]:
            if name not in counted:
                counted[name] = total = collections.Counter()  # a function that calls itself counts once
                for node in functions[name].node_def:
                    total[node.op] += 1
                    for value in node.attr.values():
                        if value.WhichOneof("value") == "func" and value.func.name in functions:
                            total.update(count(value.func.name))
            return counted[name]

        try:
            return max(map(count, functions), key=lambda total: total[of], default=collections.Counter())
        except RecursionError:
            raise damaged(self.path, None, "its functions call each other without end") from None

    def constants(self, ending: str) -> set[float]:
        """The values of the float32 scalars whose names end so."""
        found = set()
        for function in self._model.graph_def.library.function:
            for node in function.node_def:
                if node.op == "Const" and node.name.endswith(ending):
                    tensor = node.attr["value"].tensor
                    values = list(tensor.float_val) or [
                        value for (value,) in struct.iter_unpack("<f", tensor.tensor_content[:4])
                        if len(tensor.tensor_content) == 4]
                    found.update(values[:1])
        return found

    def mentions(self, text: bytes) -> bool:
        """Whether the descriptions of layers that Keras adds have this text."""
        return text in self._data or text in self._metadata


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise damaged(path, None, f"it has more than {_LARGEST:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError("A SavedModel must be readable.", [f"{path}: {error.strerror}."]) from None
