"""Load R, the files of most measurements. Runs in the kernel."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

SMALL, COUNT = 256 << 10, 200
LARGE = 50 << 20

DESCRIPTION = "200 files of 256 KiB and one of 50 MiB, half random, half text"


def make(folder: Path) -> int:
    """Write the load into a folder, the same every time.

    Returns
    -------
    int
        Bytes in all.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chance = random.Random(20260101)
    words = [f"{chance.randrange(1 << 40):x}" for _ in range(2000)]

    def content(size: int) -> bytes:
        half = size // 2
        text = " ".join(chance.choices(words, k=half // 10 + 1)).encode()
        return chance.randbytes(size - half) + (text * (half // len(text) + 1))[:half]

    for number in range(COUNT):
        (folder / f"{number:03}.bin").write_bytes(content(SMALL))
    with (folder / "large.bin").open("wb") as file:
        for _ in range(LARGE >> 20):
            # Nothing repeats: a store that deduplicates chunks must have no advantage.
            file.write(content(1 << 20))
    return SMALL * COUNT + LARGE
