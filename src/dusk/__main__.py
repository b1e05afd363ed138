"""Run dusk as ``python -m dusk``."""

import sys

from dusk.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
