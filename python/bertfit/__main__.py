"""`python -m bertfit`: the command line, see `bertfit.cli.program`."""

from __future__ import annotations

import sys

from bertfit.cli import main

if __name__ == "__main__":
    sys.exit(main())
