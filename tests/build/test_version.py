from __future__ import annotations

import json

import litestate

from tools.paths import EXTENSION


def test_package_json_has_the_only_version() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == litestate.__version__
