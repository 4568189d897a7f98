from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from build_helpers import Web

from tools import paths


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of build.py and its modules, to be changed at will."""
    shutil.copy(paths.ROOT / "build.py", tmp_path)
    shutil.copytree(paths.ROOT / "tools", tmp_path / "tools")
    return tmp_path


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()
