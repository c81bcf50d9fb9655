"""What the Python tests share: where real weights and data lie, and Google's tokenizer as the oracle."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # a test that imports keras_bert first gets Keras 2 too
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1" if os.environ.get("BERTFIT_TEST_GPU") != "1" else "0")

import pytest

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("BERTFIT_CACHE", str(ROOT / ".cache"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: started last, one would keep a process busy when the others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def minilm_dir() -> Path:
    """The folder of minilm-l6-uncased (config.json, model.safetensors, vocab.txt), from bertfit's cache."""
    from bertfit.checkpoints import registry

    folder = registry.folder(registry.find("minilm-l6-uncased"))
    if not (folder / registry.MANIFEST).is_file():
        pytest.skip("minilm-l6-uncased is not in the cache; `make test` downloads it")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository, or the one named in BERTFIT_SHARED_DATA."""
    folder = Path(os.environ.get("BERTFIT_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder


@pytest.fixture(scope="session")
def families(tmp_path_factory):
    """Tiny random models of every family, saved by transformers: `families.folder("roberta", "classifier")`."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from toys.families import Families

    return Families(tmp_path_factory.mktemp("families"))


@pytest.fixture(scope="session")
def google_tokenization():
    """Google's tokenization.py as a module (package bert-tensorflow 1.0.4)."""
    from toys import google as google_reference

    return google_reference.google_tokenization()


@pytest.fixture
def compile_at_once(monkeypatch):
    """Even the shortest run compiles its kernels."""
    from bertfit.network import compiling
    from bertfit.training import shapes

    if not compiling.can_compile():
        pytest.skip("this TensorFlow has no XLA")
    monkeypatch.setattr(shapes, "COMPILE_SECONDS", 0.0)
