"""The part for packages: those that the user installed, and the versions of the others."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from .. import packages
from ..bundle import Writer
from ..bundle.variable_members import PACKAGES_MEMBER, is_graph
from ..errors import NeedsAsyncError
from ..files.survey_items import Survey
from ..platform import IN_BROWSER
from ..report import Line, Section
from ..transaction.plan import Plan
from ..variables.pickles.code_listing import modules_of_graph, modules_of_pickle
from .protocol import Loadable, LoadRequest

TITLE = "packages"


def describe(survey: Survey) -> Section:
    """Report what would be saved."""
    section = Section(TITLE)
    if survey.packages is not None:
        _report(survey.packages, section)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write the list of packages into a bundle."""
    section = Section(TITLE)
    if survey.packages is not None:
        data = packages.dump(survey.packages)
        sink.add(PACKAGES_MEMBER, "packages", [data], size=len(data))
        _report(survey.packages, section)
    return section


def apply(source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
    """Stage the installation of missing packages."""
    section = Section(TITLE)
    member = next((each for each in source.manifest.members if each.kind == "packages"), None)
    if member is None or wanted.variables is False:
        return section
    document = packages.read(source.content(member))
    change = _Install(document, _needed(source), wanted.trusted, section)
    if not plan.dry_run:
        plan.add_last(change)
    elif not wanted.trusted and IN_BROWSER:
        change.report_waiting()
    return section


async def prepare(source: Loadable) -> None:
    """Install missing packages in the browser, before a load that cannot wait for them."""
    if not IN_BROWSER:
        return
    from ..browser.package_install import ainstall, aprovide

    needed = _needed(source)
    for member in source.manifest.members:
        if member.kind == "packages" and source.trusted:
            absent = packages.missing(packages.read(source.content(member)), needed)
            await ainstall([it.added for it in absent if it.added and it.added.url])
    await aprovide(needed - sys.modules.keys())


@dataclass
class _Install:
    """The step that installs missing packages; undoing a load keeps them."""

    document: dict[str, Any]
    modules: set[str]
    trusted: bool
    section: Section

    def commit(self) -> None:
        """Make the change."""
        added = {entry["name"] for entry in self.document.get("added", [])}
        absent = packages.missing(self.document, self.modules)
        mine = [it for it in absent if it.name in added]
        if IN_BROWSER:
            try:
                installed = packages.install(mine, trusted=self.trusted)
            except NeedsAsyncError as error:
                self.section.warnings.append(str(error))
                return
            self.section.lines += [
                Line(f"{it.name}=={it.version}", "package", 0, verdict="added")
                for it in installed.done
            ]
            self.section.skipped += installed.skipped
            self.section.warnings += installed.warnings
        if others := [it for it in absent if it not in mine or not IN_BROWSER]:
            texts = [
                f"{it.name} {it.version} ({f'here {it.here}' if it.here else 'not installed'})"
                for it in others
            ]
            self.section.warnings.append(
                f"Other versions of packages were in use: {', '.join(texts)}."
                + ("" if IN_BROWSER else f" {_how(others, self.trusted)}")
            )

    def revert(self) -> None:
        """Do nothing: an installed package has no effect until it is imported."""

    def report_waiting(self) -> None:
        """Add the packages that would wait for trust to the section."""
        added = {entry["name"] for entry in self.document.get("added", [])}
        mine = [it for it in packages.missing(self.document, self.modules) if it.name in added]
        # Without trust it installs nothing.
        self.section.skipped += packages.install(mine, trusted=False).skipped


def _how(absent: list[packages.Missing], trusted: bool) -> str:
    if trusted:
        return f"To have the same: {packages.advice(absent)}"
    # Whoever made the bundle chose these names, and to install a package runs its code.
    return "These names and versions come from the bundle: check a package before you install it."


def _needed(source: Loadable) -> set[str]:
    """Return the modules that the variables need."""
    found: set[str] = set()
    for member in source.manifest.members:
        if is_graph(member):
            found |= modules_of_graph(source.content(member))
        elif member.kind == "variables" and member.name.endswith(".pickle"):
            found |= modules_of_pickle(source.content(member))
    return found


def _report(document: dict[str, Any], section: Section) -> None:
    section.skipped += packages.left_out(document)
    section.lines += [
        Line(f"{entry['name']}=={entry['version']}", "package", 0)
        for entry in document.get("added", [])
    ]
