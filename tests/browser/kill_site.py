"""The built site with an additional page, and a server that receives its reports."""

from __future__ import annotations

import json
import os
import queue
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tools.server import Handler, Server

PAGE = Path(__file__).parent / "kill_page"
ADDRESS = "extensions/@jupyterlite/killing"
"""Address of the page: as deep as the real kernel's worker, whose address names the site."""


class _Reporting(Handler):
    """A handler that serves the site and receives the page's reports."""

    server: KillSite

    def do_POST(self) -> None:
        """Receive one report."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.put(json.loads(body))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()


class KillSite(Server):
    """The site and the page.

    Attributes
    ----------
    reports : queue of dict
        Reports of the page.
    """

    reports: queue.Queue[dict[str, Any]]

    def __init__(self, folder: Path) -> None:
        self.reports = queue.Queue()
        super().__init__(folder, 0)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Make the handler use this folder."""
        _Reporting(request, client_address, self, directory=os.fspath(self.folder))

    def forget(self) -> None:
        """Discard the reports of a dead browser."""
        self.reports = queue.Queue()


def lay_out(dist: Path, root: Path) -> None:
    """Make a folder that looks like the site and has the page too."""
    folder = root
    for name in ("", *ADDRESS.split("/")[:-1]):
        dist, folder = dist / name, folder / name
        folder.mkdir(exist_ok=True)
        for path in dist.iterdir():
            (folder / path.name).symlink_to(path)
        # The next one down is a folder of ours.
        inner = ADDRESS.split("/")[len(folder.relative_to(root).parts)]
        (folder / inner).unlink(missing_ok=True)
    shutil.copytree(PAGE, folder / ADDRESS.rpartition("/")[2])
