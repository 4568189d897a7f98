"""Hand bytes to the person: a link in the cell's output that downloads a Blob."""

from __future__ import annotations

from html import escape
from typing import Any

import js


def link(blob: Any, name: str) -> str:
    """Return HTML of a link that saves a Blob under a name.

    The URL belongs to this worker: after a reload the link does nothing, and it can never give
    something else.

    Parameters
    ----------
    blob : Blob
        What to download.
    name : str
        File name to propose.
    """
    url = str(js.URL.createObjectURL(blob))
    return f'<a href="{escape(url)}" download="{escape(name)}">Download {escape(name)}</a>'
