"""The kernel and the page see the same files, and so do two kernels."""

from __future__ import annotations

from conftest import OpenLab
from drive_page import (
    contents,
    page_bytes,
    page_names,
    put_bytes,
    put_folder,
    put_text,
    settle,
)
from lab import Lab
from test_handshake import restart

START = """
import json, os, shutil
from pathlib import Path
"""


def test_what_the_page_does_is_seen_by_the_next_cell(fresh_lab: Lab) -> None:
    lab = fresh_lab
    lab.check(START)
    _changed_by_the_page(lab)
    _deleted_by_the_page(lab)
    _folders_of_the_page(lab)
    _written_by_the_kernel(lab)
    _text_of_the_lab(lab)
    _names(lab)
    _shipped(lab)

    restart(lab)
    lab.check(START)
    assert lab.value("sorted(os.listdir('renamed'))") == ["a b.txt", "note.txt"]
    assert lab.value("Path('log.txt').read_bytes().hex()") == page_bytes(lab, "log.txt").hex()
    lab.check("Path('log.txt').write_text('after the restart')")
    settle(lab)
    assert page_bytes(lab, "log.txt") == b"after the restart"


def test_two_kernels(open_lab: OpenLab, shared_lab: Lab) -> None:
    first = shared_lab
    second = open_lab("data-analysis.ipynb", context=first.context)
    for lab in (first, second):
        lab.check(START)
    first.check("Path('shared.txt').write_text('of the first')\nos.mkdir('both')")
    settle(first)
    assert second.value("Path('shared.txt').read_text()") == "of the first"
    # Each has read it, and sees the other's changes.
    for turn in range(3):
        for writer, reader in ((first, second), (second, first)):
            writer.check(f"with open('shared.txt', 'a') as file: file.write('{turn}')")
            settle(writer)
            text = writer.value("Path('shared.txt').read_text()")
            assert text.endswith(str(turn))
            assert reader.value("Path('shared.txt').read_text()") == text
    # Both add to one folder, which both have listed.
    for number, lab in enumerate((first, second)):
        lab.check(f"os.listdir('both'); Path('both/{number}.txt').write_text('{number}')")
        settle(lab)
    for lab in (first, second):
        assert lab.value("sorted(os.listdir('both'))") == ["0.txt", "1.txt"]
    second.check("os.rename('both/0.txt', 'both/2.txt'); os.unlink('both/1.txt')")
    settle(second)
    assert first.value("sorted(os.listdir('both'))") == ["2.txt"]
    assert first.value("Path('both/2.txt').read_text()") == "0"
    assert first.run("Path('both/1.txt').read_text()").error.count("FileNotFoundError")
    first.check("shutil.rmtree('both')")
    settle(first)
    assert not second.value("os.path.exists('both')")
    second.check("os.makedirs('both', exist_ok=True)")
    settle(second)
    assert first.value("os.path.isdir('both')")


def _changed_by_the_page(lab: Lab) -> None:
    """A file that was read before and is changed in the editor has its new text and size."""
    put_text(lab, "note.txt", "one")
    assert lab.value("Path('note.txt').read_text()") == "one"
    put_text(lab, "note.txt", "two, and more")
    assert lab.value("Path('note.txt').read_text()") == "two, and more"
    assert lab.value("os.path.getsize('note.txt')") == 13
    put_text(lab, "note.txt", "3")
    assert lab.value("[os.path.getsize('note.txt'), open('note.txt').read()]") == [1, "3"]
    put_bytes(lab, "bytes.bin", bytes(range(256)))
    assert lab.value("Path('bytes.bin').read_bytes().hex()") == bytes(range(256)).hex()
    # The kernel's own version, then the page's, then the kernel's.
    lab.check("Path('note.txt').write_text('of the kernel')")
    settle(lab)
    assert page_bytes(lab, "note.txt") == b"of the kernel"
    put_text(lab, "note.txt", "of the page")
    lab.check("with open('note.txt', 'a') as file: file.write(' and the kernel')")
    settle(lab)
    assert page_bytes(lab, "note.txt") == b"of the page and the kernel"


def _deleted_by_the_page(lab: Lab) -> None:
    put_text(lab, "gone.txt", "x")
    assert lab.value("'gone.txt' in os.listdir()")
    contents(lab, "delete", "gone.txt")
    assert not lab.value("os.path.exists('gone.txt')")
    assert not lab.value("'gone.txt' in os.listdir()")
    assert lab.run("open('gone.txt')").error.count("FileNotFoundError")
    lab.check("Path('gone.txt').write_text('again')")
    settle(lab)
    assert page_bytes(lab, "gone.txt") == b"again"
    contents(lab, "rename", "gone.txt", "moved.txt")
    assert lab.value("[os.path.exists('gone.txt'), open('moved.txt').read()]") == [False, "again"]
    # What the kernel itself wrote, and the user deleted, stays deleted.
    contents(lab, "delete", "moved.txt")
    assert not lab.value("os.path.exists('moved.txt')")
    settle(lab)
    assert "moved.txt" not in page_names(lab)


def _folders_of_the_page(lab: Lab) -> None:
    put_folder(lab, "results")
    assert lab.value("os.path.isdir('results')")
    lab.check("os.makedirs('results', exist_ok=True); Path('results/a.txt').write_text('a')")
    settle(lab)
    assert page_names(lab, "results") == ["a.txt"]
    put_text(lab, "results/b.txt", "b")
    assert lab.value("sorted(os.listdir('results'))") == ["a.txt", "b.txt"]
    contents(lab, "delete", "results/a.txt")
    contents(lab, "delete", "results/b.txt")
    contents(lab, "delete", "results")
    assert lab.run("open('results/c.txt', 'w')").error.count("FileNotFoundError")
    lab.check("os.makedirs('results', exist_ok=True); Path('results/c.txt').write_text('c')")
    assert lab.value("os.listdir('results')") == ["c.txt"]
    settle(lab)
    assert page_names(lab, "results") == ["c.txt"]
    # A folder that replaces a file, and the reverse.
    lab.check("shutil.rmtree('results'); Path('results').write_text('a file')")
    settle(lab)
    assert page_bytes(lab, "results") == b"a file"
    contents(lab, "delete", "results")
    put_folder(lab, "results")
    assert lab.value("os.path.isdir('results')")
    assert lab.value("os.listdir('results')") == []


def _written_by_the_kernel(lab: Lab) -> None:
    lab.check(
        "data = bytes(range(256)) * 5000\n"
        "Path('plain.bin').write_bytes(data)\n"
        "Path('text.txt').write_text('grüße\\n')\n"
        "Path('data.json').write_text(json.dumps({'a': [1]}))\n"
        "opened = open('open.txt', 'w')\n"
        "opened.write('first'); opened.flush()\n"
    )
    settle(lab)
    assert page_bytes(lab, "plain.bin") == bytes(range(256)) * 5000
    assert page_bytes(lab, "text.txt").decode() == "grüße\n"
    assert contents(lab, "get", "data.json", {"content": True})["content"]
    # A file that is open is there after the cell, and after the next one what that added.
    assert page_bytes(lab, "open.txt") == b"first"
    lab.check("opened.write(', second'); opened.flush()")
    settle(lab)
    assert page_bytes(lab, "open.txt") == b"first, second"
    lab.check("opened.close()")
    for name in ("plain.bin", "text.txt", "data.json", "open.txt"):
        assert name in page_names(lab)


def _text_of_the_lab(lab: Lab) -> None:
    """Files that the Lab made keep a format of their own, which must not spoil their bytes."""
    made = contents(lab, "newUntitled", {"path": "", "type": "file", "ext": ".txt"})
    contents(lab, "rename", made["path"], "log.txt")
    put_text(lab, "log.txt", "grüße\n")
    lab.check("with open('log.txt', 'ab') as file: file.write('€\\n'.encode())")
    settle(lab)
    assert page_bytes(lab, "log.txt").decode() == "grüße\n€\n"
    lab.check("with open('log.txt', 'ab') as file: file.write(bytes([0xff, 0xfe, 0]))")
    settle(lab)
    expected = "grüße\n€\n".encode() + b"\xff\xfe\0"
    assert page_bytes(lab, "log.txt") == expected
    assert lab.value("Path('log.txt').read_bytes().hex()") == expected.hex()


def _names(lab: Lab) -> None:
    """Names that are special in an address are the same in the file browser, but for ``%``."""
    put_folder(lab, "names")
    names = ["a b.txt", "# 1.txt", "why?.txt", "é ü.txt", "a&b=c;d+e.txt", "it's.txt", "ｆ％.txt"]
    for name in names:
        put_text(lab, f"names/{name}", f"page {name}")
    assert sorted(lab.value("os.listdir('names')")) == sorted(names)
    for name in names:
        path = f"Path({'names/' + name!r})"
        assert lab.value(f"{path}.read_text()") == f"page {name}"
        lab.check(f"{path}.write_text({'kernel ' + name!r})")
    lab.check("Path('names/100%.txt').write_text('percent')")
    settle(lab)
    for name in names:
        assert page_bytes(lab, f"names/{name}").decode() == f"kernel {name}"
    assert page_bytes(lab, "names/100％.txt") == b"percent"
    assert lab.value("'100%.txt' in os.listdir('names')")
    # The user changes it there, and the kernel sees it under its own name.
    put_text(lab, "names/100％.txt", "of the page")
    assert lab.value("Path('names/100%.txt').read_text()") == "of the page"
    contents(lab, "delete", "names/100％.txt")
    assert not lab.value("os.path.exists('names/100%.txt')")


def _shipped(lab: Lab) -> None:
    """Change and rename what the site ships; what is removed is gone in this session."""
    shipped = lab.value("sorted(os.listdir('data'))")
    assert shipped
    name = shipped[0]
    before = lab.value(f"Path('data/{name}').read_bytes().hex()")
    lab.check(f"with open('data/{name}', 'ab') as file: file.write(b'more')")
    settle(lab)
    assert page_bytes(lab, f"data/{name}").hex() == before + b"more".hex()
    assert lab.value(f"Path('data/{name}').read_bytes().hex()") == before + b"more".hex()

    lab.check("os.rename('sqlite-tutorial.ipynb', 'tutorial.ipynb')")
    settle(lab)
    assert lab.value("'cells' in json.loads(Path('tutorial.ipynb').read_text())")
    assert not lab.value("os.path.exists('sqlite-tutorial.ipynb')")
    assert "sqlite-tutorial.ipynb" not in lab.value("os.listdir()")
    lab.check("Path('sqlite-tutorial.ipynb').write_text('{}')")
    settle(lab)
    assert lab.value("Path('sqlite-tutorial.ipynb').read_text()") == "{}"
    lab.check("os.unlink('data-analysis.ipynb')")
    settle(lab)
    assert not lab.value("os.path.exists('data-analysis.ipynb')")
    assert lab.run("open('data-analysis.ipynb')").error.count("FileNotFoundError")
    assert lab.run("os.unlink('data-analysis.ipynb')").error.count("FileNotFoundError")
    lab.check(f"shutil.copytree('data', 'renamed'); os.unlink('renamed/{name}')")
    lab.check("for name in os.listdir('renamed'): os.unlink(f'renamed/{name}')")
    lab.check("shutil.copy('note.txt', 'renamed'); shutil.copy('note.txt', 'renamed/a b.txt')")
    settle(lab)
