"""The start page of a site: what its address opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

AUTO = "auto"
"""Choose the start page from the content."""

_PREFERRED = ("start.ipynb", "index.ipynb", "README.ipynb", "intro.ipynb")
_DEFAULT_APP = "./lab"
_SHOWN = 10
"""Notebooks that an error names."""

# The page of the site's address adds "/index.html" to this setting (JupyterLite's
# config-utils.js), which must not become part of the path.
_REST = "&from="


def choose(wanted: str, content: Path) -> str:
    """Return the path of the start page in the content.

    Parameters
    ----------
    wanted : str
        Path of a file in the content, with ``/``; or `AUTO`: the first of start, index, README and
        intro (.ipynb) that is there, else the first notebook by name, of the top folder if it has
        one.
    content : Path
        Folder of the built site that has its content.

    Raises
    ------
    ValueError
        If the file does not exist. The message lists the notebooks of the content.
    """
    notebooks = sorted(
        (path.relative_to(content) for path in content.rglob("*.ipynb") if path.is_file()),
        key=lambda path: (len(path.parts), path.as_posix()),
    )
    names = [path.as_posix() for path in notebooks]
    if wanted == AUTO:
        preferred = [name for name in _PREFERRED if name in names]
        if names:
            return (preferred or names)[0]
        raise ValueError(
            "the site's content has no notebook to start with. Put one into the content, or remove "
            "LitestateAddon.start_page from jupyter_lite_config.json"
        )
    if not _is_inside(wanted, content):
        listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        raise ValueError(
            f"the start page {wanted} is not in the site's content. Set LitestateAddon.start_page "
            f'in jupyter_lite_config.json to "{AUTO}" or to a file of the content. '
            f"Its notebooks: {listed or 'none'}"
        )
    return wanted


def _is_inside(name: str, content: Path) -> bool:
    path = (content / name).resolve()
    return path.is_file() and path.is_relative_to(content.resolve())


def address(app_url: str, page: str) -> str:
    """Return the ``appUrl`` that opens a file.

    Examples
    --------
    >>> address("./lab", "a b.ipynb")
    './lab/index.html?path=a%20b.ipynb&from='
    """
    app = app_url.partition("?")[0].removesuffix("/index.html").rstrip("/")
    return f"{app}/index.html?path={quote(page)}{_REST}"


def set_in(document: dict[str, Any], page: str) -> bool:
    """Set the start page in a parsed ``jupyter-lite.json``; return whether that changed it."""
    settings = document.setdefault("jupyter-config-data", {})
    url = address(settings.get("appUrl") or _DEFAULT_APP, page)
    changed: bool = settings.get("appUrl") != url
    settings["appUrl"] = url
    return changed
