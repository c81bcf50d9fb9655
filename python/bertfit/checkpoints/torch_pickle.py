"""The pickles of PyTorch's weight files, interpreted without the module pickle: nothing in them can run.

A pickle is a program for a small stack machine, which may call any function of Python. This interpreter knows only
the instructions that `torch.save` writes for a dictionary of tensors, and four functions, which it does not call
either: it notes what they would have been given. Everything else is refused, with its place in the file.

>>> import io, pickle
>>> load(io.BytesIO(pickle.dumps({"a": [1, 2.5, None]}, 2)), "a file")
{'a': [1, 2.5, None]}
>>> load(io.BytesIO(pickle.dumps(print)), "a file")
Traceback (most recent call last):
bertfit.errors.CheckpointError: A PyTorch weight file must hold tensors and nothing that runs code.
- a file: it asks for builtins.print at byte 30 of its pickle.
- Nothing in it was run. Get the weights as model.safetensors, or from somebody whom you trust.
"""

from __future__ import annotations

import dataclasses
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from bertfit.errors import CheckpointError

# PyTorch's storage classes -> the types of `checkpoints.stored`.
STORAGES = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
_MARK = object()
_NAMES = {"OrderedDict": "collections", "_rebuild_tensor_v2": "torch._utils", "_rebuild_parameter": "torch._utils"}
_VALUES = {"BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT", "BINUNICODE",
           "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES",
           "SHORT_BINBYTES", "BINBYTES8"}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_DICT": dict, "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}


@dataclasses.dataclass(frozen=True)
class Global:
    """A class or function that the file asks for by name, and that is never looked up."""

    name: str


@dataclasses.dataclass(frozen=True)
class Storage:
    """Numbers in a row, `count` of type `dtype`, under the file's name `key`."""

    key: str
    dtype: str
    count: int


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A view of a storage: first number, shape, and numbers from one index to the next by axis."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class RefusedError(Exception):
    """The pickle asks for something that is not admitted."""


def load(file: BinaryIO, where: Any) -> Any:
    """What the pickle at the file's position describes: plain values, dictionaries, and `Tensor`s.

    Args:
        file: The file; afterwards its position is behind the pickle.
        where: The path, for errors.

    Raises:
        CheckpointError: The pickle is damaged, or asks for anything but tensors.
    """
    machine = _Machine()
    try:
        for operation, argument, place in pickletools.genops(file):
            machine.place = place
            if operation.name == "STOP":
                return machine.pop()
            machine.step(operation.name, argument)
    except RefusedError as error:
        raise CheckpointError(
            "A PyTorch weight file must hold tensors and nothing that runs code.",
            [f"{where}: it asks for {error} at byte {machine.place} of its pickle.",
             "Nothing in it was run. Get the weights as model.safetensors, or from somebody whom you trust."],
        ) from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise CheckpointError(
            "A PyTorch weight file must be whole.",
            [f"{where}: its list of tensors is damaged ({str(error) or type(error).__name__}).",
             "Download or copy it again."],
        ) from None
    raise AssertionError("genops ends with STOP or raises")


class _Machine:
    """The stack and the memo of a pickle, one instruction after the other."""

    def __init__(self):
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.place = 0

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value should be")
        return value

    def pop_mark(self) -> list[Any]:
        """The values above the last mark."""
        for at in range(len(self.stack) - 1, -1, -1):
            if self.stack[at] is _MARK:
                values = self.stack[at + 1 :]
                del self.stack[at:]
                return values
        raise ValueError("no mark")

    def step(self, name: str, argument: Any) -> None:
        push = self.stack.append
        if name in ("PROTO", "FRAME"):
            return
        if name in _VALUES:
            push(argument)
        elif name in _CONSTANTS:
            push(_CONSTANTS[name]())
        elif name == "MARK":
            push(_MARK)
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            push(self.memo[argument])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            push(tuple([self.pop() for _ in range(int(name[-1]))][::-1]))
        elif name == "TUPLE":
            push(tuple(self.pop_mark()))
        elif name == "LIST":
            push(self.pop_mark())
        elif name == "DICT":
            push(_filled({}, self.pop_mark()))
        elif name in ("APPEND", "APPENDS"):
            values = [self.pop()] if name == "APPEND" else self.pop_mark()
            if not isinstance(self.stack[-1], list):
                raise RefusedError(f"items in a {type(self.stack[-1]).__name__}")
            self.stack[-1].extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            values = [self.pop(), self.pop()][::-1] if name == "SETITEM" else self.pop_mark()
            if not isinstance(self.stack[-1], dict):
                raise RefusedError(f"entries in a {type(self.stack[-1]).__name__}")
            _filled(self.stack[-1], values)
        elif name == "GLOBAL":
            push(_global(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            module, attribute = [self.pop(), self.pop()][::-1]
            if not isinstance(module, str) or not isinstance(attribute, str):
                raise RefusedError("an object without a name")
            push(_global(module, attribute))
        elif name == "BINPERSID":
            push(_storage(self.pop()))
        elif name == "REDUCE":
            function, arguments = [self.pop(), self.pop()][::-1]
            push(_reduced(function, arguments))
        elif name == "BUILD":  # state_dict() sets the attribute _metadata of its OrderedDict: version numbers
            self.pop()
            if not isinstance(self.stack[-1], dict):
                raise RefusedError(f"attributes of a {type(self.stack[-1]).__name__}")
        else:
            raise RefusedError(f"the instruction {name}")


def _filled(target: dict, values: list[Any]) -> dict:
    for key, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(key, (str, int, float)):  # others may take long to hash
            raise RefusedError(f"a {type(key).__name__} as the name of a tensor")
        target[key] = value
    return target


def _global(module: str, name: str) -> Global:
    if _NAMES.get(name) == module or (module == "torch" and name in STORAGES):
        return Global(name)
    raise RefusedError(f"{module}.{name}"[:100])


def _storage(value: Any) -> Storage:
    if not isinstance(value, tuple) or len(value) not in (5, 6) or value[0] != "storage":
        raise RefusedError("an object of another file")
    _, kind, key, _, count, *view = value
    if not isinstance(kind, Global) or kind.name not in STORAGES:
        raise RefusedError("a storage of another class")
    if view and view[0] is not None:
        raise RefusedError("a view of a storage")
    if not isinstance(key, str) or type(count) is not int or count < 0:
        raise ValueError("a storage without a name or a length")
    return Storage(key, STORAGES[kind.name], count)


def _reduced(function: Any, arguments: Any) -> Any:
    """What calling `function` would return; only the functions of `_NAMES` are known."""
    if not isinstance(function, Global) or not isinstance(arguments, tuple):
        raise RefusedError("a call of an object")
    if function.name == "OrderedDict":
        pairs = arguments[0] if arguments else []
        return _filled({}, [value for pair in pairs for value in (pair[0], pair[1])])
    if function.name == "_rebuild_parameter":
        if not isinstance(arguments[0], Tensor):
            raise RefusedError("a parameter that is no tensor")
        return arguments[0]
    if function.name == "_rebuild_tensor_v2":
        storage, offset, shape, strides, *_ = arguments
        return _tensor(storage, offset, shape, strides)
    raise RefusedError(f"a call of {function.name}")


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> Tensor:
    if not isinstance(storage, Storage):
        raise RefusedError("a tensor without a storage")
    numbers = [offset, *shape, *strides]
    if len(shape) != len(strides) or any(type(n) is not int or n < 0 for n in numbers):
        raise ValueError("a tensor whose shape and strides are not whole numbers")
    if 0 not in shape:
        last, count = offset, 1
        for n, step in zip(shape, strides, strict=True):
            last, count = last + (n - 1) * step, count * n
        # More numbers than the storage has: rows that overlap, which weights do not, and which fill the memory.
        if last >= storage.count or count > storage.count:
            raise ValueError(f"a tensor beyond the end of storage {storage.key}")
    return Tensor(storage, offset, tuple(shape), tuple(strides))
