"""Packages that only one feature needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from litestate import export_tables, import_table
from litestate.errors import ExportError, ImportTableError
from litestate.host import optional_packages
from litestate.host.optional_packages import import_optional
from table_files import needs_openpyxl, of


def test_an_installed_package_is_imported() -> None:
    assert import_optional("json", "JSON", ExportError) is sys.modules["json"]


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_packages, "IN_BROWSER", False)
    with pytest.raises(ImportTableError) as caught:
        import_optional("gone_demo", "Gone", ImportTableError, "Nothing was imported.")
    assert str(caught.value) == (
        "Gone files need the package gone_demo: pip install gone_demo. Nothing was imported."
    )


@needs_openpyxl
def test_a_file_of_the_notebook_is_not_taken_for_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "openpyxl"]:
        monkeypatch.delitem(sys.modules, name)
    Path("openpyxl.py").write_text("raise SystemExit('a file of a bundle has run')")
    export_tables(of(1), "out.xlsx")
    import_table("out.xlsx", "back.db", "t")
