"""Start TensorFlow with Keras 2 and without its start-up messages; choose the number format, the device, a seed.

keras-bert needs Keras 2, which TensorFlow >= 2.16 provides only if ``TF_USE_LEGACY_KERAS=1`` is set before
TensorFlow is first imported. So every module of bertfit gets TensorFlow from `tensorflow()` and Keras from
`keras()`, never from an import at its top.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import sys
from collections.abc import Callable
from types import ModuleType

from bertfit.errors import ArgumentError, SetupError

PRECISIONS = ("auto", "float32", "bfloat16", "float16")


@contextlib.contextmanager
def _quiet_stderr():
    """Send file descriptor 2 to /dev/null: TensorFlow writes its start-up messages from C++, not to `sys.stderr`."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all, as under some GUIs
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def _keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next step instead of returning it to the operating system.

    Every training step allocates and frees the same blocks of several megabytes. Each page of a returned block causes
    a page fault at its next use. Does nothing if the user has set one of glibc's MALLOC_ variables.
    """
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # a C library without mallopt
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # malloc.h
        mallopt(mmap_threshold, 32 * 2**20)  # the largest value that glibc accepts
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(arena_max, 1)


def _refuse_keras_3() -> None:
    keras_module = getattr(sys.modules.get("tensorflow"), "keras", None)
    version = getattr(keras_module, "__version__", "")
    version = version() if callable(version) else version
    if str(version).startswith("3"):
        raise SetupError(
            "TensorFlow must be started with Keras 2 (tf_keras).",
            [
                f"TensorFlow is already running in this process with Keras {version}.",
                "Restart the session and load bertfit first, "
                "or set the environment variable TF_USE_LEGACY_KERAS=1 before anything imports TensorFlow.",
            ],
        )


@functools.cache
def tensorflow() -> ModuleType:
    """Import TensorFlow with Keras 2 and without its start-up messages; return the module.

    Raises:
        SetupError: TensorFlow was already started with Keras 3, or a package is missing.
    """
    started = "tensorflow" in sys.modules
    if started and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        _refuse_keras_3()
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    _keep_freed_memory()
    try:
        with _quiet_stderr():
            import tensorflow as tf

            for gpu in tf.config.list_physical_devices("GPU"):
                with contextlib.suppress(RuntimeError):  # already initialised by the caller
                    tf.config.experimental.set_memory_growth(gpu, True)
            tf.zeros(1)  # the first operation starts the devices, which write messages
            import tf_keras  # noqa: F401
    except ImportError as error:
        raise SetupError(
            "TensorFlow and tf_keras must be installed.",
            [f"Python at {sys.executable}: {error}.", "Install them there; `make setup` makes an environment."],
        ) from error
    _refuse_keras_3()
    tf.get_logger().setLevel("ERROR")
    return tf


def keras() -> ModuleType:
    """Start TensorFlow as `tensorflow()` does; return Keras 2 (the package tf_keras)."""
    tensorflow()
    import tf_keras

    return tf_keras


def as_written(function: Callable) -> Callable:
    """`function`, excluded from AutoGraph.

    AutoGraph rewrites a function and everything it calls so that `if`s and loops can depend on tensors. bertfit has no
    such `if`s or loops, and the rewriting takes longer than the tracing.
    """
    return tensorflow().autograph.experimental.do_not_convert(function)


def resolve_precision(precision: str) -> str:
    """The number format that matrix products use: "float32", "bfloat16" or "float16".

    "auto" is bfloat16 where the hardware multiplies it natively (CPUs with AVX512-BF16 or AMX, GPUs of
    compute capability 8 and up), float16 on GPUs of compute capability 7, else float32.

    Raises:
        ArgumentError: `precision` is not one of `PRECISIONS`.

    >>> resolve_precision("bfloat16")
    'bfloat16'
    """
    if precision not in PRECISIONS:
        allowed = ", ".join(f'"{p}"' for p in PRECISIONS)
        raise ArgumentError(f"must be one of {allowed}.", argument="precision", received=precision)
    return _fastest_precision() if precision == "auto" else precision


@functools.cache
def _fastest_precision() -> str:
    tf = tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        major = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))[0]
        return "bfloat16" if major >= 8 else "float16" if major == 7 else "float32"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


@functools.cache
def has_onednn() -> bool:
    """Whether TensorFlow computes on the CPU with oneDNN (the default on x86), which fuses operations it recognizes."""
    tf = tensorflow()
    try:
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:  # a private module: TensorFlow has no public function for this
        return False
    return _pywrap_util_port.IsMklEnabled() and not tf.config.list_physical_devices("GPU")


def device_name() -> str:
    """Name of the device that TensorFlow computes on: a GPU's name, or "CPU (n threads)"."""
    tf = tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return tf.config.experimental.get_device_details(gpus[0]).get("device_name", gpus[0].name)
    return f"CPU ({os.cpu_count()} threads)"


def draw_seed(seed: int | None) -> int:
    """`seed`, or a random whole number from 0 to 2^31 - 1 if it is None."""
    return random.SystemRandom().randrange(2**31) if seed is None else int(seed)
