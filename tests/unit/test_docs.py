"""Documentation in docs/: the examples run, and the texts agree with the code."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from folders import SUPPORT
from litestate import Retention, checkpoint, checkpoints, errors
from litestate.api import kernel_session
from litestate.bundle import Limits, member_names
from litestate.bundle.limits import HARMLESS
from litestate.bundle.manifest import (
    MANIFEST_MEMBER,
    MIMETYPE,
    MIMETYPE_MEMBER,
    SIGNATURE_BYTES,
    VERSION,
    Signature,
    content_digest,
)
from litestate.bundle.manifest_reader import read_manifest
from litestate.cli import main
from litestate.files.ignore import EXCLUDED
from litestate.variables.codecs import registry


def _docs() -> Path | None:
    folders = (parent / "docs" for parent in Path(__file__).resolve().parents)
    return next((folder for folder in folders if (folder / "bundle-format.md").is_file()), None)


DOCS = _docs()
pytestmark = pytest.mark.skipif(DOCS is None, reason="docs/ is not here, as in the site's kernel")


def read(name: str) -> str:
    assert DOCS
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def example() -> bytes:
    """The manifest of the worked example."""
    (manifest,) = blocks(read("bundle-format.md"), "json")
    return manifest.rstrip("\n").encode()


def test_the_worked_example_is_a_manifest(example: bytes) -> None:
    manifest = read_manifest(example)
    assert {member.kind for member in manifest.members} == {
        "file",
        "directory",
        "symlink",
        "database",
    }
    assert manifest.skipped
    assert manifest.to_json() == example


def test_the_digest_of_the_example_agrees_with_code_and_text(example: bytes) -> None:
    document: dict[str, Any] = json.loads(example)
    manifest = read_manifest(example)
    assert content_digest(manifest.members) == document["content_digest"]
    lines = blocks(read("bundle-format.md"), "text")[-1]
    assert hashlib.sha256(lines.encode()).hexdigest() == document["content_digest"]


def test_the_digest_function_in_the_text_gives_the_same(example: bytes) -> None:
    (code,) = [
        block
        for block in blocks(read("bundle-format.md"), "python")
        if "def content_digest" in block
    ]
    defined: dict[str, Any] = {"hashlib": hashlib}
    exec(code, defined)
    document = json.loads(example)
    assert defined["content_digest"](document["members"]) == document["content_digest"]


def test_the_members_of_the_example_have_its_contents(example: bytes) -> None:
    contents = {
        "files/home/empty/": b"",
        "files/home/latest": b"note.txt",
        "files/home/note.txt": "Zürich\n".encode(),
    }
    members = {member.name: member for member in read_manifest(example).members}
    for name, content in contents.items():
        assert members[name].size == len(content)
        assert members[name].sha256 == hashlib.sha256(content).hexdigest()


def test_the_format_names_the_constants_of_the_code() -> None:
    text = read("bundle-format.md")
    start = f"{MIMETYPE_MEMBER}{MIMETYPE}"
    for needed in (
        f"format versions 1 and {VERSION}\n",
        f"`{start}`",
        f"bytes 30 to {29 + len(start)} ",
        f"at most {member_names.MAX_NAME_BYTES:,} bytes",
        f"these {SIGNATURE_BYTES} ASCII characters",
        Signature("<id>", "<hmac>").to_json().decode(),
    ):
        assert needed in text, needed


def test_the_format_names_every_tag_of_the_code() -> None:
    text = read("bundle-format.md")
    section = text[text.index("### 5.9. Tags") : text.index("### 5.10.")]
    # In the first column, or at the start of a section with its own table.
    starts = re.findall(r"^(?:\| )?(`[^|\n]*?)(?: \||has the payload)", section, re.MULTILINE)
    named = set(re.findall(r"`([\w.]+)`", "".join(starts)))
    pytest.importorskip("pandas")
    tags = {
        codec.tag
        for module in (*registry._ALWAYS, *registry._MODULES.values())
        for codec in import_module(f"{registry.__package__}.{module}").CODECS
    }
    assert len(tags) > 60
    tags |= {"json", "alias", "pickle"}
    # Tags of one kind share a row: "`numpy.PCG64`, `MT19937`, …".
    missing = {tag for tag in tags if tag not in named and tag.partition(".")[2] not in named}
    assert not missing


def test_the_format_names_the_limits_of_the_code() -> None:
    text, limits = read("bundle-format.md"), Limits()
    shown = {
        "members": f"{limits.members:,}",
        "total_bytes": f"{limits.total_bytes >> 30} GiB",
        "ratio": f"{limits.ratio}",
        "manifest_bytes": f"{limits.manifest_bytes >> 20} MiB",
    }
    assert {field.name for field in dataclasses.fields(Limits)} == shown.keys()
    for argument, value in shown.items():
        assert re.search(rf"^\| `{argument}` \| [^|]+ \| {value} \|", text, re.MULTILINE)
    assert f"where that sum is more than {HARMLESS >> 30} GiB" in text


def test_the_worked_example_is_a_fixture(example: bytes) -> None:
    data = (SUPPORT / "bundles" / "version-1.litestate.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read(MANIFEST_MEMBER) == example
    dumps = re.findall(r"^([0-9a-f]{8})  ((?:[0-9a-f]{2} )+)", read("bundle-format.md"), re.M)
    assert len(dumps) > 10
    for offset, digits in dumps:
        piece = bytes.fromhex(digits)
        assert data[int(offset, 16) :].startswith(piece)
    assert data.endswith(bytes.fromhex(dumps[-1][1]))


def test_the_guide_lists_the_rules() -> None:
    (listed,) = [block for block in blocks(read("guide.md"), "text") if "__pycache__/" in block]
    assert tuple(listed.split()) == EXCLUDED


def test_the_guide_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    (\w+) {2,}", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) >= 6
    assert re.findall(r"^\| `litestate (\w+) ", read("guide.md"), re.MULTILINE) == commands


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder whose session is closed afterwards."""
    monkeypatch.chdir(tmp_path)
    kernel_session.close()
    yield tmp_path
    kernel_session.close()


@pytest.mark.usefixtures("folder")
def test_the_examples_of_the_guide_run() -> None:
    examples = doctest.DocTestParser().get_doctest(read("guide.md"), {}, "guide.md", None, 0)
    assert examples.examples
    failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples)
    assert not failed


@pytest.mark.usefixtures("folder")
def test_the_guide_shows_the_table_of_checkpoints_as_it_is() -> None:
    (shown,) = [block for block in blocks(read("guide.md"), "text") if "what changed" in block]
    checkpoint("before cleaning")
    real = str(checkpoints()).splitlines()
    lines = shown.splitlines()
    assert lines[0] == "5 checkpoints of start.ipynb"
    assert real[0] == "1 checkpoint of python"
    assert lines[1].split() == real[1].split()
    assert lines[-1] == real[-1]


def test_the_guide_names_the_retention_of_the_code() -> None:
    retention = Retention()
    assert (
        f"The last {retention.last} checkpoints, the newest one of each of the last "
        f"{retention.hours} hours and {retention.days} days"
    ) in read("guide.md")


def sentences() -> list[str]:
    """Return every text in the code of the package, with ``…`` for inserted values."""
    found = []
    for path in sorted(Path(errors.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(map(_literal, node.values)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def _literal(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def test_the_guide_quotes_messages_as_they_are() -> None:
    (table,) = re.findall(r"^\| Message \|.*?\n\n", read("guide.md"), re.MULTILINE | re.DOTALL)
    quoted = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(quoted) == len(table.splitlines()) - 3
    said = sentences()
    for message in quoted:
        assert any(message in sentence for sentence in said), message


def test_the_guide_explains_every_error() -> None:
    # `NoKeyError` is not a LitestateError: it never leaves the package.
    kinds = errors.LitestateError.__subclasses__()
    kinds += [kind for each in kinds for kind in each.__subclasses__()]
    kinds = [kind for kind in kinds if kind.__module__ == errors.__name__]
    bases = {errors.BundleError, errors.CheckpointError}
    explained = re.findall(r"^\| `(\w+Error)` \|", read("guide.md"), re.MULTILINE)
    assert set(explained) == {kind.__name__ for kind in kinds if kind not in bases}


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"])
def test_links_lead_somewhere(name: str) -> None:
    assert DOCS
    path = DOCS.parent / name
    for page in sorted(path.glob("*.md")) if path.is_dir() else [path]:
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            if "://" in target:
                continue
            linked = page.parent / target if target else page
            assert linked.exists(), f"{page.name} links to {link}"
            assert not anchor or anchor in anchors(linked), f"{page.name} links to {link}"
