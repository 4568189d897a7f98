"""The facts of a release: its tag must be the version, and the changelog must be about it.

`python3 -m tools.release v0.2.0` checks both, and prints the part of the changelog, which becomes
the text of the release on GitHub. Runs on the standard library alone.
"""

from __future__ import annotations

import json
import re
import sys

from tools.console import BuildError, warn
from tools.paths import EXTENSION, ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
_HEADING = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE
)


def check_tag(tag: str) -> str:
    """Return the version that a tag is for.

    Raises
    ------
    BuildError
        If the tag is not ``v`` and the version in `extension/package.json`.
    """
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    version: str = package["version"]
    if tag != f"v{version}":
        raise BuildError(
            f"the tag {tag} is not v{version}, the version in extension/package.json.\n"
            "Remove the tag; change the version, or tag the commit that has it."
        )
    return version


def notes(version: str) -> str:
    """Return the part of the changelog about a version.

    Raises
    ------
    BuildError
        If the changelog has no such part, or the part has no date or no entries.
    """
    text = CHANGELOG.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    for heading, end in zip(headings, [*(it.start() for it in headings[1:]), None], strict=True):
        if heading["version"] == version and heading["date"]:
            part = text[heading.end() : end].strip()
            if part:
                return part + "\n"
    raise BuildError(
        f"CHANGELOG.md has no entries under a heading like “## [{version}] - 2026-12-24”.\n"
        "Give “## [Unreleased]” the version and the date."
    )


def main(arguments: list[str]) -> int:
    """Check a tag, and print the notes of its release."""
    try:
        (tag,) = arguments
        print(notes(check_tag(tag)), end="")
    except BuildError as error:
        warn(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
