"""The bundle, a ZIP archive with a manifest.

`Writer` makes one as a stream, `Reader` trusts nothing in it.

The format is described in ``docs/bundle-format.md``.
"""

from .format import CHUNK, is_bundle
from .limits import Limits
from .reader import Reader
from .writer import Compression, Writer

__all__ = ["CHUNK", "Compression", "Limits", "Reader", "Writer", "is_bundle"]
