"""The page finds the folders of histories by the names that kernels give them."""

from __future__ import annotations

import json
from pathlib import Path

from litestate.storage.interface import folder_name

NAMES = Path(__file__).parents[2] / "extension" / "src" / "__tests__" / "folder_names.json"


def test_names_are_those_of_the_page() -> None:
    names = json.loads(NAMES.read_text(encoding="utf-8"))
    assert len(names) >= 20
    assert {text: folder_name(text) for text in names} == names
