"""Uses of files in the current folder by common libraries; this file runs in the kernel.

Pyodide has no ``dbm``, and so no ``shelve``.
"""

# The functions of `os` are what is tested.
# ruff: noqa: PTH101, PTH103, PTH105, PTH109, PTH110, PTH116, PTH123, PTH202, PTH208
from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import json
import logging
import os
import pickle
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd

FRAME = pd.DataFrame({"n": range(500), "text": [f"é {n}" for n in range(500)]})

NUMBERS = np.arange(10_000, dtype="f8")


def write_pandas() -> None:
    FRAME.to_csv("table.csv", index=False)
    FRAME.head(3).to_csv("table.csv", index=False, header=False, mode="a")
    FRAME.to_csv("table.csv.gz", index=False)
    FRAME.to_json("table.json", orient="records")
    FRAME.to_pickle("table.pkl")
    FRAME.to_excel("table.xlsx", sheet_name="one", index=False)
    with pd.ExcelWriter("table.xlsx", mode="a", engine="openpyxl") as writer:
        FRAME.head(2).to_excel(writer, sheet_name="two", index=False)
    connection = sqlite3.connect("table.db")
    FRAME.to_sql("t", connection, index=False)
    FRAME.to_sql("t", connection, index=False, if_exists="append")
    connection.close()


def read_pandas() -> None:
    table = pd.read_csv("table.csv")
    assert table.head(500).equals(FRAME)
    assert table.shape == (503, 2)
    assert pd.read_csv("table.csv.gz").equals(FRAME)
    assert pd.read_json("table.json").equals(FRAME)
    assert pd.read_pickle("table.pkl").equals(FRAME)
    assert pd.read_excel("table.xlsx", sheet_name="one").equals(FRAME)
    assert openpyxl.load_workbook("table.xlsx").sheetnames == ["one", "two"]
    connection = sqlite3.connect("table.db")
    assert pd.read_sql("SELECT * FROM t LIMIT 500", connection).equals(FRAME)
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (1000,)
    connection.close()


def write_numpy() -> None:
    np.save("numbers.npy", NUMBERS)
    np.savez_compressed("numbers.npz", a=NUMBERS, b=NUMBERS[:3])
    NUMBERS.tofile("numbers.bin")
    with open("numbers.bin", "ab") as file:
        NUMBERS[:5].tofile(file)
    np.savetxt("numbers.txt", NUMBERS[:100])


def read_numpy() -> None:
    assert np.array_equal(np.load("numbers.npy"), NUMBERS)
    assert np.array_equal(np.load("numbers.npy", mmap_mode="r"), NUMBERS)
    with np.load("numbers.npz") as arrays:
        assert np.array_equal(arrays["a"], NUMBERS)
    assert np.fromfile("numbers.bin").size == NUMBERS.size + 5
    assert np.array_equal(np.memmap("numbers.bin", dtype="f8", mode="r", shape=10_000), NUMBERS)
    assert np.array_equal(np.loadtxt("numbers.txt"), NUMBERS[:100])


def write_memmap() -> None:
    array = np.memmap("map.bin", dtype="i4", mode="w+", shape=(100, 100))
    assert os.path.getsize("map.bin") == 40_000
    # NumPy has closed its descriptor; the next file may get the same number.
    with open("beside.txt", "w+") as beside:
        beside.write("beside")
        beside.flush()
        array[:] = 7
        array.flush()
        assert (np.fromfile("map.bin", dtype="i4") == 7).all()
        del array
        again = np.memmap("map.bin", dtype="i4", mode="r+", shape=(100, 100))
        again[50, 50] = 8
        del again
        copy = np.memmap("map.bin", dtype="i4", mode="c", shape=(100, 100))
        copy[0] = 9
        del copy
    Path("map beside.bin").write_bytes(b"x" * 50_000)
    opened = np.lib.format.open_memmap("map.npy", mode="w+", dtype="f4", shape=(10, 3))
    opened[:] = 2.5
    opened.flush()


def read_memmap() -> None:
    expected = np.full((100, 100), 7, "i4")
    expected[50, 50] = 8
    assert np.array_equal(np.fromfile("map.bin", dtype="i4").reshape(100, 100), expected)
    assert Path("beside.txt").read_text() == "beside"
    assert Path("map beside.bin").read_bytes() == b"x" * 50_000
    assert (np.load("map.npy") == 2.5).all()


def write_archives() -> None:
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/é.txt", "zipped")
        # Another stream can read what is written so far.
        assert os.path.getsize("a.zip") > 0
    with zipfile.ZipFile("a.zip", "a") as archive:
        archive.writestr("more.bin", bytes(range(256)) * 100)
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("a.zip")
    with gzip.open("a.gz", "wb") as file:
        file.write(b"zipped " * 1000)
    os.makedirs("packed/deep")
    Path("packed/deep/a.txt").write_text("deep")
    Path("packed/b.txt").write_text("b")
    assert Path(shutil.make_archive("packed", "zip", "packed")).exists()


def read_archives() -> None:
    with zipfile.ZipFile("a.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("in/é.txt") == b"zipped"
        assert archive.namelist() == ["in/é.txt", "more.bin"]
    with tarfile.open("a.tar.gz") as archive:
        member = archive.extractfile("a.zip")
        assert member is not None
        assert member.read() == Path("a.zip").read_bytes()
    with gzip.open("a.gz") as file:
        assert file.read() == b"zipped " * 1000
    with zipfile.ZipFile("packed.zip") as archive:
        assert archive.read("deep/a.txt") == b"deep"


def write_folders() -> None:
    os.makedirs("from/one/two")
    Path("from/one/two/a.txt").write_text("a")
    Path("from/b.txt").write_text("b")
    os.utime("from/b.txt", (1_000_000_000, 1_000_000_000))
    os.chmod("from/b.txt", 0o755)
    shutil.copytree("from", "copied")
    shutil.copy2("from/b.txt", "b2.txt")
    shutil.move("from", "moved")
    shutil.copytree("moved", "gone")
    shutil.rmtree("gone")
    shutil.unpack_archive(shutil.make_archive("again", "tar", "moved"), "unpacked")
    shutil.move("moved/one/two/a.txt", "a moved.txt")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        (Path(folder) / "x").write_text("x")
    assert not os.path.exists(folder)
    with tempfile.NamedTemporaryFile("w", dir=".", delete=False) as file:
        file.write("kept")
    os.replace(file.name, "kept.txt")
    with tempfile.TemporaryFile(dir=".") as file:
        file.write(b"x" * 100)
        file.seek(0)
        assert file.read() == b"x" * 100
    with tempfile.SpooledTemporaryFile(max_size=10, dir=".") as file:
        file.write(b"x" * 100)


def read_folders() -> None:
    assert sorted(p.as_posix() for p in Path("copied").rglob("*")) == [
        "copied/b.txt",
        "copied/one",
        "copied/one/two",
        "copied/one/two/a.txt",
    ]
    for copy in ("copied/b.txt", "b2.txt", "moved/b.txt", "unpacked/b.txt"):
        status = os.stat(copy)
        assert (status.st_mtime, status.st_mode & 0o777) == (1_000_000_000, 0o755), (copy, status)
    assert Path("kept.txt").read_text() == "kept"
    assert Path("a moved.txt").read_text() == "a"
    assert not [name for name in os.listdir() if name.startswith("tmp")]
    assert not os.path.exists("gone")
    assert not os.path.exists("from")


def write_paths() -> None:
    folder = Path("päth # 100%")
    folder.mkdir()
    folder.mkdir(exist_ok=True)
    (folder / "a").touch()
    (folder / "a").touch()
    (folder / "a").rename(folder / "b.txt")
    (folder / "b.txt").write_text("é\n", encoding="latin-1")
    (folder / "x" / "y").mkdir(parents=True)
    (folder / "x" / "y").rmdir()
    (folder / "c").write_bytes(b"")
    (folder / "c").unlink()
    (folder / "c").unlink(missing_ok=True)
    (folder / "b.txt").replace(folder / "d?.txt")
    assert (folder / "d?.txt").samefile(Path.cwd() / folder / "d?.txt")
    assert not (folder / "d?.txt").samefile(folder)
    assert [path.name for path in folder.glob("*.txt")] == ["d?.txt"]
    # As editors and downloaders do: write a file beside it, then replace.
    Path("settings.json.tmp").write_text(json.dumps({"a": [1, 2]}))
    os.replace("settings.json.tmp", "settings.json")


def read_paths() -> None:
    folder = Path("päth # 100%")
    assert sorted(path.name for path in folder.iterdir()) == ["d?.txt", "x"]
    assert (folder / "d?.txt").read_bytes() == b"\xe9\n"
    assert folder.is_dir()
    assert not (folder / "b.txt").exists()
    assert json.loads(Path("settings.json").read_text()) == {"a": [1, 2]}


def write_plain() -> None:
    with open("rows.csv", "w", newline="") as file:
        csv.writer(file).writerows([[1, "é"], [2, 'a "quote"\n']])
    with open("object.pkl", "wb") as file:
        pickle.dump({"a": {1, 2}}, file)
    with open("object.json", "w") as file:
        json.dump({"é": None}, file, ensure_ascii=False)
    with open("notebook.ipynb", "w") as file:
        json.dump({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, file)
    # Names that JupyterLab treats specially.
    Path("not a notebook.ipynb").write_bytes(b"\xff\x00 no")
    Path("not json.json").write_bytes(b"{\xff")
    Path("no text.txt").write_bytes(bytes(range(256)))
    Path("lines.txt").write_bytes(b"a\r\nb\nc\r")
    Path("bom.csv").write_bytes("\ufeffa,b\n".encode())
    Path("empty.txt").touch()
    with open("edited.txt", "w+") as file:
        file.write("0123456789")
        file.seek(3)
        file.write("x")
        file.truncate()
        file.seek(0)
        assert file.read() == "012x"
    source, target = (os.open(n, os.O_RDWR | os.O_CREAT) for n in ("edited.txt", "sent.bin"))
    with open("object.pkl", "rb") as file, open("sent.bin", "wb") as sent:
        shutil.copyfileobj(file, sent)
    assert os.fstat(target).st_size == os.path.getsize("object.pkl")
    os.close(source)
    os.close(target)


def read_plain() -> None:
    with open("rows.csv", newline="") as file:
        assert list(csv.reader(file)) == [["1", "é"], ["2", 'a "quote"\n']]
    assert pickle.loads(Path("object.pkl").read_bytes()) == {"a": {1, 2}}
    assert Path("sent.bin").read_bytes() == Path("object.pkl").read_bytes()
    assert json.loads(Path("object.json").read_text()) == {"é": None}
    assert json.loads(Path("notebook.ipynb").read_text())["nbformat"] == 4
    assert Path("not a notebook.ipynb").read_bytes() == b"\xff\x00 no"
    assert Path("not json.json").read_bytes() == b"{\xff"
    assert Path("no text.txt").read_bytes() == bytes(range(256))
    assert Path("lines.txt").read_bytes() == b"a\r\nb\nc\r"
    assert Path("bom.csv").read_bytes() == b"\xef\xbb\xbfa,b\n"
    assert Path("empty.txt").read_bytes() == b""
    assert Path("edited.txt").read_text() == "012x"


def write_log() -> None:
    handler = logging.FileHandler("work.log")
    logger = logging.getLogger("work")
    logger.addHandler(handler)
    sizes = []
    for number in range(3):
        logger.error("line %d", number)
        # Visible to others while it is open.
        sizes.append(os.path.getsize("work.log"))
        assert Path("work.log").read_text().endswith(f"line {number}\n")
    assert sizes == [7, 14, 21]
    logger.removeHandler(handler)
    handler.close()


def read_log() -> None:
    assert Path("work.log").read_text() == "line 0\nline 1\nline 2\n"


def write_module() -> None:
    name = f"made_{Path.cwd().name.replace(' ', '_')}"
    Path(f"{name}.py").write_text("ANSWER = 42\n")
    sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
    assert importlib.import_module(name).ANSWER == 42
    Path("package").mkdir()
    Path("package/__init__.py").write_text("from .inner import ANSWER\n")
    Path("package/inner.py").write_text("ANSWER = 43\n")
    importlib.invalidate_caches()
    assert importlib.import_module("package").ANSWER == 43
    sys.modules.pop("package")
    sys.modules.pop("package.inner")
    sys.path.pop(0)


def read_module() -> None:
    assert Path("package/inner.py").read_text() == "ANSWER = 43\n"


def write_figure() -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    for name in ("figure.png", "figure.svg", "figure.pdf"):
        figure.savefig(name)
    plt.close(figure)


def read_figure() -> None:
    assert Path("figure.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert plt.imread("figure.png").shape[2] == 4
    assert Path("figure.svg").read_text().rstrip().endswith("</svg>")
    assert Path("figure.pdf").read_bytes().rstrip().endswith(b"%%EOF")


KINDS = (
    "pandas",
    "numpy",
    "memmap",
    "archives",
    "folders",
    "paths",
    "plain",
    "log",
    "module",
    "figure",
)


def digests() -> dict[str, str]:
    """Return the SHA-256 of every file below the current folder."""
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(Path().rglob("*"))
        if "__pycache__" not in path.parts
    }
