"""What a load needs to know of what it loads: a bundle, or a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from .manifest import Manifest, Member


class Loadable(Protocol):
    """A state that is kept somewhere.

    Attributes
    ----------
    what : str
        What to call it: ``"bundle"`` or ``"checkpoint"``.
    verb : str
        What is done with it: ``"Loaded"`` or ``"Restored"``.
    advance : callable
        Called with the number of bytes of content that were read since the last call.
    trusted : bool
        Whether what is read may run code: it is this computer's own, or somebody said so.
    """

    what: str
    verb: str
    trusted: bool
    advance: Callable[[int], object]

    @property
    def manifest(self) -> Manifest:
        """What it says about itself."""

    @property
    def total(self) -> int:
        """Bytes of content."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of one member, checked by the time the last piece is there."""

    def content(self, member: Member) -> bytes:
        """Return the whole content of a member that is known to be small."""

    def matches(self, member: Member, pieces: Iterable[bytes]) -> bool:
        """Tell whether this content, of the same size, is the member's."""
