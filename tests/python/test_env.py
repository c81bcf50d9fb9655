"""TensorFlow starts quietly and with Keras 2, or raises an error. Each start is tested in a new process."""

import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bertfit import _env
from bertfit.errors import ArgumentError


def python(code: str) -> subprocess.CompletedProcess:
    """Run code in a fresh Python that has none of our variables set."""
    ours = ("TF_USE_LEGACY_KERAS", "TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["PYTHONPATH"] = str(Path(_env.__file__).parents[1])
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)


def test_starts_with_keras_2_and_without_noise():
    result = python(
        "from bertfit import _env; from bertfit.network import encoder\n"  # encoder: everything that a model needs
        "import tensorflow as tf\n"
        "tf.linalg.matmul(tf.ones([2, 2]), tf.ones([2, 2]))\n"
        "print(tf.keras.Model.__module__, _env.keras().__name__)"
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "tf_keras.src.engine.training tf_keras\n"


def test_tensorflow_that_runs_with_keras_3_is_refused():
    result = python(
        "import tensorflow as tf\n"
        "tf.keras.layers.Dense\n"
        "from bertfit import _env\n"
        "from bertfit.errors import SetupError\n"
        "try:\n"
        "    _env.tensorflow()\n"
        "except SetupError as error:\n"
        "    print(error)"
    )
    assert result.returncode == 0, result.stderr
    assert "must be started with Keras 2" in result.stdout
    assert "already running in this process with Keras 3." in result.stdout
    assert "TF_USE_LEGACY_KERAS=1" in result.stdout


def test_missing_tensorflow_names_the_python_and_the_fix():
    result = python(
        "import sys\n"
        "sys.modules['tensorflow'] = None\n"  # as if not installed
        "from bertfit import _env\n"
        "from bertfit.errors import SetupError\n"
        "try:\n"
        "    _env.tensorflow()\n"
        "except SetupError as error:\n"
        "    print(error)"
    )
    assert result.stderr == ""
    assert "must be installed" in result.stdout and sys.executable in result.stdout and "make setup" in result.stdout


def test_quiet_hides_what_libraries_write_and_gives_stderr_back(capfd):
    with _env._quiet_stderr():
        os.write(2, b"noise")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_quiet_gives_stderr_back_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), _env._quiet_stderr():
        raise ZeroDivisionError
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_quiet_works_where_python_has_no_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)  # as in R's GUI on Windows
    done = []
    with _env._quiet_stderr():
        done.append(1)
    assert done == [1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_named_precision_is_taken_as_it_is(precision):
    assert _env.resolve_precision(precision) == precision


@pytest.mark.parametrize("precision", ["half", "", None, 32])
def test_other_precisions_are_refused(precision):
    with pytest.raises(ArgumentError, match='`precision` must be one of "auto", "float32", "bfloat16"') as caught:
        _env.resolve_precision(precision)
    assert repr(precision) in str(caught.value)


@pytest.mark.parametrize(
    "flags, answer",
    [("fpu avx512f avx512_bf16", "bfloat16"), ("fpu amx_bf16 amx_tile", "bfloat16"), ("fpu avx2 avx512f", "float32"),
     ("", "float32")],
)
def test_bfloat16_is_chosen_by_the_processor(monkeypatch, flags, answer):
    class NoGPU:
        class config:  # noqa: N801
            list_physical_devices = staticmethod(lambda kind: [])

    monkeypatch.setattr(_env, "tensorflow", lambda: NoGPU)
    file = f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n"
    monkeypatch.setattr(_env, "open", lambda *args, **kwargs: io.StringIO(file), raising=False)
    assert _env._fastest_precision.__wrapped__() == answer


def test_a_gpu_decides_before_the_processor(monkeypatch):
    def with_capability(*capability):
        class GPU:
            class config:  # noqa: N801
                list_physical_devices = staticmethod(lambda kind: ["gpu"])

                class experimental:  # noqa: N801
                    get_device_details = staticmethod(lambda gpu: {"compute_capability": capability})

        return lambda: GPU

    for capability, answer in (((6, 1), "float32"), ((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")):
        monkeypatch.setattr(_env, "tensorflow", with_capability(*capability))
        assert _env._fastest_precision.__wrapped__() == answer


def test_seeds():
    assert _env.draw_seed(7) == 7
    drawn = {_env.draw_seed(None) for _ in range(5)}
    assert len(drawn) > 1 and all(0 <= seed < 2**31 for seed in drawn)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_memory_is_kept_unless_the_user_has_settings_of_their_own():
    # Blocks of 8 MB, freed and allocated again: 2,048 page faults each time if the system got them back.
    script = textwrap.dedent("""
        import resource
        from bertfit import _env
        _env._keep_freed_memory()
        def faults(times):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            for _ in range(times):
                b"x" * 2**23
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        faults(3)
        print(faults(20))
    """)
    found = {}
    for name, setting in (("ours", {}), ("theirs", {"MALLOC_MMAP_THRESHOLD_": "1000000"})):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
        environment = {**clean, **setting, "PYTHONPATH": str(Path(_env.__file__).parents[1])}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
        found[name] = int(done.stdout)
    assert found["ours"] < 2048 < 20 * 2000 < found["theirs"]
