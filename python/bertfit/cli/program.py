"""The command line: `bertfit vocab | data | pretrain | train | evaluate | predict | download`, or `python -m bertfit`.

`main` parses the options (`options`), runs a command (`commands`) and returns an exit code: 0 success, 1 an error,
2 wrong usage, 130 interrupted, 141 the reader of a pipe closed it. Errors are printed to stderr as a rule and details,
with the names of options in place of arguments; `--debug` adds the traceback. TensorFlow is not imported before a
command needs it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from bertfit.cli.console import OptionWords
from bertfit.errors import BertfitError, out_of_memory
from bertfit.notices import collected

DONE, FAILED, INTERRUPTED, BROKEN_PIPE = 0, 1, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments after the program's name; None for ``sys.argv[1:]``.

    Returns:
        The exit code.

    Example:
        >>> main(["vocab", "--input", "missing.txt", "--output", "vocab.txt"])  # doctest: +SKIP
        1
    """
    try:
        code = _guarded(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Send what is still in the buffers to /dev/null; otherwise the interpreter prints an error about it at exit.
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, stream.fileno())
                os.close(sink)
        return BROKEN_PIPE


def _guarded(argv: Sequence[str]) -> int:
    debug, names = "--debug" in argv, {}
    try:
        from bertfit.cli import commands, options

        given = options.parser().parse_args([_underscored(word) for word in argv])
        debug, names = given.debug, given.names
        with collected() as notices:
            code = getattr(commands, given.command)(given)
        for notice in [] if given.quiet else notices:
            print(f"bertfit: {OptionWords(names).sentence(notice.sentence)}", file=sys.stderr)
        return code
    except SystemExit as stop:  # argparse: --help and --version are 0, wrong usage is 2
        return int(stop.code or DONE)
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        print("bertfit: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(_explained(error, names), file=sys.stderr)
        return FAILED


def _underscored(word: str) -> str:
    """`--n-seq=512` to `--n_seq=512`, so that both spellings are accepted."""
    if not word.startswith("--"):
        return word
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def _explained(error: Exception, names: Mapping[str, str]) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        error = out_of_memory()
    elif not isinstance(error, BertfitError):
        error = BertfitError("Something went wrong inside bertfit that its authors did not foresee.",
                             [f"{type(error).__name__}: {error}", "`--debug` shows where."])
    first, *others = OptionWords(names).lines(error)
    return "\n".join([f"bertfit: {first}", *(f"  - {line}" for line in others)])


if __name__ == "__main__":
    sys.exit(main())
