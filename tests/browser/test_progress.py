"""Long work shows its progress, and can be canceled without a loss."""

from __future__ import annotations

from pathlib import Path

from lab import Lab, errors

MAKE = """
import os
from pathlib import Path
noise = os.urandom(1 << 20)
with open(Path.home() / "noise", "wb") as file:
    for _ in range(150):
        file.write(noise)
with open(Path.home() / "text", "wb") as file:
    for _ in range(150):
        file.write(noise[: 1 << 19].hex().encode())
"""

DIGEST = """
import hashlib
from pathlib import Path
for name in ("noise", "text"):
    with open(Path.home() / name, "rb") as file:
        print(name, hashlib.file_digest(file, "sha256").hexdigest())
"""

MEMORY = "__import__('pyodide_js')._module.HEAPU8.length"
"""Bytes that Python and its libraries have; the files themselves are kept elsewhere."""

LITTLE = 100 << 20
"""A third of the state: nothing of it may be in the kernel's memory whole."""

APPEAR = 60_000
"""Milliseconds for the bar to come; work that takes long shows it after one second."""


SHARE = "share => [...document.querySelectorAll('progress')].some(b => b.value > share * b.max)"


def cancel(lab: Lab, label: str, share: float = 0) -> None:
    """Click when this much is done: even a late click must be handled before the end."""
    bar = lab.page.get_by_role("progressbar", name=label)
    bar.wait_for(timeout=APPEAR)
    lab.page.wait_for_function(SHARE, arg=share, timeout=APPEAR)
    lab.page.get_by_role("button", name="Cancel").click(timeout=APPEAR)


def html(lab: Lab) -> str:
    return "".join(
        str(output.get("data", "")) for cell in lab.cells() for output in cell["outputs"]
    )


def test_300_MB_can_be_saved_cancelled_and_loaded(fresh_lab: Lab, tmp_path: Path) -> None:
    lab = fresh_lab
    lab.check(MAKE)
    state = lab.check(DIGEST)
    before = lab.value(MEMORY)

    lab.set_cells("from litestate import save_state, load_state\nsave_state()")
    lab.start_all()
    cancel(lab, "Saving")
    assert "Saving: cancelled. Nothing was changed." in lab.finish()
    assert "Download" not in html(lab)

    assert errors(lab.run_all()) == []
    bundle = lab.click_download(tmp_path)
    # The progress is gone from the notebook, and the report replaces it.
    assert "litestate-form" not in html(lab)
    assert "BroadcastChannel" not in html(lab)
    assert bundle.stat().st_size > 200 << 20
    assert lab.value(MEMORY) - before < LITTLE

    lab.check("(Path.home() / 'text').write_text('newer'); (Path.home() / 'mine').touch()")
    lab.set_cells("load_state()")
    lab.start_all()
    lab.choose_file(bundle)
    cancel(lab, "Checking", 0.7)
    assert "cancelled. Nothing was changed." in lab.finish()
    assert lab.value("(Path.home() / 'text').read_text()") == "newer"

    lab.start_all()
    lab.choose_file(bundle)
    lab.page.get_by_role("progressbar", name="Loading").wait_for(timeout=APPEAR)
    output = lab.finish()
    assert "1 file changed; 1 file" in output, output[:300]
    assert lab.check(DIGEST) == state
    assert lab.value(MEMORY) - before < LITTLE
