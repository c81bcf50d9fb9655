"""Download one file over HTTP: resumed after an interruption, restarted if the file has changed, retried after errors.

The environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read at each download. Knows nothing of models. A partial
file is resumed only if the server's validator (ETag or Last-Modified) proves that its bytes belong to the current
version of the file.
"""

from __future__ import annotations

import base64
import errno
import http.client
import json
import re
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bertfit.errors import DownloadError

Report = Callable[..., Any]

TIMEOUT = 30.0  # seconds without data before a connection counts as lost
WAITS = (0.5, 2.0, 5.0)  # seconds before each retry; an attempt that receives bytes starts the count again
_PIECE = 2**18


def forget(partial: Path) -> None:
    """Delete a partial file and the notes about it."""
    for path in (partial, _notes(partial)):
        path.unlink(missing_ok=True)


def _notes(partial: Path) -> Path:
    """The JSON file beside a partial file: its address, its version and the full length."""
    return partial.with_name(f"{partial.name}.json")


def fetch(url: str, partial: Path, report: Report) -> dict[str, str]:
    """Download `url` to the file `partial`, resuming if it holds the beginning of the same version.

    Args:
        url: The address.
        partial: The file to write. A JSON file beside it records the address and the version.
        report: Called with (bytes so far, total bytes or None), and with ``last=True`` at the end.

    Returns:
        The digests that the server publishes for the file, by algorithm: ``{"md5": ...}`` or ``{}``.

    Raises:
        DownloadError: The file cannot be downloaded after several attempts.
        OSError: The disk is full or not writable.
    """
    failures = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            return _fetch_once(url, partial, report)
        except urllib.error.HTTPError as error:
            reason = f"the server answered {error.code} {error.reason}"
            if error.code == 416:  # our part is longer than the file, so of another version
                forget(partial)
            elif error.code < 500 and error.code not in (408, 429):
                raise _failed(url, partial, reason) from error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        gained = partial.exists() and partial.stat().st_size > before
        failures = 0 if gained else failures + 1
        if failures > len(WAITS):
            raise _failed(url, partial, reason)
        time.sleep(WAITS[max(failures - 1, 0)] if WAITS else 0)


def _fetch_once(url: str, partial: Path, report: Report) -> dict[str, str]:
    headers = {"User-Agent": "bertfit", "Accept-Encoding": "identity"}
    have, notes = _resumable(url, partial)
    if have and have == notes["total"]:  # complete, but a later step (unpacking) failed
        return notes["published"]
    if have:  # If-Range: the server sends the whole file if it has changed
        headers |= {"Range": f"bytes={have}-", "If-Range": notes["validator"]}
    # Not `urlopen`, which reads the proxies of the environment once per process.
    opener = urllib.request.build_opener()
    with opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
        total, start = _extent(response, have)
        if start is None:
            forget(partial)
            raise http.client.HTTPException("the server sent another part of the file than was asked for")
        etag = response.headers.get("ETag", "")
        validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        notes = {"url": url, "validator": validator, "total": total, "published": _published(response)}
        _require_space(partial, (total or 0) - start)
        done = start
        with open(partial, "r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            file.flush()  # remove the old bytes before the notes record the new version
            _notes(partial).write_text(json.dumps(notes), "utf-8")
            report(done, total)
            while piece := response.read1(_PIECE):
                file.write(piece)
                done += len(piece)
                report(done, total)
        if total is not None and done != total:
            raise http.client.HTTPException(f"the connection was cut after {done:,} of {total:,} bytes")
        report(done, total, last=True)
        return notes["published"]


def _resumable(url: str, partial: Path) -> tuple[int, dict[str, Any]]:
    """The number of bytes to resume from, 0 if they may belong to another version; and the notes."""
    try:
        notes = json.loads(_notes(partial).read_text("utf-8"))
        have = partial.stat().st_size
    except (OSError, ValueError):
        return 0, {}
    usable = notes.get("url") == url and notes.get("validator") and have <= (notes.get("total") or 0)
    return (have if usable else 0), notes


def _extent(response, have: int) -> tuple[int | None, int | None]:
    """The file's full length (None if unknown) and the offset of the response's body (None if not `have`)."""
    if response.status == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        return (int(match[2]), int(match[1])) if match and int(match[1]) == have else (None, None)
    length = response.headers.get("Content-Length")
    return (int(length) if length else None), 0


def _published(response) -> dict[str, str]:
    """The digests in the response's headers: Google's storage sends the file's MD5."""
    for value in ",".join(response.headers.get_all("x-goog-hash", [])).split(","):
        algorithm, _, digest = value.strip().partition("=")
        if algorithm == "md5":
            return {"md5": base64.b64decode(digest).hex()}
    return {}


def way_to(url: str) -> str:
    """How an address is reached, as a sentence for errors: the proxy without its password, or that there is none."""
    parts = urllib.parse.urlsplit(url)
    variable, proxy = f"{parts.scheme.upper()}_PROXY", urllib.request.getproxies().get(parts.scheme)
    if not proxy:
        return f"No proxy was asked: behind one, set the environment variable {variable}."
    if urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return f"No proxy was asked: NO_PROXY exempts {parts.hostname}."
    shown = proxy if "@" not in proxy else f"{proxy.partition('://')[0]}://{proxy.rpartition('@')[2]}"
    return f"The proxy {shown} was asked, as the environment variable {variable} says."


def _failed(url: str, partial: Path, reason: str) -> DownloadError:
    have = partial.stat().st_size if partial.exists() else 0
    return DownloadError(
        "A model's files must be reachable to be downloaded.",
        [
            f"{url}: {reason}.",
            f"{have:,} bytes are kept; the next try goes on from there." if have else "Nothing was downloaded.",
            way_to(url),
            "Without a connection: fetch that address elsewhere, unpack it, and give the folder in place of the name.",
        ],
    )


def _require_space(partial: Path, missing: int) -> None:
    free = shutil.disk_usage(partial.parent).free
    if missing > free:
        raise OSError(errno.ENOSPC, f"{missing:,} bytes are needed and {free:,} are free", str(partial))
