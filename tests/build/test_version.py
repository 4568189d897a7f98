from __future__ import annotations

import json

import litestate

from tools.paths import EXTENSION


def test_the_page_s_extension_has_the_version_of_the_package() -> None:
    package = json.loads((EXTENSION / "page" / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == litestate.__version__
