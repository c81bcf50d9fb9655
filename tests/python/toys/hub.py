"""A server on this machine that answers as the Hugging Face hub does, for the requests that `huggingface_hub` makes.

Served are commits of files in memory. Weights come as on the hub: a redirect to another host (here another name of this
machine), with their size and SHA-256 in headers, and the offer to send them by Xet.

`python hub.py FOLDER` serves FOLDER/owner/name, as one commit each, and prints its address; R's tests use that.
"""

import hashlib
import http.server
import json
import re
import sys
import threading
import urllib.parse
from pathlib import Path

LARGE = (".safetensors", ".bin", ".h5", ".msgpack", ".onnx", ".ot")


class Repository:
    """Commits of a model.

    Args:
        files: Contents by file name, of the first commit.
        gated: Whether its files need a token.
        private: Whether it is shown to nobody without a token.
    """

    def __init__(self, files, gated=False, private=False):
        self.commits, self.refs = {}, {}
        self.gated, self.private = gated, private
        self.commit(files)

    def commit(self, files, *refs):
        """A further commit; `refs` (by default "main") point to it. Returns its hash."""
        files = {name: bytes(data) for name, data in files.items()}
        sha = hashlib.sha1(repr((len(self.commits), sorted(files.items()))).encode()).hexdigest()
        self.commits[sha] = files
        self.refs.update(dict.fromkeys(refs or ("main",), sha))
        return sha

    def find(self, revision):
        """The commit of a branch, tag or hash; None if there is none."""
        return self.refs.get(revision, revision if revision in self.commits else None)


class Hub:
    """What the server does.

    Attributes:
        repositories: `Repository`s by id.
        token: The token that opens gated and private ones.
        requests: (method, path, headers) of every request.
        status: Errors that the next requests get (0 for none).
        cuts: Positions at which the next sent files are cut off.
        spoiled: Whether a byte of every large file is changed on its way.
        pause: Seconds to wait before each of `pieces` parts of a large file.
    """

    def __init__(self):
        self.repositories, self.token = {}, "hf_secret"
        self.requests, self.status, self.cuts = [], [], []
        self.spoiled, self.pause, self.pieces = False, 0.0, 1
        self.address = None

    def add(self, name, files, **settings):
        """A repository of that id; returns it."""
        self.repositories[name] = Repository(files, **settings)
        return self.repositories[name]

    def asked(self, word=""):
        """"METHOD file" of the requests whose path contains `word`."""
        return [f"{method} {path.rsplit('/', 1)[-1]}" for method, path, _ in self.requests if word in path]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        hub = self.server.hub
        hub.requests.append((self.command, self.path, dict(self.headers)))
        status = hub.status.pop(0) if hub.status else 0
        if status:
            return self.refuse(status)
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if match := re.fullmatch(r"/cdn/([^/]+/[^/]+)/([0-9a-f]+)/(.+)", path):
            return self.send_bytes(hub.repositories[match[1]].commits[match[2]][match[3]], large=True)
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/(revision|tree)/([^/]+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if not (info or file):
            return self.refuse(404)
        name, revision = (info[1], info[3] or "main") if info else (file[1], file[2])
        repository = hub.repositories.get(name)
        known = self.headers.get("authorization") == f"Bearer {hub.token}"
        if repository is None or (repository.private and not known):
            return self.refuse(404 if known else 401, "RepoNotFound", "Invalid username or password.")
        commit = repository.find(revision)
        if commit is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if info:
            return self.describe(name, repository, commit, tree=info[2] == "tree")
        if repository.gated and not known:
            return self.refuse(401, "GatedRepo", f"Access to model {name} is restricted.")
        if file[3] not in repository.commits[commit]:
            return self.refuse(404, "EntryNotFound", "Entry not found", commit)
        return self.send_file(name, commit, file[3], repository.commits[commit][file[3]])

    def refuse(self, status, code=None, message=None, commit=None):
        self.send_response(status)
        for header, value in (("X-Error-Code", code), ("X-Error-Message", message), ("X-Repo-Commit", commit)):
            if value:
                self.send_header(header, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def describe(self, name, repository, commit, tree):
        """/api/models/ID/revision/REV, or /tree/REV."""
        entries = []
        for file, data in repository.commits[commit].items():
            blob = {"blobId": hashlib.sha1(data).hexdigest(), "size": len(data)}
            lfs = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            large = {"lfs": lfs} if file.endswith(LARGE) else {}
            if tree:
                lfs = {"oid": lfs["sha256"], "size": len(data), "pointerSize": 130}
                entries.append({"type": "file", "oid": blob["blobId"], "size": len(data), "path": file,
                                **({"lfs": lfs, "xetHash": "0" * 64} if large else {})})
            else:
                entries.append({"rfilename": file, **(blob | large if "blobs" in self.path else {})})
        gated = "auto" if repository.gated else False
        answer = {"id": name, "modelId": name, "sha": commit, "private": repository.private, "gated": gated,
                  "disabled": False, "siblings": entries, "downloads": 0, "likes": 0, "tags": [],
                  "lastModified": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z"}
        self.send_bytes(json.dumps(entries if tree else answer).encode(), kind="application/json")

    def send_file(self, name, commit, file, data):
        """/ID/resolve/REV/FILE."""
        if not file.endswith(LARGE):
            etag = f'"{hashlib.sha1(data).hexdigest()}"'
            return self.send_bytes(data, {"ETag": etag, "X-Repo-Commit": commit})
        self.send_response(302)
        host = self.server.hub.address.replace("127.0.0.1", "localhost")
        self.send_header("Location", f"{host}/cdn/{name}/{commit}/{file}")
        self.send_header("X-Repo-Commit", commit)
        self.send_header("X-Linked-ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Linked-Size", str(len(data)))
        self.send_header("X-Xet-Hash", "0" * 64)
        self.send_header("X-Xet-Refresh-Route", f"{self.server.hub.address}/xet/{name}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_bytes(self, data, headers=(), kind="application/octet-stream", large=False):
        hub, start = self.server.hub, 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted:
            start = int(wanted[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        for header, value in dict(headers).items():
            self.send_header(header, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = hub.cuts.pop(0) if large and hub.cuts else len(data)
        data = data[:-1] + bytes([data[-1] ^ 1]) if large and hub.spoiled else data
        step = -(-len(data) // (hub.pieces if large else 1))
        for place in range(start, max(stop, start), max(step, 1)):
            if large and hub.pause and hub.stopped.wait(hub.pause):
                return
            try:
                self.wfile.write(data[place : min(place + step, stop)])
                self.wfile.flush()
            except OSError:  # the client is gone
                return
        if stop < len(data):
            self.close_connection = True


def serve():
    """A server in a thread; returns its `Hub`, whose `close` ends it."""
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.hub = True, hub
    hub.address, hub.stopped = f"http://127.0.0.1:{server.server_port}", threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def close():
        hub.stopped.set()
        server.shutdown()
        server.server_close()

    hub.close = close
    return hub


NAME = "toys/bert-uncased"


def files(tmp_path_factory):
    """A test file's fixture: `files = pytest.fixture(files)`. The files of a tiny BERT, by name."""
    from toys.checkpoints import write_huggingface

    return files_of(write_huggingface(tmp_path_factory.mktemp("hub") / "toy"))


def cache(tmp_path):
    """The folder of the package's cache in the environment of `site`."""
    return tmp_path / "home" / "hub"


def site(monkeypatch, tmp_path):
    """A test file's fixture: `site = pytest.fixture(site)`. A `Hub` to which HF_ENDPOINT leads, and an empty cache."""
    hub = serve()
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(hub, tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    yield hub
    hub.close()


def files_of(folder):
    """The files of a folder, by name."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def environment(hub, home):
    """The environment variables of a process that is to ask this server, and to keep files in `home`."""
    return {"HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_TOKEN": "", "no_proxy": "127.0.0.1,localhost"}


def main():
    hub = serve()
    for config in Path(sys.argv[1]).glob("*/*/config.json"):
        hub.add("/".join(config.parent.parts[-2:]), files_of(config.parent))
    print(hub.address, flush=True)
    for line in sys.stdin:  # "gate ID": it needs a token from now on; "pause SECONDS": a large file takes 100 of these
        word, _, value = line.strip().partition(" ")
        if word == "gate":
            hub.repositories[value].gated = True
        elif word == "pause":
            hub.pause, hub.pieces = float(value), 100
        else:  # an empty line, or the end of the parent
            break
        print("done", flush=True)
    hub.close()


if __name__ == "__main__":
    main()
