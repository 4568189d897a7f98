"""A kernel with autosave and its cells, for variables in checkpoints."""

from __future__ import annotations

import re
from typing import Any

from checkpoint_kernels import Kernel
from litestate.checkpoints import Retention, checkpoint_restore
from litestate.checkpoints.store.chunks import Content
from litestate.variables import namespace
from litestate.variables.capture import take


class Notebook:
    """A kernel with autosave whose cells declare the names that they use."""

    def __init__(self, kernel: Kernel, names: dict[str, Any]) -> None:
        self.kernel = kernel
        self.names = names
        self.used: frozenset[str] = frozenset()
        kernel.options = {"variables": True, "watch": self._used}
        kernel.reopen()

    def _used(self) -> frozenset[str]:
        used, self.used = self.used, frozenset()
        return used

    def run(self, code: str) -> None:
        exec(compile(code, "<cell>", "exec", dont_inherit=True), self.names)
        self.used |= frozenset(re.findall(r"[a-zA-Z_]+", code))

    def cell(self, code: str, *, thorough: bool = False) -> int:
        """Run a cell; return the bytes of variables that its checkpoint wrote."""
        self.run(code)
        before = self.chunks()
        self.kernel.session.checkpoint("cell", thorough=thorough)
        return sum(size for chunk, size in self.chunks().items() if chunk not in before)

    def chunks(self) -> dict[bytes, int]:
        return {
            chunk.digest: chunk.size
            for entry in self.kernel.session.tree.values()
            if entry.kind == "variables"
            for chunk in entry.content.chunks
        }

    def stored_variables(self) -> dict[str, bytes]:
        """Return the variables of the newest checkpoint."""
        session = self.kernel.session
        assert session.newest is not None
        return {
            entry.relative: b"".join(session.history.read(entry.content))
            for entry in session.entries(session.newest).values()
            if entry.kind == "variables"
        }

    def here(self) -> dict[str, bytes]:
        """Return the variables as a full scan finds them."""
        taken = take(self.names, namespace.user_names(self.names))
        return {
            f"{group.key}/{part}": bytes(content)
            for group in taken.groups
            for part, content in group.members()
        }

    def refreshed(self) -> None:
        """Continue in a new kernel, which has no variables."""
        for name in namespace.user_names(self.names):
            del self.names[name]
        self.kernel.reopen()
        # In the browser's kernel, too: `reopen` assumes that the memory is unchanged.
        session = self.kernel.session
        session.tree = {
            place: entry for place, entry in session.tree.items() if entry.kind != "variables"
        }

    def reloaded(self) -> set[str]:
        """Continue as after a reload; return the missing variables."""
        self.refreshed()
        session = self.kernel.session
        report = checkpoint_restore.restore_missing(session, session.find(None))
        return {each.path for each in report.skipped if " " not in each.path}

    def damage(self, name: str) -> Content:
        """Damage the stored graph that contains a variable."""
        tree = self.kernel.session.tree
        (entry,) = (it for it in tree.values() if name in it.details.get("names", ()))
        (chunk,) = entry.content.chunks
        for path in self.kernel.history.rglob("*.log"):
            with path.open("r+b") as file:
                file.seek(chunk.offset + chunk.stored - 1)
                file.write(b"?")
        return entry.content

    def thin(self) -> None:
        """Make checkpoints until all earlier ones are dropped."""
        session = self.kernel.session
        session.configure(None, Retention(last=2, hours=0, days=0))
        newest = session.find(None).number
        for n in range(3):
            self.cell(f"count = {n}")
        assert all(each.number > newest for each in session.history.checkpoints)
        session.history.compact()
