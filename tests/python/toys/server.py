"""A web server on this machine that serves a toy archive, cuts, lies and changes its mind."""

import http.server
import io
import os
import threading
import zipfile
from pathlib import Path

import bertfit
from bertfit.checkpoints import downloads, fetch

FILES = {
    "toy/bert_config.json": b"{}",
    "toy/vocab.txt": b"[PAD]\n",
    "toy/bert_model.ckpt.index": b"index",
    "toy/bert_model.ckpt.data-00000-of-00001": bytes(range(256)) * 4000,
}


def make_zip(files=FILES, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        site = self.server.site
        site.requests.append(dict(self.headers))
        status = site.status.pop(0) if site.status else 0
        if status:
            self.send_error(status)
            return
        body, start = site.body, 0
        wanted = self.headers.get("Range")
        if wanted and site.ranges and self.headers.get("If-Range") == site.etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        if site.etag:
            self.send_header("ETag", site.etag)
        for name, value in site.headers.items():
            self.send_header(name, value)
        self.end_headers()
        stop = site.cuts.pop(0) if site.cuts else len(body)
        self.wfile.write(body[start : max(stop, start)])
        site.sent.append(max(stop, start) - start)


class Site:
    """What the server does: `cuts` are byte positions at which it hangs up, `status` errors it answers (0 for none)."""

    def __init__(self):
        self.body, self.etag, self.ranges = make_zip(), '"v1"', True
        self.cuts, self.status, self.headers = [], [], {}
        self.requests, self.sent = [], []


def serve(monkeypatch):
    """A test file's fixture: `site = pytest.fixture(serve)`. Google's addresses lead to the `Site` given."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.site = Site()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("BERTFIT_MIRROR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "WAITS", (0.0, 0.0))
    yield server.site
    server.shutdown()
    server.server_close()


def environment():
    """The environment of a process that imports this bertfit."""
    return os.environ | {"PYTHONPATH": str(Path(bertfit.__file__).parents[1])}


def get(cache, **kwargs):
    """Download the toy archive that the server serves; the model's folder."""
    return Path(downloads.download("bert-tiny-uncased", cache, **kwargs))


def no_model_in(cache):
    """Whether a cache has no model."""
    return list((cache / "models").iterdir()) == []
