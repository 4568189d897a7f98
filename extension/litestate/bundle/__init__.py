"""The bundle: a ZIP archive with a manifest.

`Writer` writes one as a stream, `Reader` checks all of it. The format is described in
``docs/bundle-format.md``.
"""

from .limits import Limits
from .reader import Reader
from .writer import Compression, Writer
from .zip_format import CHUNK, is_bundle

__all__ = ["CHUNK", "Compression", "Limits", "Reader", "Writer", "is_bundle"]
