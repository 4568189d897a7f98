"""The site itself: where it works, and its requests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lab import Lab
from playwright.sync_api import BrowserContext

PACKAGES = "numpy, pandas, matplotlib.pyplot, openpyxl, micropip, cloudpickle, litestate"


def test_it_works_below_a_path(
    sub_site: str, new_profile: Callable[[], BrowserContext], tmp_path: Path
) -> None:
    lab = Lab(new_profile(), sub_site).open()
    lab.check(f"import {PACKAGES}")
    lab.check("open('a.txt', 'w').write('drive')")
    lab.set_cells("from litestate import *\nsave_state()")
    lab.run_all()
    bundle = lab.click_download(tmp_path)
    lab.serve("bundle.zip", bundle.read_bytes())
    lab.check("import os; os.unlink('a.txt')")
    lab.check(f"litestate.load_state('{sub_site}bundle.zip')")
    assert lab.value("open('a.txt').read()") == "drive"


def test_packages_are_there_without_pip(shared_lab: Lab) -> None:
    """The profile's fixture fails the test on a request to any other host."""
    lab = shared_lab
    lab.check(f"import {PACKAGES}")
    assert lab.value("numpy.arange(3).sum().item()") == 3


def test_the_address_of_the_site_opens_the_first_notebook(shared_lab: Lab) -> None:
    assert shared_lab.page.evaluate("window.panel.context.path") == "start.ipynb"


def test_urls(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(
        "import io, litestate\nfrom pathlib import Path\n"
        "(Path.home() / 'a').write_text('a')\nfile = io.BytesIO()\nlitestate.save_state(file)\n"
        "(Path.home() / 'bundle').write_bytes(file.getvalue())"
    )
    data = bytes(lab.value("list(file.getvalue())"))
    lab.serve("shared.litestate.zip", data)
    lab.check("(Path.home() / 'a').unlink()")
    lab.check(f"report = litestate.load_state('{lab.url}shared.litestate.zip')")
    assert lab.value("(Path.home() / 'a').read_text()") == "a"
    missing = lab.run(f"litestate.load_state('{lab.url}missing.litestate.zip')")
    assert "404" in missing.error
    unreachable = lab.run("litestate.load_state('http://127.0.0.1:9/x.litestate.zip')")
    assert "cannot be reached" in unreachable.error


def test_kernel_side_saves_go_where_they_are_told(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(
        "from litestate import *\nfrom pathlib import Path\n"
        "(Path.home() / 'a').write_text('a')\n"
        "save_state('here.litestate.zip')\nsave_state(Path.home() / 'there.litestate.zip')\n"
        "clear_state(variables=False)\n"
        "assert not (Path.home() / 'a').exists()\n"
        "load_state('here.litestate.zip')\n"
        "assert (Path.home() / 'a').read_text() == 'a'\n"
    )


def test_the_site_is_small_and_whole() -> None:
    dist = Path(os.environ["LITESTATE_DIST"])
    files = [path for path in dist.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 70_000_000
    assert not [path for path in files if path.suffix == ".map"]
