"""Accessibility, checked by axe in the page that a test drives."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")


def violations(page: Page, *selectors: str) -> list[str]:
    """Return what axe finds in the elements of litestate, a line for each element.

    Parameters
    ----------
    page : Page
        The page.
    selectors : str
        CSS selectors of what to check. JupyterLab's own elements around them are not checked.
    """
    assert all(page.locator(selector).count() for selector in selectors)
    options = {"runOnly": {"type": "tag", "values": list(_RULES)}}
    include = {"include": [[selector] for selector in selectors]}
    result = Axe().run(page, context=include, options=options)
    return [
        f"{violation['id']}: {violation['help']}: {node['html']}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]
