"""Variables of a TensorFlow checkpoint (PREFIX.index and PREFIX.data-00000-of-00001, ...), read by name.

TensorFlow's reader checks the checksums of what it reads. What the names mean is decided in `checkpoints.google` and
`checkpoints.tfhub`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.checkpoints import weight_files
from bertfit.checkpoints.tensors import damaged
from bertfit.errors import CheckpointError


class TensorFlowFile:
    """The variables of a checkpoint.

    Args:
        prefix: The checkpoint's path without ".index".

    Attributes:
        index: The path of its index.
        shapes: Name -> shape.
        dtypes: Name -> TensorFlow's type.
        paths: Its data files.

    Raises:
        CheckpointError: A data file is missing, or the index cannot be read.
    """

    def __init__(self, prefix: Path):
        self.prefix, self.index = prefix, prefix.with_name(f"{prefix.name}.index")
        self.paths = _shards(prefix)
        try:
            self._reader = _env.tensorflow().compat.v1.train.NewCheckpointReader(str(prefix))
            self.shapes = self._reader.get_variable_to_shape_map()
            self.dtypes = self._reader.get_variable_to_dtype_map()
        except Exception as error:  # TensorFlow raises various classes for a broken index
            raise damaged(self.index, None, first_line(error)) from error

    @property
    def sha256(self) -> str:
        """SHA-256 of the data file; if there are several, of their digests."""
        return weight_files.digest(self.paths)

    def check_length(self) -> None:
        """Raise CheckpointError if the data files are shorter than the variables together."""
        needed = sum(int(np.prod(shape)) * self.dtypes[name].size for name, shape in self.shapes.items()
                     if self.dtypes[name].size)
        present = sum(path.stat().st_size for path in self.paths)
        if present < needed:
            raise damaged(self.paths[-1], None, f"it is cut short: {present:,} bytes of at least {needed:,}")

    def read(self, name: str) -> Any:
        """The value of a variable.

        Raises:
            CheckpointError: It cannot be read, or its checksum is wrong.
        """
        try:
            return self._reader.get_tensor(name)
        except Exception as error:  # various classes: wrong checksums, wrong lengths, ...
            raise damaged(self.prefix, name, first_line(error)) from error

    def read_finite(self, name: str) -> np.ndarray:
        """A variable of type float32; CheckpointError if it has another type, or values that are not finite."""
        if self.dtypes[name].name != "float32":
            raise damaged(self.index, name, f"it is {self.dtypes[name].name}, not float32")
        values = self.read(name)
        if not np.isfinite(values).all():
            raise damaged(self.prefix, name, "it has values that are not finite")
        return values


def _shards(prefix: Path) -> tuple[Path, ...]:
    found = sorted(prefix.parent.glob(f"{prefix.name}.data-*-of-*"))
    pattern = re.compile(re.escape(prefix.name) + r"\.data-(\d{5})-of-(\d{5})")
    counts = {int(match[2]) for path in found if (match := pattern.fullmatch(path.name))}
    expected = [prefix.with_name(f"{prefix.name}.data-{i:05d}-of-{n:05d}") for n in counts for i in range(n)]
    missing = [path for path in expected if not path.is_file()]
    if len(counts) != 1 or missing:
        name = missing[0].name if missing else f"{prefix.name}.data-00000-of-00001"
        raise CheckpointError("A TensorFlow checkpoint must have all its data files.",
                              [f"{prefix.parent} has no {name}."])
    return tuple(expected)


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its class."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
