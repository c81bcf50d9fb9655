"""One file over HTTP, from a server that breaks connections, fails, and changes the file."""

import base64
import dataclasses
import hashlib
import os
import socket
from pathlib import Path

import pytest

from bertfit.checkpoints import downloads, fetch, registry
from bertfit.errors import DownloadError
from toys.server import FILES, make_zip, serve

site = pytest.fixture(serve)


def get(cache, **kwargs):
    return Path(downloads.download("bert-tiny-uncased", cache, **kwargs))


def no_model_in(cache):
    return list((cache / "models").iterdir()) == []


def test_a_cut_connection_is_resumed(site, tmp_path):
    site.cuts = [300_000, 700_000]
    path = get(tmp_path)
    assert [r.get("Range") for r in site.requests] == [None, "bytes=300000-", "bytes=700000-"]
    assert sum(site.sent) == len(site.body)  # no byte twice
    name = "bert_model.ckpt.data-00000-of-00001"
    assert (path / name).read_bytes() == FILES[f"toy/{name}"]


def test_the_next_call_resumes_what_the_last_one_kept(site, tmp_path):
    site.cuts, site.status = [400_000], [0, 403]
    with pytest.raises(DownloadError, match=r"403 .*\n.*400,000 bytes are kept"):
        get(tmp_path)
    assert (tmp_path / "partial/bert-uncased-l2-h128.zip").read_bytes() == site.body[:400_000]
    get(tmp_path)
    assert site.requests[-1]["Range"] == "bytes=400000-" and site.requests[-1]["If-Range"] == '"v1"'
    assert sum(site.sent) == len(site.body)


def test_a_changed_file_starts_again(site, tmp_path):
    site.cuts, site.status = [400_000], [0, 403]
    with pytest.raises(DownloadError):
        get(tmp_path)
    site.body, site.etag = make_zip({**FILES, "toy/vocab.txt": b"[PAD]\nother\n"}), '"v2"'
    assert (get(tmp_path) / "vocab.txt").read_bytes() == b"[PAD]\nother\n"
    assert site.requests[-1]["If-Range"] == '"v1"'


@pytest.mark.parametrize("change", [{"ranges": False}, {"etag": None}])
def test_without_ranges_or_validator_it_starts_again(site, tmp_path, change):
    vars(site).update(change)
    site.cuts = [400_000]
    path = get(tmp_path)
    assert len(site.requests) == 2 and site.sent == [400_000, len(site.body)]
    assert downloads.verify(path)


def test_a_server_error_is_tried_again_and_a_missing_file_is_not(site, tmp_path):
    site.status = [503, 503]
    get(tmp_path)
    assert len(site.requests) == 3
    site.status = [404]
    with pytest.raises(DownloadError) as caught:
        get(tmp_path / "other")
    message = str(caught.value)
    assert len(site.requests) == 4
    assert "404" in message and registry.find("bert-tiny-uncased").url in message and "in place of the name" in message


def test_a_refused_connection_is_a_download_error(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTFIT_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setattr(fetch, "WAITS", ())
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:1/.*[Rr]efused"):
        get(tmp_path)


def test_the_digest_that_the_server_publishes_is_checked(site, tmp_path):
    digest = base64.b64encode(hashlib.md5(site.body).digest()).decode()
    site.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={digest}"}
    get(tmp_path)
    site.body = site.body[:-30] + b"x" + site.body[-29:]
    with pytest.raises(DownloadError, match="published checksum"):
        get(tmp_path / "other")
    assert no_model_in(tmp_path / "other")
    assert list((tmp_path / "other/partial").iterdir()) == []  # a wrong file is not resumed again and again


def test_a_known_digest_is_checked(site, tmp_path, monkeypatch):
    entry = registry.find("bert-tiny-uncased")
    wrong = dataclasses.replace(entry, sha256={"uncased_L-2_H-128_A-2.zip": "0" * 64})
    monkeypatch.setitem(registry.MODELS, entry.name, wrong)
    with pytest.raises(DownloadError, match=r"uncased_L-2_H-128_A-2\.zip from .*, not 000"):
        get(tmp_path)
    assert no_model_in(tmp_path)


@pytest.fixture
def proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(fetch, "WAITS", ())
    return monkeypatch


def test_a_proxy_is_asked_from_when_it_is_set(site, tmp_path, proxies):
    proxy = os.environ["BERTFIT_MIRROR"]
    proxies.setenv("BERTFIT_MIRROR", "http://models.invalid")
    with pytest.raises(DownloadError, match="No proxy was asked: behind one, set the environment variable HTTP_PROXY"):
        get(tmp_path)
    assert site.requests == []
    proxies.setenv("http_proxy", proxy.replace("http://", "http://me:secret@"))  # lower case: either works
    assert (get(tmp_path) / "vocab.txt").is_file()
    assert site.requests[0]["Host"] == "models.invalid" and "Proxy-Authorization" in site.requests[0]
    site.status = [403]
    proxies.setenv("no_proxy", "other.invalid")
    with pytest.raises(DownloadError) as caught:
        get(tmp_path, force=True)
    assert f"The proxy {proxy} was asked, as the environment variable HTTP_PROXY says." in str(caught.value)
    assert "secret" not in str(caught.value)
    proxies.setenv("no_proxy", "models.invalid")
    with pytest.raises(DownloadError, match=r"No proxy was asked: NO_PROXY exempts models\.invalid"):
        get(tmp_path, force=True)


def test_without_a_network_the_error_says_what_else_can_be_done(tmp_path, proxies):
    def refuse(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    proxies.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(DownloadError) as caught:
        get(tmp_path)
    for part in ("uncased_L-2_H-128_A-2.zip: [Errno -3] Temporary failure", "Nothing was downloaded",
                 "fetch that address elsewhere", "HTTPS_PROXY"):
        assert part in str(caught.value)
    assert no_model_in(tmp_path)
