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

AT_ONCE = """
import asyncio, time
from litestate.browser import signing_key

async def make(start, count):
    names = []
    for number in range(count):
        signing_key.DATABASE = f"race {number}"
        await asyncio.sleep(max(0, start + 0.2 * number - time.time()))
        names.append((await signing_key.load_key(create=True)).id)
    return names
"""

RACES = 30

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


def test_another_browser_has_another_key(open_lab: OpenLab, shared_lab: Lab) -> None:
    first, second = shared_lab, open_lab()
    mine = f"trust.Signature({key_of(first)!r}, {first.value('signature.hmac_sha256')!r})"
    second.check(JUDGE)
    assert verdict(second, mine) == "stranger"
    assert key_of(second) not in mine
    assert verdict(second, mine) == "stranger"


def test_two_tabs_that_make_the_first_key_at_once_have_one(
    open_lab: OpenLab, shared_lab: Lab
) -> None:
    first, second = shared_lab, open_lab(context=shared_lab.context)
    for lab in (first, second):
        lab.check(AT_ONCE)
    # Both begin at the same tick of the clock that they share, many times over.
    start = first.value("time.time()") + 3
    for lab in (first, second):
        lab.check(f"task = asyncio.ensure_future(make({start}, {RACES}))")
    found = []
    for lab in (first, second):
        lab.check("names = await asyncio.wait_for(task, 60)")
        found.append(lab.value("names"))
    assert found[0] == found[1]
    assert len(set(found[0])) == RACES


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


def test_without_jspi(lab_without_jspi: Lab) -> None:
    lab = lab_without_jspi
    lab.check("from litestate import trust\nsigner = trust.Signer()\nassert signer(b'') is None")
    assert "cannot wait for its key inside a call" in lab.value("signer.note")
    lab.check("signature = await trust.Signer(trust.AWAITED).sign(b'a manifest')")
    assert lab.check("print(await trust.ajudge(signature, b'a manifest'))") == "own\n"
    error = lab.run("trust.judge(signature, b'a manifest')").error
    assert "NeedsAsyncError" in error and "await aload_state(" in error
    assert lab.value("trust.judge(None, b'')") == "stranger"

    # A bundle is signed all the same, if the call is awaited.
    lab.check(
        "import litestate\nf = lambda: 7\n"
        "save = lambda path: litestate.save_state(path, variables='f')\n"
        "report = save('/tmp/plain')"
    )
    assert "asave_state() can" in lab.value("str(report)")
    lab.check("report = await litestate.asave_state('/tmp/awaited')")
    assert "not signed" not in lab.value("str(report)")
    lab.check("del f\nreport = await litestate.aload_state('/tmp/plain.litestate.zip')")
    assert lab.value("[s.path for s in report.skipped]") == ["f"]
    lab.check("report = await litestate.aload_state('/tmp/awaited.litestate.zip')")
    assert lab.value("f()") == 7
