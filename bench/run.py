"""Measure litestate in the built site, side by side with what people would use instead.

Started by `python3 build.py bench [name …]`. Each name is a module of bench/kernel/ with a function
``run()``, which is executed in the kernel of the site, in Chromium. Only ratios to the peer in the
same run say something: the machine, and what else it does, is the same for both.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from lab import Lab  # noqa: E402

from tools.browser import FLAGS  # noqa: E402
from tools.server import Server  # noqa: E402

KERNEL = Path(__file__).parent / "kernel"
RESULTS = ROOT / ".build" / "bench"
BENCHES = ("bundle",)
TIMEOUT = 900_000
"""Milliseconds for one of them."""

_RUN = """
import litestate, sys
sys.path.insert(0, "/tmp/bench")
print("RESULT" + __import__("json").dumps(__import__("{name}").run()))
"""


def main(names: list[str]) -> int:
    """Run benches, print a table of each, and write JSON.

    Returns
    -------
    int
        Exit code: 2 for a name that there is not.
    """
    if unknown := sorted(set(names) - set(BENCHES)):
        known = ", ".join(BENCHES)
        print(f"There is no bench {', '.join(unknown)}; there is {known}.", file=sys.stderr)
        return 2
    with Server(Path(os.environ["LITESTATE_DIST"]), 0, "/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS
            )
            for name in names or BENCHES:
                # A profile of its own: what one stores must not help or hinder the next.
                lab = Lab(browser.new_context(), server.url).open()
                report(name, measured(lab, name), browser.version)
                lab.context.close()
            browser.close()
        server.shutdown()
    return 0


def measured(lab: Lab, name: str) -> list[dict[str, Any]]:
    """Run one bench in the kernel."""
    sources = {path.name: path.read_text("utf-8") for path in KERNEL.glob("*.py")}
    lab.check(
        "from pathlib import Path\nPath('/tmp/bench').mkdir()\n"
        f"for name, text in {sources!r}.items(): Path('/tmp/bench', name).write_text(text)"
    )
    output = lab.run(_RUN.format(name=name), TIMEOUT)
    if output.error:
        raise SystemExit(f"bench {name} failed: {output.error}")
    rows: list[dict[str, Any]] = json.loads(output.text.partition("RESULT")[2])
    return rows


def report(name: str, rows: list[dict[str, Any]], browser: str) -> None:
    """Print a table, and write the same as JSON."""
    print(f"\nbench {name}, Chromium {browser}, {os.cpu_count()} cores")
    print(f"{'':<26}{'litestate':>12}{'peer':>12}{'ratio':>8}  peer")
    for row in rows:
        row["ratio"] = row["ours"] / row["theirs"]
        ours, theirs = (f"{1000 * row[side]:,.0f} ms" for side in ("ours", "theirs"))
        print(f"{row['what']:<26}{ours:>12}{theirs:>12}{row['ratio']:>8.2f}  {row['peer']}")
    made = {
        "bench": name,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "browser": browser,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "rows": rows,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"→ {target.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
