"""What a bundle has besides files and databases, and who has signed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from ..bundle import Reader
from ..groups import is_graph, variables_of
from ..manifest import KEPT_KINDS, Manifest
from ..platform import IN_BROWSER
from ..report import size_text
from ..trust import judge

Signed = Literal["own", "other", "no", "forged"]
"""By the key of this computer, by another one, not at all, or in the name of this computer's."""

SIGNED: dict[Signed, str] = {
    "own": f"by this {'browser' if IN_BROWSER else 'computer'}",
    "other": "by another browser or computer",
    "no": "not signed",
    "forged": "FORGED",
}


def signed_by(reader: Reader) -> Signed:
    """Tell who has signed a bundle.

    Raises
    ------
    ForgedBundleError
        If it names this computer's key, and was not signed with it.
    """
    verdict = judge(reader.signature, reader.manifest_bytes)
    if verdict == "own":
        return "own"
    return "other" if reader.signature else "no"


def needs_signature(manifest: Manifest) -> bool:
    """Tell whether it matters who has signed a bundle; files and databases are for anybody."""
    return manifest.version > 1


def heads(manifest: Manifest, signed: Signed) -> Iterator[str]:
    """Yield what stands above the list of members."""
    if not needs_signature(manifest):
        return
    yield f"signed   {SIGNED[signed]}"
    if pickles := sum(m.details["pickles"] for m in manifest.members if is_graph(m)):
        many = "1 pickle, which" if pickles == 1 else f"{pickles:,} pickles, which"
        yield f"code     {many} could run code: for a stranger's, load_state() wants trust=True"


def lines(manifest: Manifest) -> Iterator[str]:
    """Yield a line for each variable, and for what else is no file."""
    for name, about in variables_of(manifest.members).items():
        detail = f"{about['type']}  {about['text']}"
        yield f"{'variable':<10}{size_text(about['size']):>9}  {name}  {detail}".rstrip()
    for member in manifest.members:
        if member.kind in KEPT_KINDS and member.kind != "variables":
            yield f"{member.kind:<10}{size_text(member.size):>9}  {member.relative}"


def counts(manifest: Manifest) -> str:
    """Return how much there is of what is no file, such as ``3 variables, session``."""
    texts = []
    if count := len(variables_of(manifest.members)):
        texts.append(f"{count:,} variable{'s' * (count > 1)}")
    kinds = {member.kind for member in manifest.members}
    return ", ".join([*texts, *(kind for kind in ("packages", "session") if kind in kinds)])


def files_only(manifest: Manifest) -> Manifest:
    """Return the manifest without what only a kernel can hold."""
    members = tuple(m for m in manifest.members if m.kind not in KEPT_KINDS)
    return replace(manifest, members=members)
