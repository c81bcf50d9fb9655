"""What it means that the hub refuses a model, or that its files do not come: one error that says what to do.

`explained` turns the exceptions of the package huggingface_hub into `DownloadError`s. The names of their classes are
the same in its versions from 0.23 to 2.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

from bertfit.checkpoints import recommended, registry
from bertfit.checkpoints.fetch import way_to
from bertfit.errors import Arg, DownloadError, Function, Sentence, Setting, Variable

_TOKEN = Sentence("Set it with {}, or log in once with `hf auth login`.", Variable("HF_TOKEN", "hf_..."))
#: Endings of weights of other programs.
_FOREIGN = (".h5", ".msgpack", ".onnx", ".ot", ".tflite", ".gguf", ".pth", ".ckpt")


@dataclasses.dataclass(frozen=True)
class Question:
    """What the hub is asked for.

    Args:
        name: The id of the model.
        revision: A branch, a tag or a commit.
        place: The folder of the model in the cache.
        endpoint: The hub's address; None if it is not asked.
        tried: Sentences about what else the user's word is not.
    """

    name: str
    revision: str
    place: Path
    endpoint: str | None = None
    tried: tuple[str, ...] = ()

    def to(self, endpoint: str) -> Question:
        """The same question to a hub."""
        return dataclasses.replace(self, endpoint=endpoint)

    @property
    def download(self) -> Function:
        """The call that fetches the model."""
        revision = [] if self.revision == "main" else [Setting("revision", self.revision)]
        return Function("download", [self.name], revision)


class UnreachableError(DownloadError):
    """The hub did not answer, or with an error of its own.

    Attributes:
        reason: In a few words.
    """

    reason = ""


def not_cached(question: Question, offline: bool) -> DownloadError:
    """The model is not in the cache, and the hub must not be asked."""
    why = "HF_HUB_OFFLINE is set: unset it" if offline else "Allow it"
    return DownloadError(
        "A model must be in the cache when the hub may not be asked.",
        [*question.tried, f"{question.name} ({question.revision}) is not in {question.place.parent}, or not whole.",
         Sentence(f"{why}, or fetch it once with {{}}.", question.download)])


def without(question: Question, what: str, names: Iterable[str]) -> DownloadError:
    """The repository lacks a file."""
    names = sorted(names)
    foreign = [name for name in names if name.endswith(_FOREIGN)]
    details = [f"{question.name} has {', '.join(foreign or names[:8]) or 'no files'}."]
    if any(name.endswith((".h5", ".msgpack")) for name in foreign):
        details.append("transformers 4 converts them: `AutoModel.from_pretrained(id, from_tf=True)` (or `from_flax`), "
                       "then `save_pretrained(folder)`.")
    return DownloadError(f"A model of the hub must have {what}.", details)


def damaged(question: Question, name: str) -> DownloadError:
    """A file came otherwise than the hub says."""
    return DownloadError("A downloaded file must have its published size and checksum.",
                         [f"{name} of {question.name} has not.", "It was deleted; try again."])


@contextlib.contextmanager
def explained(question: Question, fetching: bool = False) -> Iterator[None]:
    """Within the block, exceptions of huggingface_hub become `DownloadError`s; `fetching` if it fetches files."""
    try:
        yield
    except DownloadError:
        raise
    except Exception as error:
        told = _explain(error, question, fetching)
        if told is None:
            raise
        raise told from error


def _explain(error: Exception, question: Question, fetching: bool) -> DownloadError | None:
    from huggingface_hub import utils

    if isinstance(error, utils.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return _explain(error.__cause__, question, fetching)  # the file's metadata could not be had
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, utils.GatedRepoError) or (status == 403 and not isinstance(error, utils.EntryNotFoundError)):
        return _gated(question)
    if isinstance(error, utils.RevisionNotFoundError):
        return DownloadError("must be a branch, a tag or a commit of the model.",
                             [f"{question.name} has none of that name.", f"Its page lists them: {_page(question)}."],
                             argument="revision", received=question.revision)
    if isinstance(error, utils.RepositoryNotFoundError) or status == 401:
        return _not_found(question)
    if isinstance(error, utils.EntryNotFoundError) and status is not None:
        return DownloadError("A model's files must stay while they are fetched.",
                             [f"{question.name}: {_first(error)}", "Try again."])
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS,
                                                          errno.ENOTDIR, errno.EEXIST):
        return _disk(error, question)
    broken = fetching and _of_connection(error) and not any(
        word in type(error).__name__ for word in ("Connect", "Proxy", "SSL"))
    if broken or "onsistency check" in str(error):
        return DownloadError("A download must arrive whole.",
                             [f"{question.name}: {_first(error)}", "Call again: complete files are kept."])
    if isinstance(error, utils.OfflineModeIsEnabled) or status is not None or _of_connection(error):
        return _unreachable(question, f"it answered {status}" if status else _first(error))
    return None


def _of_connection(error: Exception) -> bool:
    libraries = ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "ssl")
    return (isinstance(error, (ConnectionError, TimeoutError)) or type(error).__module__.split(".")[0] in libraries
            or type(error).__name__ == "FileMetadataError")


def _unreachable(question: Question, reason: str) -> UnreachableError:
    told = UnreachableError(
        "The hub must be reachable to fetch a model.",
        [*question.tried, f"{question.name} was asked for at {question.endpoint}: {reason.rstrip('.')}.",
         way_to(question.endpoint), "The environment variable HF_ENDPOINT names a mirror.",
         "Or give the folder of the model, fetched elsewhere, in place of its id."])
    told.reason = reason.rstrip(".")
    return told


def _not_found(question: Question) -> DownloadError:
    short = question.name.split("/")[1]
    near = [registry.find(short).name] if registry.is_known(short) else recommended.near(question.name)
    return DownloadError(
        "A model must be a folder, or one that the hub has.",
        [*question.tried, f"The hub ({question.endpoint}) has no model {question.name}, or does not show it.",
         *([f"Did you mean {', '.join(near)}?"] if near else []),
         Sentence("A private one needs a token that may read it. {}", _TOKEN)])


def _gated(question: Question) -> DownloadError:
    from huggingface_hub import get_token

    sent = "The token that was sent has no access." if get_token() else "No token was sent."
    return DownloadError(
        "A gated model must be fetched with the token of a user who has been granted access.",
        [f"{question.name} is gated: access is asked for on its page, {_page(question)}.",
         Sentence(f"{sent} {{}}", _TOKEN)])


def _disk(error: OSError, question: Question) -> DownloadError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DownloadError(
        "The cache must have room for the model." if full else "The cache must be writable.",
        [f"{error.filename or question.place}: {error.strerror or error}.",
         "Free some space and call again: complete files are kept." if full else "Nothing was changed.",
         Sentence("{}, or the environment variable HF_HOME, chooses another disk.", Arg("cache_dir"))])


def _page(question: Question) -> str:
    return f"{question.endpoint}/{question.name}"


def _first(error: Exception) -> str:
    """The first line of an exception's text, or its class."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
