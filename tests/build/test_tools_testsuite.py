from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools import testsuite
from tools.console import BuildError


def test_an_archive_depends_on_nothing_but_the_wanted_files(tmp_path: Path) -> None:
    archives = []
    for number in range(2):
        top = tmp_path / f"top{number}"
        # Created in another order, beside another file.
        names = ["test/__init__.py", "test/test_sqlite3/util.py", f"test/{number}.py"]
        for name in names[:: 1 - 2 * number]:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name.partition("/")[2] if name in names[:2] else "")
        (top / names[0]).chmod(0o600 + number)
        archives.append(tmp_path / f"{number}.zip")
        testsuite._pack(top, archives[-1])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        assert archive.namelist() == names[:2]


@pytest.fixture
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine whose apt has no Debian mirror."""

    def fail() -> str:
        raise BuildError("this machine's apt knows no archive of Debian's")

    monkeypatch.setattr(testsuite, "_mirror", fail)


@pytest.mark.usefixtures("no_mirror")
def test_where_there_is_no_debian_they_are_left_out_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert testsuite.sqlite_tests(tmp_path) is None
    said = capsys.readouterr().err
    assert "are left out" in said
    assert testsuite.TESTS.file_name in said


@pytest.mark.usefixtures("no_mirror")
def test_on_debian_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testsuite, "is_debian", lambda: True)
    with pytest.raises(BuildError, match="could not be had from any place"):
        testsuite.sqlite_tests(tmp_path)
