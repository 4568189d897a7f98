"""Signing of bundles, and the decision whether a bundle may run code here.

A bundle that this computer signed may run code; any other is a stranger's. The signature covers
the manifest, which has the hash of every member. The key never leaves the browser's storage, or
the user's folder in plain Python.
"""

from __future__ import annotations

import os
from typing import Literal, Protocol

from .bundle.manifest import Signature
from .errors import ForgedBundleError, NeedsAsyncError, NoKeyError, RestrictedError
from .platform import IN_BROWSER
from .waiting import AWAITED, Waiter, run_to_completion

Verdict = Literal["own", "stranger"]

RESTRICTED = os.environ.get("LITESTATE_RESTRICT") == "1"
"""Whether this kernel neither writes nor reads pickles, even its own."""

_OWNER = "browser" if IN_BROWSER else "computer"

_IN_SAVE = Waiter("asave_state")

_IN_LOAD = Waiter("aload_state")


def check_allowed(*, trust: bool) -> None:
    """Refuse ``trust=True`` in a restricted kernel.

    Raises
    ------
    RestrictedError
        If this kernel is restricted.
    """
    if trust and RESTRICTED:
        raise RestrictedError(
            "trust=True is not possible here: LITESTATE_RESTRICT=1 is set, so no code of a bundle "
            "runs. Nothing was changed. Without trust=True, load_state() loads everything that "
            "needs no trust."
        )


def trust_advice() -> str:
    """Return the advice for a variable or package that needs trust."""
    if RESTRICTED:
        return "Here nothing is trusted (LITESTATE_RESTRICT=1): load it where that is not set."
    return "If you trust who made the bundle, load it with trust=True."


def trust_hint() -> str:
    """Return the same advice for the top of a report, for a user who probably made the bundle."""
    where = "in another browser" if IN_BROWSER else "on another computer"
    return (
        f"Made {where}? If it is yours: load_state(…, trust=True). For other people's bundles do "
        "so only if you would run their code."
    )


class Key(Protocol):
    """A signing key. Its methods suspend only in a browser.

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
        """Tell whether `sign` returns this for the data, in a time that reveals nothing."""
        ...


class Signer:
    """Signs one manifest, or records why that failed.

    Parameters
    ----------
    waiter : Waiter, optional
        Waits for the key. By default it waits inside of the call, which not every browser can.

    Attributes
    ----------
    waiter : Waiter
        As given.
    reason : str
        Why the manifest was not signed, without a full stop; empty if it was.
    """

    def __init__(self, waiter: Waiter = _IN_SAVE) -> None:
        self.reason = ""
        self.waiter = waiter

    def __call__(self, manifest: bytes) -> Signature | None:
        """Do what `sign` does, for a signer that waits inside of the call."""
        return run_to_completion(self.sign(manifest))

    async def sign(self, manifest: bytes) -> Signature | None:
        """Sign the bytes of a manifest; return None where that is impossible."""
        try:
            return await self.waiter(_signed(manifest), "its key")
        except NeedsAsyncError:
            self.reason = "this browser cannot wait for its key inside a call; asave_state() can"
        except NoKeyError as error:
            self.reason = str(error)
        return None

    @property
    def note(self) -> str:
        """The warning for a report; empty if the manifest was signed."""
        if not self.reason:
            return ""
        where = "" if RESTRICTED else " for load_state(…, trust=True)"
        return (
            f"This bundle is not signed: {self.reason}. Everything in it that could run code will "
            f"wait{where}, even in this {_OWNER}."
        )


def judge(signature: Signature | None, manifest: bytes) -> Verdict:
    """Tell whether this computer, or this browser, signed a manifest.

    Parameters
    ----------
    signature : Signature or None
        The signature in the bundle.
    manifest : bytes
        The bytes of the manifest in the bundle.

    Returns
    -------
    {"own", "stranger"}
        Own if it was signed with the key of this browser or computer. A stranger's if it has no
        signature or that of another key, and if the key cannot be read.

    Raises
    ------
    ForgedBundleError
        If it names this key but was not signed with it.
    NeedsAsyncError
        If this browser cannot wait for its key; use `aload_state`.
    """
    return run_to_completion(ajudge(signature, manifest, _IN_LOAD))


async def ajudge(signature: Signature | None, manifest: bytes, waiter: Waiter = AWAITED) -> Verdict:
    """Do what `judge` does, with ``await``."""
    if signature is None:
        return "stranger"
    return await waiter(_judge(signature, manifest), "the key of the bundle's signature")


async def _judge(signature: Signature, manifest: bytes) -> Verdict:
    try:
        signing_key = await _key(create=False)
        if signing_key is None or signing_key.id != signature.key:
            return "stranger"
        fits = await signing_key.verify(manifest, signature.hmac_sha256)
    except NoKeyError:
        return "stranger"
    if not fits:
        raise ForgedBundleError(
            f"The bundle names this {_OWNER}'s key, but the signature does not fit: it was changed "
            "after it was saved. Nothing was loaded; use another copy of the file, and do not "
            "trust this one."
        )
    return "own"


async def _signed(manifest: bytes) -> Signature:
    signing_key = await _key(create=True)
    if signing_key is None:
        raise NoKeyError("its key was removed while it was made")
    return Signature(signing_key.id, await signing_key.sign(manifest))


async def _key(*, create: bool) -> Key | None:
    if IN_BROWSER:
        from .browser import signing_key

        return await signing_key.load_key(create=create)
    from .storage import key_file

    return key_file.load_key(create=create)
