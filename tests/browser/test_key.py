"""The key that signs bundles, as the browser stores it."""

from __future__ import annotations

from conftest import OpenLab
from lab import Lab

SIGN = """
from litestate import trust
signature = trust.Signer()(b"a manifest")
"""

JUDGE = """
from litestate import trust
from litestate.errors import ForgedBundleError
def verdict(signature, manifest=b"a manifest"):
    try:
        return trust.judge(signature, manifest)
    except ForgedBundleError as error:
        return str(error)
"""

EXPORT = """
import js
from pyodide.ffi import JsException
from litestate.browser.signing_key import load_key
key = await load_key(create=False)
for form in ("raw", "jwk"):
    try:
        await js.crypto.subtle.exportKey(form, key.handle)
        print("exported")
    except JsException as error:
        print(error.name)
print(key.handle.extractable, *key.handle.usages, key.handle.algorithm.hash.name)
"""

BLOCK = """
from pyodide.code import run_js
run_js('''{script}''')
from litestate import trust
signer = trust.Signer()
print(signer(b"a manifest"))
print(signer.note)
"""


def verdict(lab: Lab, signature: str, manifest: bytes = b"a manifest") -> str:
    found: str = lab.value(f"verdict({signature}, {manifest!r})")
    return found


def key_of(lab: Lab) -> str:
    lab.check(SIGN)
    found: str = lab.value("signature.key")
    return found


def test_the_key_signs_and_judges_also_after_a_reload(shared_lab: Lab) -> None:
    lab = shared_lab
    key = key_of(lab)
    made: str = lab.value("signature.hmac_sha256")
    lab.reload()
    lab.check(JUDGE)
    mine = f"trust.Signature({key!r}, {made!r})"
    assert verdict(lab, mine) == "own"
    assert verdict(lab, "None") == "stranger"
    assert verdict(lab, f"trust.Signature('0' * 32, {made!r})") == "stranger"
    changed = f"trust.Signature({key!r}, '{0:064}')"
    for forged in (verdict(lab, mine, b"another"), verdict(lab, changed)):
        assert "names this browser's key, but the signature does not fit" in forged
    assert key_of(lab) == key
    assert (
        lab.check("print(await trust.Signer(trust.AWAITED).sign(b'a manifest') == signature)")
        == "True\n"
    )
    assert lab.check("print(await trust.ajudge(signature, b'a manifest'))") == "own\n"


def test_the_key_cannot_be_taken_out(shared_lab: Lab) -> None:
    shared_lab.check(SIGN)
    assert shared_lab.check(EXPORT).splitlines() == [
        *["InvalidAccessError"] * 2,
        "False sign verify SHA-256",
    ]


def test_without_a_place_for_the_key_nothing_is_signed(open_lab: OpenLab) -> None:
    lab = open_lab()
    # Each takes away more.
    for script, reason in (
        ("IDBFactory.prototype.open = () => { throw new DOMException('denied') }", "denied"),
        ("Object.defineProperty(globalThis, 'indexedDB', {value: undefined})", "no IndexedDB"),
        ("Object.defineProperty(crypto, 'subtle', {value: undefined})", "no Web Cryptography"),
    ):
        signature, note = lab.check(BLOCK.replace("{script}", script)).splitlines()
        assert signature == "None"
        assert note.startswith("This bundle is not signed: this browser cannot keep or use a key (")
        assert reason in note and "trust=True" in note
