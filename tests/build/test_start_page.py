from __future__ import annotations

from pathlib import Path

import pytest
from litestate.lite_addon import start_page


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for name in ("zebra.ipynb", "b c.ipynb", "data/a.ipynb", "data/rows.csv", "page.md"):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "files"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "b c.ipynb"),
        (["README.ipynb"], "README.ipynb"),
        (["README.ipynb", "index.ipynb"], "index.ipynb"),
        (["index.ipynb", "start.ipynb"], "start.ipynb"),
        (["data/start.ipynb"], "b c.ipynb"),
    ],
)
def test_a_notebook_is_chosen(content: Path, more: list[str], expected: str) -> None:
    for name in more:
        (content / name).touch()
    assert start_page.choose("auto", content) == expected


def test_a_notebook_in_a_folder_is_chosen_if_the_top_has_none(content: Path) -> None:
    (content / "zebra.ipynb").unlink()
    (content / "b c.ipynb").unlink()
    assert start_page.choose("auto", content) == "data/a.ipynb"


@pytest.mark.parametrize("name", ["zebra.ipynb", "data/a.ipynb", "page.md", "data/rows.csv"])
def test_any_file_of_the_content_can_be_named(content: Path, name: str) -> None:
    assert start_page.choose(name, content) == name


@pytest.mark.parametrize("name", ["gone.ipynb", "data", "../outside.ipynb", "Zebra.ipynb"])
def test_a_missing_start_page_is_an_error_that_names_the_notebooks(
    content: Path, name: str
) -> None:
    (content.parent / "outside.ipynb").touch()
    with pytest.raises(ValueError, match=r"is not in the site's content.*b c\.ipynb, zebra\.ipynb"):
        start_page.choose(name, content)


def test_content_without_notebooks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no notebook to start with"):
        start_page.choose("auto", tmp_path)


@pytest.mark.parametrize(
    ("app_url", "expected"),
    [
        ("./lab", "./lab/index.html?path=a%20b/%C3%A4%26.ipynb&from="),
        ("./notebooks/", "./notebooks/index.html?path=a%20b/%C3%A4%26.ipynb&from="),
        # Of an earlier build.
        (
            "./lab/index.html?path=old.ipynb&from=",
            "./lab/index.html?path=a%20b/%C3%A4%26.ipynb&from=",
        ),
    ],
)
def test_the_address_opens_the_page_in_the_site_s_app(app_url: str, expected: str) -> None:
    assert start_page.address(app_url, "a b/ä&.ipynb") == expected


def test_other_settings_stay() -> None:
    document = {"jupyter-config-data": {"appName": "Course", "appUrl": "./tree"}, "other": 1}
    assert start_page.set_in(document, "a.ipynb")
    assert document == {
        "jupyter-config-data": {
            "appName": "Course",
            "appUrl": "./tree/index.html?path=a.ipynb&from=",
        },
        "other": 1,
    }
    assert not start_page.set_in(document, "a.ipynb")
