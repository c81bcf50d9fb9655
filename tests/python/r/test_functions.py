"""The functions that R calls, by name."""

import importlib
import json
import subprocess
import sys

from bertfit.r import boundary


def test_r_can_call_these_functions_and_no_others():
    importlib.import_module("bertfit.r.functions")
    assert set(boundary.functions) == {
        "sitrep", "models", "download", "load", "describe", "release", "tokenize", "tokens", "decode", "fit", "predict",
        "evaluate", "evaluate_groups", "embed", "layers", "save", "to_bytes", "from_bytes", "keras_model",
        "custom_objects", "adam_warmup", "train_steps", "read_folders",
        "vocab_train", "vocab_handle", "config", "init", "pretrain_data", "pretrain", "fill_mask", "next_sentence",
        "export"}
    assert boundary.raw == {"keras_model", "custom_objects", "adam_warmup"}


def test_importing_the_boundary_starts_no_tensorflow():
    code = "import sys, json, bertfit.r.functions; print(json.dumps('tensorflow' in sys.modules))"
    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) is False
