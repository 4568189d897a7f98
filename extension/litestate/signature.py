"""Who says that a manifest is theirs: the entry of a bundle, read strictly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Protocol

_KEY = "[0-9a-f]{32}"
_FORM = re.compile(rf'\{{"key": "({_KEY})", "hmac_sha256": "([0-9a-f]{{64}})"\}}')

SIGNATURE_BYTES = len('{"key": "", "hmac_sha256": ""}') + 32 + 64
"""Size of the entry: it has one form only."""


@dataclass(frozen=True)
class Signature:
    """What was signed with whose key.

    Attributes
    ----------
    key : str
        Name of the key: 32 hexadecimal digits, which say nothing about the key itself.
    hmac_sha256 : str
        HMAC-SHA-256 of the bytes of the manifest, 64 hexadecimal digits.
    """

    key: str
    hmac_sha256: str

    def to_json(self) -> bytes:
        """Return it as it stands in the bundle.

        Examples
        --------
        >>> len(Signature("0" * 32, "f" * 64).to_json()) == SIGNATURE_BYTES
        True
        """
        return json.dumps({"key": self.key, "hmac_sha256": self.hmac_sha256}).encode()


class NoKeyError(Exception):
    """There is no key to sign with; the message is a reason for a person, without a full stop."""


class Key(Protocol):
    """What signs, and tells what it has signed.

    Only where it is kept in a browser do its methods really wait.

    Attributes
    ----------
    id : str
        Its name: 32 hexadecimal digits.
    """

    @property
    def id(self) -> str: ...  # noqa: D102

    async def sign(self, data: bytes) -> str:
        """Return the HMAC-SHA-256 of data in hexadecimal digits."""
        ...

    async def verify(self, data: bytes, hmac_sha256: str) -> bool:
        """Tell whether this is what `sign` returns; the time says nothing about the difference."""
        ...


def read_signature(data: bytes) -> Signature | None:
    """Read the entry of a bundle; return None if it is anything else.

    Examples
    --------
    >>> read_signature(b"{}")
    """
    found = _FORM.fullmatch(data.decode("ascii", "replace"))
    return Signature(found[1], found[2]) if found else None
