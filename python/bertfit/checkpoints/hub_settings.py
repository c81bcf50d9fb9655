"""How the package `huggingface_hub` is called: which hub, which cache, and whether it may be asked at all.

The package reads most of its environment variables when it is imported. Users of R set theirs at any time, so they are
read here at every call.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from bertfit.errors import SetupError

_PIECE = 2**20  # bytes between two reports, and that are lost when a connection breaks
_TRUE = ("1", "ON", "YES", "TRUE")
_proxies: dict[str, str] | None = None  # those that the package's open connections began with


def package() -> ModuleType:
    """The package huggingface_hub, with connections through the proxies that are set now.

    Raises:
        SetupError: It is not installed.
    """
    global _proxies
    try:
        import huggingface_hub
    except ImportError as error:
        raise SetupError("The package huggingface_hub must be installed to fetch models of the hub.",
                         [f"{error}."]) from error
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    if _proxies not in (None, proxies) and hasattr(huggingface_hub, "close_session"):  # before 1.0 they are read anew
        huggingface_hub.close_session()
    _proxies = proxies
    return huggingface_hub


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE, forbids to ask the hub."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in _TRUE


def endpoint() -> str:
    """The hub's address: HF_ENDPOINT, or that of the package."""
    from huggingface_hub import constants

    own = getattr(constants, "_HF_DEFAULT_ENDPOINT", constants.ENDPOINT)
    return (os.environ.get("HF_ENDPOINT") or own).rstrip("/")


def page(name: str) -> str | None:
    """The address of a model's page; None if the package, which knows the hub's, is not installed."""
    try:
        return f"{endpoint()}/{name}"
    except ImportError:
        return None


def cache_path(cache_dir: str | os.PathLike | None = None) -> Path:
    """The folder of the cache: `cache_dir`, else by the rules of the package."""
    home = os.environ.get("HF_HOME")
    chosen = (cache_dir or os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
              or (home and os.path.join(home, "hub")))
    if not chosen:
        chosen = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface", "hub")
    return Path(os.path.expandvars(chosen)).expanduser().absolute()


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """A block in which the package asks the hub, over plain HTTP and without progress bars of its own.

    Neither Ctrl-C nor a caller's progress bar reaches the threads of Xet, the package's other way to get files.
    """
    with _lock:
        if not _before:
            _before.append(_change())
        _before.append(None)
    try:
        yield
    finally:
        with _lock:
            _before.pop()
            if len(_before) == 1:  # the last of several threads
                _before.pop()()


_lock = threading.Lock()
_before: list[Callable[[], None] | None] = []  # what restores the package's settings, and a None per block that is open


def _change() -> Callable[[], None]:
    """Change the package's settings for `asking`; returns the function that restores them."""
    from huggingface_hub import constants, utils

    changed = {"HF_HUB_DISABLE_XET": True, "HF_HUB_OFFLINE": False, "DOWNLOAD_CHUNK_SIZE": _PIECE}
    before = {name: getattr(constants, name) for name in changed if hasattr(constants, name)}
    silenced = not utils.are_progress_bars_disabled() and constants.HF_HUB_DISABLE_PROGRESS_BARS is None
    for name in before:
        setattr(constants, name, changed[name])
    if silenced:
        utils.disable_progress_bars()

    def restore() -> None:
        for name, value in before.items():
            setattr(constants, name, value)
        if silenced:
            utils.enable_progress_bars()

    return restore


def get_file(hub: ModuleType, *arguments: Any, bar: type | None = None, **settings: Any) -> None:
    """`hf_hub_download`; from version 1.0 on it tells `bar`, a class in place of tqdm's, how many bytes have come."""
    if bar is not None and "tqdm_class" in inspect.signature(hub.hf_hub_download).parameters:
        settings["tqdm_class"] = bar
    hub.hf_hub_download(*arguments, **settings)
