"""State of the Python environment: versions, device and problems.

It never raises, because its purpose is to report on environments that do not work.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from typing import Any

from bertfit import _env
from bertfit.errors import BertfitError
from bertfit.r.boundary import exported

PACKAGES = ("tensorflow", "tf-keras", "keras-bert", "tensorflow-text", "tokenizers", "sentencepiece", "safetensors",
            "huggingface-hub", "numpy", "pandas", "scikit-learn", "scipy", "ml-dtypes", "tqdm", "filelock",
            "google-crc32c")
OPTIONAL = ("tensorflow-text", "pandas")


@exported
def sitrep() -> dict[str, Any]:
    """The state of the environment.

    Returns:
        ``python`` (version), ``executable``, ``packages`` (name -> version, None where missing), ``device``
        and ``precision`` (None if TensorFlow does not start), ``keras2`` (whether it runs with Keras 2)
        and ``problems`` (a list of sentences).
    """
    packages = {name: _version(name) for name in PACKAGES}
    problems = [f"The Python package {name} is missing." for name, version in packages.items()
                if version is None and name not in OPTIONAL]
    result: dict[str, Any] = {"python": platform.python_version(), "executable": sys.executable, "packages": packages,
                              "device": None, "precision": None, "keras2": False, "problems": problems}
    try:
        _env.tensorflow()
        result.update(device=_env.device_name(), precision=_env.resolve_precision("auto"), keras2=True)
    except BertfitError as error:
        problems.append(" ".join(map(str, error.sentences)))
    except Exception as error:
        problems.append(f"TensorFlow does not start: {type(error).__name__}: {error}")
    return result


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
