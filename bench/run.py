"""Measure litestate in the built site, side by side with its alternatives.

Started by `python3 build.py bench [name …]`. Each name is a module of bench/kernel/, whose
functions return rows and are executed in the kernel of the site, in Chromium, with a reload of the
page between one and the next. Only ratios to the peer in the same run are meaningful, because the
machine and its load are the same for both. ``kill`` is different: a test that takes long.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserType, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
KERNEL = Path(__file__).parent / "kernel"
TESTS = ROOT / "tests"
sys.path[:0] = [str(ROOT), str(TESTS / "support"), str(TESTS / "browser"), str(KERNEL)]

import drives  # noqa: E402
from lab import Lab  # noqa: E402
from rows import Row, merged, parse, table  # noqa: E402

from tools.browser import FLAGS  # noqa: E402
from tools.server import Server  # noqa: E402

RESULTS = ROOT / ".build" / "bench"
BENCHES = {
    "bundle": ("run",),
    # A restore can be cold only once after each reload.
    "checkpoint": ("save", "restore", "restore", "restore"),
    "variables": ("run",),
}
"""The functions of each, in the order in which they run."""

DRIVE = "drive"
"""Needs two browsers, and has functions of its own."""

PEERS = {"variables": "requirements/bench.txt"}
"""Wheels that a bench needs in the kernel: peers that the site does not have."""

KILL = "kill"
TIMEOUT = 900_000
"""Milliseconds for one function."""

_RUN = """
import litestate, sys
sys.path.insert(0, "/tmp/bench")
import rows as _rows
print("RESULT" + _rows.dump(__import__("{name}").{function}()))
"""


def main(names: list[str]) -> int:
    """Run benches, print a table of each, and write JSON.

    Parameters
    ----------
    names : list of str
        Names of benches; if empty, all but ``kill``.

    Returns
    -------
    int
        Exit code: 2 for an unknown name, 1 if a killed browser lost something.
    """
    known = (*BENCHES, DRIVE, KILL)
    if unknown := sorted(set(names) - set(known)):
        print(
            f"There is no bench {', '.join(unknown)}; there is {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    names = names or [*BENCHES, DRIVE]
    with Server(Path(os.environ["LITESTATE_DIST"]), 0, "/") as server, sync_playwright() as started:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in names:
            if name == DRIVE:
                lines, browser = drives.measure(started.chromium, server.url)
                report(name, drives.table(lines), [line.facts() for line in lines], browser)
            elif name != KILL:
                rows, browser = measured(started.chromium, server.url, name)
                report(name, table(rows), [row.facts() for row in rows], browser)
        server.shutdown()
    if KILL not in names:
        return 0
    import killing

    return killing.main()


def measured(chromium: BrowserType, url: str, name: str) -> tuple[list[Row], str]:
    """Run one bench in the kernel.

    Returns
    -------
    list of Row
        The measurements.
    str
        Version of the browser.
    """
    rows: list[Row] = []
    wheels = _wheels(PEERS[name]) if name in PEERS else {}
    # On disk, as users have it: a profile in memory stores faster. And one of
    # its own: what one bench stores must not help or hinder the next.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = chromium.launch_persistent_context(
            profile, executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS
        )
        lab = Lab(context, url)
        for number, function in enumerate(BENCHES[name]):
            lab = lab.reload() if number else lab.open()
            if name in PEERS:
                # The kernel loads only those of the site's packages that the text of a cell names.
                lab.check("import cloudpickle, micropip, numpy")
            for wheel, content in wheels.items():
                lab.serve(wheel, content)
                lab.check(f"await micropip.install('{lab.url}{wheel}', deps=False)")
            rows += _called(lab, name, function)
        assert context.browser
        version = context.browser.version
        context.close()
    return merged(rows), version


def _wheels(requirements: str) -> dict[str, bytes]:
    """Download wheels whose hashes are known."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "-d", folder, "-r", requirements]
        subprocess.run(command, cwd=ROOT, check=True)
        return {path.name: path.read_bytes() for path in Path(folder).glob("*.whl")}


def _called(lab: Lab, name: str, function: str) -> list[Row]:
    sources = {path.name: path.read_text("utf-8") for path in KERNEL.glob("*.py")}
    lab.check(
        "from pathlib import Path\nPath('/tmp/bench').mkdir()\n"
        f"for name, text in {sources!r}.items(): Path('/tmp/bench', name).write_text(text)"
    )
    output = lab.run(_RUN.format(name=name, function=function), TIMEOUT)
    if output.error:
        raise SystemExit(f"bench {name} failed in {function}(): {output.error}")
    return parse(output.text.partition("RESULT")[2])


def report(name: str, text: str, facts: list[dict[str, Any]], browser: str) -> None:
    """Print a table, and write the same as JSON."""
    print(f"\nbench {name}, Chromium {browser}, {os.cpu_count()} cores")
    print(text)
    made: dict[str, Any] = {
        "bench": name,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "browser": browser,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "rows": facts,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"→ {target.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
