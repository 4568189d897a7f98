"""litestate's own wheel, built from `extension/`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools import files
from tools.console import BuildError, run, step
from tools.paths import EXTENSION, WORK

# The first moment that a ZIP entry can have, as a fixed time for every entry: two builds of
# the same sources then give the same bytes, and browsers keep what they have cached.
SOURCE_DATE_EPOCH = "315532800"
WHEELS = WORK / "wheel"


def build_wheel() -> Path:
    """Build the wheel, unless the one at hand is of these sources.

    Returns
    -------
    Path
        The wheel.
    """
    stamp = WORK / "wheel.stamp"
    value = files.fingerprint([EXTENSION])
    built = list(WHEELS.glob("*.whl"))
    if files.is_stamped(stamp, value) and len(built) == 1:
        return built[0]
    step("building litestate's wheel")
    with files.scratch_folder(WORK) as scratch:
        new = scratch / "wheel"
        # hatchling itself rather than a front end: everything is in .venv, so this works offline.
        run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", new],
            cwd=EXTENSION,
            env={"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", SOURCE_DATE_EPOCH)},
        )
        built = list(new.glob("*.whl"))
        if len(built) != 1:
            raise BuildError(f"building extension/ gave {len(built)} wheels, expected one")
        files.publish(new, WHEELS, stamp, value)
    return WHEELS / built[0].name
