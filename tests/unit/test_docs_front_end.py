"""docs/front-end.md and what else is written about the page: the names are those of the code.

The page's half is TypeScript, and parts of the kernel's half import `js`: both are read as text.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import litestate
import pytest
from litestate import Retention
from litestate.api import page_commands, page_requests

PACKAGE = Path(litestate.__file__).parent
DOCS = next(
    (parent / "docs" for parent in Path(__file__).resolve().parents if (parent / "docs").is_dir()),
    Path(),
)
EXTENSION = DOCS.parent / "extension"

pytestmark = pytest.mark.skipif(
    not (DOCS / "front-end.md").is_file(), reason="docs/ is not here, as in the site's kernel"
)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def source(name: str) -> str:
    """Return a TypeScript module."""
    return (EXTENSION / "src" / name).read_text(encoding="utf-8")


def typescript() -> str:
    """Return all TypeScript modules but the tests."""
    paths = sorted((EXTENSION / "src").rglob("*.ts"))
    return "\n".join(it.read_text(encoding="utf-8") for it in paths if "__tests__" not in it.parts)


def tables(text: str, heading: str) -> list[list[str]]:
    """Return the first cells of each table between a heading and the next one."""
    level = heading.partition(" ")[0]
    after = text.split(f"\n{heading}\n", 1)[1]
    section = re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]
    # Without the tables of its subsections.
    section = re.split(r"^#", section, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^(?:\|.*\n)+", section, re.MULTILINE)
    return [re.findall(r"^\| `([^`]+)`", block, re.MULTILINE) for block in blocks]


def front_end() -> ast.Module:
    return ast.parse((PACKAGE / "api" / "front_end.py").read_text(encoding="utf-8"))


def definition(name: str) -> Any:
    """Return the definition of a class, function or method of `front_end`."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [it for it in ast.walk(front_end()) if isinstance(it, kinds) and it.name == name]
    # The module's own function `start` comes before the method.
    return found[-1]


def keys(name: str) -> list[str]:
    """Return the keys of the dictionaries in a function, in their order."""
    return [
        key.value
        for node in ast.walk(definition(name))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]


def members(module: str, interface: str) -> list[str]:
    """Return the members of an interface."""
    (body,) = re.findall(
        rf"^(?:export )?interface {interface} \{{\n(.*?)^\}}", source(module), re.M | re.S
    )
    return re.findall(r"^  (?:readonly )?(\w+)\??:", body, re.MULTILINE)


def test_the_start_request_has_the_fields_of_both_sides() -> None:
    (shown,) = tables(read("front-end.md"), "## The start request")
    fields = [
        it.target.id
        for it in definition("Request").body
        if isinstance(it, ast.AnnAssign) and isinstance(it.target, ast.Name)
    ]
    (sent,) = re.findall(
        r"_facts\(.*?return \{\n(.*?)^    \};", source("notebook.ts"), re.MULTILINE | re.DOTALL
    )
    assert set(shown) == set(fields)
    assert len(shown) == len(fields)
    facts = set(re.findall(r"^      (\w+)[:,]?", sent, re.MULTILINE))
    assert "{ nonce: channel.nonce, ...facts }" in source("start_request.ts")
    assert {"nonce", *facts} == set(fields)


def test_the_answers_have_the_fields_of_both_sides() -> None:
    text = read("front-end.md")
    (started,) = tables(text, "### `started`")
    (state,) = tables(text, "### `state`")
    assert set(started) == set(keys("start")) == set(members("notebook.ts", "IStarted"))
    assert set(state) == set(keys("_state")) == set(members("saving.ts", "IKernelState"))
    for field in keys("_about"):
        assert f"`{field}`" in text
    assert set(keys("_about")) == set(members("saving.ts", "INewest"))


def test_the_messages_are_those_of_the_code() -> None:
    text = read("front-end.md")
    section = text.split("## Messages\n")[1]
    shown = set(re.findall(r"^\| (?:page|kernel) \| `(\w+)`", section, re.MULTILINE))
    pushed = {
        node.args[0].value
        for node in ast.walk(front_end())
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "push"
        and isinstance(node.args[0], ast.Constant)
    }
    channel = (PACKAGE / "browser" / "frontend.py").read_text(encoding="utf-8")
    posted = set(re.findall(r'_post\(type="(\w+)"', channel))
    asked = set(re.findall(r"type: '(\w+)'", source("channel.ts")))
    assert shown == pushed | posted | asked
    read_by_page = set(
        re.findall(
            r"type === '(\w+)'",
            "".join(map(source, ("channel.ts", "notebook.ts", "start_request.ts"))),
        )
    )
    assert shown - {"answer", "ask"} == read_by_page


def test_the_commands_are_those_of_the_code() -> None:
    own, others = tables(read("front-end.md"), "## Questions")
    compared = {
        node.comparators[0].value
        for node in ast.walk(definition("_answer"))
        if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Constant)
    }
    assert set(own) == compared
    assert set(others) == set(page_commands.COMMANDS)
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes)? ?\|$", read("front-end.md"), re.MULTILINE)
    assert {name for name, answer in rows if answer} == page_commands.READING
    uses = re.findall(
        r"(?:\bask(?:<\w+>)?\(\s*|command: |_run\(|goBack\(state, )'(\w+)'", typescript()
    )
    assert {"save", "store", "adopt", "undo"} <= set(uses) <= {*own, *others}


def test_both_sides_have_the_same_constants() -> None:
    text = read("front-end.md")
    form = (PACKAGE / "browser" / "form.py").read_text(encoding="utf-8")
    (channel,) = re.findall(r'^CHANNEL = "(\w+)"', form, re.MULTILINE)
    assert f"const CHANNEL = '{channel}';" in source("channel.ts")
    assert f"**BroadcastChannel** `{channel}`" in text
    assert f"const PREFIX = '{page_requests.PREFIX}';" in source("start_request.ts")
    assert f"`{page_requests.PREFIX}`" in text
    assert page_requests.__name__ in text
    assert page_requests.__name__ in (EXTENSION / "kernel" / "litestate.mjs").read_text("utf-8")


def test_every_status_is_explained() -> None:
    (shown,) = tables(read("front-end.md"), "## The status")
    kinds = re.findall(r"readonly kind: '(\w+)'", source("tokens.ts"))
    assert set(shown) == set(kinds)


def test_the_modules_are_there() -> None:
    text = read("front-end.md").split("## Where it is\n")[1]
    named = re.findall(r"`((?:src|schema|litestate)/[\w./]+)`", text)
    assert len(named) > 20
    for name in named:
        assert (EXTENSION / name).exists(), name
    modules = {f"src/{it.name}" for it in (EXTENSION / "src").glob("*.ts")}
    # Each module that another one has as a plugin is named.
    plugins = re.findall(r"from '\./(\w+)'", source("index.ts"))
    assert {f"src/{name}.ts" for name in plugins} <= modules & set(named)


def test_the_keys_of_names_are_those_of_the_code() -> None:
    (shown,) = tables(read("front-end.md"), "### Names of histories")
    for key in shown:
        start = key.partition("<site>")[0]
        assert f"`{start}${{site}}:`" in source("names.ts"), key
    assert len(shown) == len(re.findall(r"= `litestate[^`]*`", source("names.ts")))


def schema(name: str) -> dict[str, Any]:
    path = EXTENSION / "schema" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_settings_are_those_of_the_schemas() -> None:
    text = read("site.md").split("## Settings of litestate\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE))
    properties = schema("front-end")["properties"] | schema("commands")["properties"]
    shown = {name: json.loads(value) for name, value in rows.items()}
    assert shown == {name: it["default"] for name, it in properties.items()}
    assert dataclasses.asdict(Retention()).items() >= shown["retention"].items()
    assert all(f"`litestate:{plugin}`" in text for plugin in ("front-end", "commands"))
    # Those that a page without a registry of settings has.
    (defaults,) = re.findall(r"DEFAULTS[^=]*= (\{.*?\n\});", source("settings.ts"), re.DOTALL)
    as_json = re.sub(r"(\w+):", r'"\1":', defaults).replace("'", '"')
    (name,) = re.findall(r"DEFAULT_NAME = '([^']+)'", source("commands/hand_in.ts"))
    assert {**json.loads(as_json), "handInName": name} == shown


def test_the_example_of_settings_is_valid() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    text = read("site.md").split("## Settings of litestate\n")[1]
    example = json.loads(re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0])
    assert example
    for plugin, values in example.items():
        jsonschema.validate(values, schema(plugin.removeprefix("litestate:")))


def test_the_guide_lists_the_commands_of_the_page() -> None:
    text = read("guide.md").split("### Commands of the page\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| \*([^*]+)\* \|([^|]*)\|", text, re.MULTILINE)
    # Buttons of notifications have no icon.
    labels = re.findall(
        r"label: trans\.__\('([^']+)'\),\s+caption: trans\.__\(\s*'[^']+'\s*\),\s+icon",
        typescript(),
    )
    (reset,) = re.findall(r": trans\.__\('(Reset [^']+)'\)", source("reset_notebook.ts"))
    assert {label for label, _ in rows} == {*labels, reset}
    ids = dict(re.findall(r"(\w+): '(litestate:[\w-]+)'", source("commands/ids.ts")))
    named = re.findall(r"id: CommandIDs\.(\w+),\s+label: trans\.__\('([^']+)'", typescript())
    assert len(named) == len(ids)
    shortcuts = {
        it["command"]: "+".join(it["keys"]) for it in schema("commands")["jupyter.lab.shortcuts"]
    }
    expected = {label: shortcuts.get(ids[key], "").replace(" ", "+") for key, label in named}
    assert {label: keys.strip() for label, keys in rows if label in expected} == expected


def test_the_guide_explains_each_status() -> None:
    text = read("guide.md").split("### The status\n")[1].split("\n### ")[0]
    table = "\n".join(re.findall(r"^\| `.*$", text, re.MULTILINE))
    cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    shown = re.findall(r"`([^`]+)`", " ".join(cells))
    (function,) = re.findall(
        r"function statusText\(.*?^}", source("status_texts.ts"), re.MULTILINE | re.DOTALL
    )
    texts = re.findall(r"'([^']*[a-z]{3}[^']*)'", re.sub(r"case '\w+'", "", function))
    assert len(texts) > 8
    for status in texts:
        # The singular has a row with its plural.
        expected = re.sub(r"^%1 cell not", "2 cells not", status).removesuffix(" %1")
        assert expected.replace("%1", "2") in shown, status
