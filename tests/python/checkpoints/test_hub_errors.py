"""What the hub refuses: one error each, that says what to do."""

import pathlib

import huggingface_hub
import pytest

import bertfit
from bertfit.checkpoints import hub
from bertfit.errors import ArgumentError, CheckpointError, DownloadError
from bertfit.notices import OfflineWarning
from toys import hub as toy

NAME = toy.NAME
SMALL = ["config.json", "vocab.txt"]
site, files = pytest.fixture(toy.site), pytest.fixture(scope="module")(toy.files)


def test_no_such_model_says_what_else_it_may_be(site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadError) as told:
        bertfit.load("models/reviews")
    text = str(told.value)
    assert f"There is no folder {tmp_path / 'models' / 'reviews'}." in text
    assert f"The hub ({site.address}) has no model models/reviews, or does not show it." in text
    assert 'os.environ["HF_TOKEN"] = "hf_..."' in text
    with pytest.raises(CheckpointError, match="models/reviews does not exist"):
        bertfit.load(pathlib.Path("models/reviews"))  # a path is no id
    with pytest.raises(DownloadError, match="Did you mean unitary/toxic-bert"):
        bertfit.load("unitary/toxicbert")
    with pytest.raises(DownloadError, match="Did you mean bert-base-uncased"):
        bertfit.load("bert/bert-base-uncased")
    with pytest.raises(ArgumentError, match="Did you mean distilbert/distilbert-base-uncased"):
        bertfit.load("distilbert-base-uncased")


def test_gated_and_private_models_need_a_token(site, files, monkeypatch):
    site.add("toys/gated", files, gated=True)
    site.add("toys/private", files, private=True)
    with pytest.raises(DownloadError, match=r"gated.*\n.*on its page, .*/toys/gated\.\n.*No token was sent") as told:
        hub.fetch("toys/gated")
    assert "HF_TOKEN" in str(told.value) and "hf auth login" in str(told.value)
    with pytest.raises(DownloadError, match="no model toys/private, or does not show it"):
        hub.fetch("toys/private")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(DownloadError, match="The token that was sent has no access"):
        hub.fetch("toys/gated")
    monkeypatch.setenv("HF_TOKEN", site.token)
    for name in ("toys/gated", "toys/private"):
        assert toy.files_of(hub.fetch(name)) == files
    assert not [path for _, path, headers in site.requests if "/cdn/" in path and "authorization" in headers]


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline(site, files, monkeypatch, variable):
    site.add(NAME, files)
    monkeypatch.setenv(variable, "1")
    with pytest.raises(DownloadError, match=r"not in .*home/hub.*\n.*unset it, or fetch it once with bertfit\.down"):
        hub.fetch(NAME)
    with pytest.raises(DownloadError, match=r"with bertfit\.download\('toys/bert-uncased', revision='v1'\)"):
        bertfit.load(NAME, revision="v1", download=False)
    monkeypatch.delenv(variable)
    folder = hub.fetch(NAME)
    site.requests.clear()
    monkeypatch.setenv(variable, "1")
    assert hub.fetch(NAME) == folder == hub.fetch(NAME, online=False) and site.requests == []


def test_a_hub_that_does_not_answer(site, files, monkeypatch):
    site.add(NAME, files)
    site.status = [503]
    with pytest.raises(DownloadError, match=r"reachable.*\n.* answered 503\.\n.*No proxy was asked.*\n.*HF_ENDPOINT"):
        hub.fetch(NAME)
    folder = hub.fetch(NAME)
    site.status = [503]
    with pytest.warns(OfflineWarning, match="it answered 503"):
        assert hub.fetch(NAME) == folder
    site.close()
    with pytest.raises(DownloadError, match="hub must be reachable"):
        hub.fetch("toys/other")
    with pytest.raises(DownloadError, match="hub must be reachable"):
        hub.fetch(NAME, force=True)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"The proxy http://127\.0\.0\.1:9 was asked") as told:
        hub.fetch("toys/other")
    assert "secret" not in str(told.value)


def test_a_repository_without_weights_that_are_read(site, files):
    small = {name: files[name] for name in SMALL}
    site.add("toys/tf", {**small, "tf_model.h5": b"x", "flax_model.msgpack": b"x"})
    with pytest.raises(DownloadError, match=r"have model.safetensors or .*\n.*has flax_model.msgpack, tf_model.h5"):
        hub.fetch("toys/tf")
    site.add("toys/none", small)
    with pytest.raises(DownloadError, match=r"must have model.safetensors.*\n- toys/none has config.json, vocab.txt"):
        hub.fetch("toys/none")
    site.add("toys/adapter", {"adapter_model.safetensors": b"x"})
    with pytest.raises(DownloadError, match=r"must have config.json.*\n.*has adapter_model.safetensors"):
        hub.fetch("toys/adapter")


def test_a_full_disk_and_a_cache_that_may_not_be_written(site, files, monkeypatch, tmp_path):
    site.add(NAME, files)

    def fail(*_, **__):
        raise OSError(28, "No space left on device", "model.safetensors")

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, "hf_hub_download", fail)
        with pytest.raises(DownloadError, match=r"room for the model\.\n- model.*: No space.*\n.*\n.*HF_HOME"):
            hub.fetch(NAME)
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="The cache must be writable"):
        hub.fetch(NAME, cache_dir=tmp_path / "file")


def test_revision_is_for_the_hub_only(tmp_path):
    for x in (tmp_path, "minilm-l6-uncased", "/no/such/folder"):
        with pytest.raises(ArgumentError, match="`revision` must be left out for a model that is not of the hub"):
            bertfit.load(x, revision="main")
    with pytest.raises(ArgumentError, match="`revision` must be left out"):
        bertfit.download("minilm-l6-uncased", revision="main")
