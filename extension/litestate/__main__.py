"""Entry point of ``python -m litestate``."""

import sys

from .cli import main

sys.exit(main())
