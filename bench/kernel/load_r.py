"""Load R: what is saved in most measurements. Runs in the kernel."""

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
        text = " ".join(chance.choice(words) for _ in range(half // 10 + 1)).encode()
        return chance.randbytes(size - half) + (text * (half // len(text) + 1))[:half]

    for number in range(COUNT):
        (folder / f"{number:03}.bin").write_bytes(content(SMALL))
    piece = content(1 << 20)
    with (folder / "large.bin").open("wb") as file:
        for _ in range(LARGE >> 20):
            # Nothing repeats within the reach of Deflate or Zstandard's fastest level.
            file.write(chance.randbytes(16) + piece[16:])
    return SMALL * COUNT + LARGE
