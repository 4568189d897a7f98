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
from litestate.errors import StorageError
undo = run_js('''
  const owner = {owner}.prototype;
  const found = Object.getOwnPropertyDescriptor(owner, "{name}");
  delete owner["{name}"];
  if ("{instead}") owner["{name}"] = () => Promise.reject(new DOMException("no", "{instead}"));
  () => Object.defineProperty(owner, "{name}", found)
''')
try:
    await open_storage("lacking", patience=5)
    print("opened")
except StorageError as error:
    print(error)
finally:
    undo()
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
    with third.page.expect_event("crash", timeout=20_000):
        session = profile.new_cdp_session(third.page)
        # A process that has crashed does not answer.
        with pytest.raises(Error):
            session.send("Page.crash", timeout=1000)
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


def test_a_browser_that_lacks_something(shared_lab: Lab) -> None:
    lab = shared_lab
    assert open_storage(lab)
    for owner, name, instead, reason in (
        ("StorageManager", "getDirectory", "", "lacks a private file system"),
        ("StorageManager", "getDirectory", "SecurityError", "cannot be opened (SecurityError: no)"),
        ("FileSystemFileHandle", "createSyncAccessHandle", "", "lacks synchronous access to"),
        ("WorkerNavigator", "locks", "", "lacks Web Locks"),
        ("WorkerNavigator", "storage", "", "lacks a private file system"),
        ("LockManager", "request", "SecurityError", "lock of the checkpoints"),
    ):
        code = LACKING.replace("{owner}", owner).replace("{name}", name)
        message = lab.check(code.replace("{instead}", instead))
        assert reason in message
        assert "save_state() works" in message
    lab.check("storage.close()")
    assert open_storage(lab)
    lab.check("storage.close()")
