from __future__ import annotations

from collections.abc import Iterator

import pytest
from build_helpers import Web


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()
