"""The browser's private files, with two tabs, without room, and when kernels are killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import OpenLab
from lab import Lab
from playwright.sync_api import Browser, BrowserContext, Error

from tools.browser import FLAGS

OPEN = """
from litestate.storage import open_storage
storage = await open_storage("a notebook", patience={patience})
file = storage.files[0]
"""

TAKE = """
taken = storage.take_over()
if taken:
    storage, file = taken, taken.files[0]
print(bool(taken))
"""

FILL = """
from litestate.errors import StorageFullError
at = file.size()
try:
    for _ in range(20):
        file.write(at, bytes(1 << 20))
        at += 1 << 20
    print("there was room")
except StorageFullError as error:
    print(error)
"""

LACKING = """
from pyodide.code import run_js
undo = run_js('''
  const owner = {owner}.prototype;
  const found = Object.getOwnPropertyDescriptor(owner, "{name}");
  delete owner["{name}"];
  if ("{instead}") owner["{name}"] = () => Promise.reject(new DOMException("no", "{instead}"));
  () => Object.defineProperty(owner, "{name}", found)
''')
try:
    lacking = await open_storage("lacking", patience=5)
    print(f"{lacking.label.split()[-1]}: {lacking.transient}")
finally:
    undo()
"""


AS_IN_WEBKIT = """
import asyncio
from litestate.browser import opfs
from litestate.browser.opfs_errors import NoStorageError
from litestate.errors import StorageError
from pyodide.code import run_js
imitate = run_js('''
  const { prototype } = FileSystemFileHandle;
  const original = prototype.createSyncAccessHandle;
  const fail = (name) => { throw new DOMException("as in WebKit", name); };
  const safari = async function () {
    try {
      return await original.call(this);
    } catch (error) {
      if (error.name === "NoModificationAllowedError") fail("InvalidStateError");
      throw error;
    }
  };
  // The first call for a file leaves it locked.
  const tried = new Set();
  const gtk = async function () {
    fail(tried.size === tried.add(this.name).size ? "InvalidStateError" : "NotSupportedError");
  };
  (name) => { prototype.createSyncAccessHandle = { original, safari, gtk }[name]; }
''')
folder = await opfs.open_folder()
file = await opfs.open_file(folder, "one")
"""

AS_IN_SAFARI = """
imitate("safari")
first = await opfs.Handle.open(file)
second = asyncio.ensure_future(opfs.Handle.open(file))
await asyncio.sleep(0.5)
assert not second.done()
first.write(0, b"from the first")
first.close()
print((await asyncio.wait_for(second, 5)).read(0, 100).decode())
second.result().close()
try:
    first.size()
except StorageError as error:
    print(error)
"""

AS_IN_GTK = """
imitate("gtk")
for _ in range(2):
    opfs._opens_files = False
    try:
        await asyncio.wait_for(opfs.Handle.open(file), 5)
    except NoStorageError as error:
        print(error)
imitate("original")
names = await run_js('''
  navigator.storage.getDirectory().then((it) => Array.fromAsync(it.keys())).then(String)
''')
assert "one" in names and "litestate-" not in names, names
"""


def open_storage(lab: Lab, *, patience: float = 10) -> bool:
    """Open the storage in the kernel; return whether it is writable."""
    lab.check(OPEN.replace("{patience}", str(patience)))
    writable: bool = lab.value("storage.writable")
    return writable


def take_over(lab: Lab) -> float:
    """Take over in one cell after another; return the seconds that it took."""
    start = time.monotonic()
    while lab.check(TAKE) != "True\n":
        assert time.monotonic() < start + 20, "the storage was not taken over"
    return time.monotonic() - start


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A profile on disk, because Chromium has other code for profiles in memory."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS
    )
    yield context
    context.close()


def test_a_restarted_kernel_writes_on(shared_lab: Lab) -> None:
    lab = shared_lab
    for turn in range(2):
        if turn:
            lab.page.evaluate("window.panel.sessionContext.session.kernel.restart()")
        start = time.monotonic()
        assert open_storage(lab)
        print(f"opened in {time.monotonic() - start:.2f} s")
        assert lab.value("file.size()") == turn * 1000
        lab.check(f"file.write({turn * 1000}, b'{turn}' * 1000)\nfile.flush()")
    lab.reload()
    assert open_storage(lab)
    assert lab.value("file.read(0, 5000).decode()") == "".join(str(n) * 1000 for n in range(2))
    lab.check("file.truncate(0)\nstorage.close()")


def test_another_tab_reads_and_takes_over_also_after_a_crash(
    open_lab: OpenLab, profile: BrowserContext
) -> None:
    first, second = open_lab(context=profile), open_lab(context=profile)
    assert open_storage(first)
    first.check("file.write(0, b'from the first')\nfile.flush()")
    assert not open_storage(second, patience=0.2)
    assert second.value("file.read(0, 100).decode()") == "from the first"
    first.check("file.write(14, b' tab')\nfile.flush()")
    assert second.value("file.read(0, 100).decode()") == "from the first"
    second.check("await storage.refresh()\nfile = storage.files[0]")
    assert second.value("file.read(0, 100).decode()") == "from the first tab"
    assert "only read" in second.run("file.write(0, b'x')").error
    assert second.check(TAKE) == "False\n"

    # It has rewritten the file, and ends.
    first.check("file.truncate(0)\nfile.write(0, b'the first, again')\nfile.flush()")
    first.page.close()
    print(f"taken over in {take_over(second):.2f} s")
    assert second.value("file.read(0, 100).decode()") == "the first, again"
    second.check("file.write(0, b'now the second')\nfile.flush()")

    third = open_lab(context=profile)
    assert not open_storage(third, patience=0.2)
    assert third.value("file.read(0, 14).decode()") == "now the second"
    second.check("storage.close()")
    take_over(third)

    third.check("file.write(0, b'before the crash')\nfile.flush()")
    assert not open_storage(second, patience=0.2)
    # A page that has crashed does not load.
    with third.page.expect_event("crash", timeout=20_000), pytest.raises(Error):
        third.page.goto("chrome://crash", timeout=10_000)
    print(f"taken over in {take_over(second):.2f} s")
    assert second.value("file.read(0, 16).decode()") == "before the crash"


def test_no_room(open_lab: OpenLab, site: str, profile: BrowserContext) -> None:
    lab = open_lab(context=profile)
    assert open_storage(lab)
    lab.check("file.write(0, b'good')\nfile.flush()")
    used, quota = lab.value("await storage.usage()")
    assert 0 < used < quota
    session = profile.new_cdp_session(lab.page)
    origin = site.rstrip("/")
    quota = {"origin": origin, "quotaSize": used + 8_000_000}
    session.send("Storage.overrideQuotaForOrigin", quota)
    assert "no room left for checkpoints in this browser's storage" in lab.check(FILL)
    assert "no room left" in lab.run("file.truncate(50 << 20)").error
    lab.check("file.truncate(4)\nfile.write(4, b', better')\nfile.flush()")
    assert lab.value("file.read(0, 100).decode()") == "good, better"
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    assert lab.check(FILL) == "there was room\n"
    lab.reload()
    assert open_storage(lab)
    assert lab.value("file.read(0, 12).decode()") == "good, better"


def test_as_in_webkit(shared_lab: Lab) -> None:
    """There, a file that is open elsewhere has the error of a handle that has been closed."""
    lab = shared_lab
    lab.check(AS_IN_WEBKIT)
    content, closed = lab.check(AS_IN_SAFARI).splitlines()
    assert content == "from the first"
    assert closed == "The checkpoints in this browser's storage have been closed."
    messages = lab.check(AS_IN_GTK).splitlines()
    assert len(messages) == 2
    for message in messages:
        assert message.startswith("This browser cannot keep checkpoints: ")
        assert "NotSupportedError" in message


def test_a_browser_that_lacks_something(shared_lab: Lab) -> None:
    lab = shared_lab
    assert open_storage(lab)
    for owner, name, instead, reason in (
        ("StorageManager", "getDirectory", "", "lacks a private file system"),
        ("StorageManager", "getDirectory", "SecurityError", "does not work (SecurityError: no)"),
        ("FileSystemFileHandle", "createSyncAccessHandle", "", "lacks synchronous access to"),
        ("WorkerNavigator", "locks", "", "lacks Web Locks"),
        ("WorkerNavigator", "storage", "", "lacks a private file system"),
        ("LockManager", "request", "SecurityError", "refuses their lock"),
    ):
        code = LACKING.replace("{owner}", owner).replace("{name}", name)
        message = lab.check(code.replace("{instead}", instead))
        assert reason in message
        assert message.startswith("memory: This browser cannot keep checkpoints: ")
    lab.check("storage.close()")
    assert open_storage(lab)
    lab.check("storage.close()")
