"""Names of litestate's functions in pickles: all names ever stored can be loaded."""

from __future__ import annotations

import json
import pickletools
import re
import sys
from base64 import b64decode
from typing import Any

import pytest
from folders import SUPPORT
from litestate.variables.group import Group
from litestate.variables.pickles.code_listing import contents
from saved_cases import Case
from saved_kernels import Captured, Notebook, capture_all, compared, restore_all

GOLDEN: dict[str, Any] = json.loads(
    (SUPPORT / "pickles" / "names-3.11.json").read_text(encoding="utf-8")
)
"""A pickle of litestate 0.1.0 and Python 3.11, before its modules got their present names."""

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def group(stored: dict[str, Any]) -> Group:
    return Group(
        stored["key"],
        tuple(stored["names"]),
        stored["document"].encode(),
        [bytearray(b64decode(each)) for each in stored["buffers"]],
        [b64decode(each) for each in stored["pickles"]],
    )


@pytest.mark.parametrize("title", GOLDEN["saved"])
def test_pickles_with_old_names_load(title: str) -> None:
    stored = GOLDEN["saved"][title]
    groups = [group(each) for each in stored["groups"]]
    names = {name for each in groups for data in each.pickles for name in contents(data).globals}
    notebook, failed, _ = restore_all(Captured(groups, {}, {}), trusted=True)
    if GOLDEN["python"] == PYTHON:
        assert not failed
        assert not compared(Case(title, "", stored["cell"], stored["check"]), "x", notebook)
    elif failed:
        # Bytecode is for one version of Python. Other details that differ, such as the
        # attributes of classes, are those of the version that saved it.
        assert any("stored_code" in name or "module_code" in name for name in names), failed
        assert PYTHON in failed["x"], failed


@pytest.mark.parametrize("title", GOLDEN["saved"])
def test_new_pickles_name_one_module(title: str) -> None:
    notebook = Notebook()
    notebook.run(Case(title, "", GOLDEN["saved"][title]["cell"]))
    pickles = [data for each in capture_all(notebook).groups for data in each.pickles]
    texts = [text for data in pickles for text in texts_of(bytes(data))]
    modules = {text for text in texts if re.fullmatch(r"litestate(\.\w+)*", text)}
    assert modules <= {"litestate.variables.rebuilding"}


def texts_of(data: bytes) -> list[str]:
    """Return the texts in a pickle; the modules that it names are among them."""
    return [value for code, value, _ in pickletools.genops(data) if "UNICODE" in code.name]


def test_old_names_are_listed_under_the_present_ones() -> None:
    listed = {
        name
        for saved in GOLDEN["saved"].values()
        for each in saved["groups"]
        for data in each["pickles"]
        for name in contents(b64decode(data)).globals
        if name.startswith("litestate")
    }
    assert len(listed) == len(GOLDEN["calls"])
    assert {name.rpartition(".")[0] for name in listed} == {"litestate.variables.rebuilding"}
