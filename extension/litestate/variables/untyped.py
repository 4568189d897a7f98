"""The package pandas without its types, which do not know much of what is used here."""

from importlib import import_module
from typing import Any

pandas: Any = import_module("pandas")
