"""A tensor in a weight file: where its bytes lie, and how they become float32.

Only the bytes of the tensor asked for are read. Knows nothing of file formats.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np

from bertfit.checkpoints.tensors import damaged

# Types by the names of safetensors. The bytes of BF16 are the upper half of a float32.
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclasses.dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Args:
        path: The file.
        dtype: Type of its numbers: "F32", "BF16", "I64", ...
        offset: Byte of the file at which its first number lies.
        shape: Its shape.
        strides: Numbers (not bytes) from one index to the next, by axis; None for rows that follow each other.
    """

    path: Path
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None

    @property
    def span(self) -> int:
        """How many numbers lie from its first to its last."""
        if 0 in self.shape:
            return 0
        if self.strides is None:
            return math.prod(self.shape)
        return 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))

    def read(self, name: str) -> np.ndarray:
        """The tensor as float32, [*shape].

        Args:
            name: Its name, for errors.

        Raises:
            CheckpointError: It is not of a float type, has values that are not finite, or cannot be read any more.
        """
        if self.dtype not in FLOATS:
            raise damaged(self.path, name, f"its type {self.dtype} is not a float")
        dtype = np.dtype(FLOATS[self.dtype])
        try:
            numbers = np.fromfile(self.path, dtype, self.span, offset=self.offset) if self.span else np.empty(0, dtype)
        except (OSError, ValueError) as error:
            raise damaged(self.path, name, error) from error
        if len(numbers) != self.span:
            raise damaged(self.path, name, f"the file is cut short at {self.path.stat().st_size:,} bytes")
        if self.dtype == "BF16":
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is refused below
            numbers = numbers.astype(np.float32, copy=False)
        if self.strides is None or not self.span:
            values = numbers.reshape(self.shape)
        else:
            steps = [step * numbers.itemsize for step in self.strides]
            values = np.array(np.lib.stride_tricks.as_strided(numbers, self.shape, steps), order="C")
        if not np.isfinite(values).all():
            raise damaged(self.path, name, "it has values that are not finite")
        return values
