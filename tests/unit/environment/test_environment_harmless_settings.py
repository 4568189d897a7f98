"""Harmless settings: an untrusted bundle sets only those known to run no code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestate.environment import changed_settings, settings
from litestate.environment.harmless_settings import is_harmless_setting

# Code that leaves a trace if a file or an evaluated text runs it.
RAN = "LITESTATE_TEST_RAN"

# Matplotlib 3.10 evaluates a text without builtins and dunders; frames circumvent that.
EVIL = (
    "(lambda l: [l.append((l[0].gi_frame.f_back.f_back.f_back for _ in [1])), (lambda f: "
    f"f.f_builtins['exec'](\"import os; os.environ['{RAN}'] = '1'\", f.f_globals))([*l[0]][0]), "
    "cycler('color', ['r'])])([])[-1]"
)


@pytest.fixture(autouse=True)
def nothing_ran() -> Iterator[None]:
    os.environ.pop(RAN, None)
    yield
    ran = os.environ.pop(RAN, None)
    assert ran is None, "code of the bundle ran"


def put(group: str, values: dict[str, Any], *, trusted: bool = False) -> Any:
    """Apply settings in the form of a bundle."""
    document = json.loads(json.dumps({"set": {group: values}}))
    changed_settings.check(document)
    return changed_settings.apply(document, trusted=trusted)


def paths(entries: Any) -> list[str]:
    return [entry.path for entry in entries]


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("value", [EVIL, "cycler('color', 'rgb')", [EVIL], {"tuple": [EVIL]}, None])
def test_a_cycle_is_never_set_to_a_text(matplotlib: Any, value: Any, trusted: bool) -> None:
    before = matplotlib.rcParams["axes.prop_cycle"]
    applied = put("matplotlib", {"axes.prop_cycle": value, "font.size": 9}, trusted=trusted)
    assert paths(applied.skipped) == ["matplotlib axes.prop_cycle"]
    assert matplotlib.rcParams["axes.prop_cycle"] == before
    assert matplotlib.rcParams["font.size"] == 9
    applied.undo()


def test_a_cycle_of_plain_values_is_set(matplotlib: Any) -> None:
    columns = {"color": ["r", {"tuple": [0.1, 0.2, 0.3]}], "marker": ["<", "o"], "lw": [1, 2.5]}
    applied = put("matplotlib", {"axes.prop_cycle": {"cycler": columns}})
    assert not applied.waiting
    assert not applied.skipped
    cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()
    assert cycle["color"] == ["r", (0.1, 0.2, 0.3)]
    assert cycle["marker"] == ["<", "o"]
    assert cycle["linewidth"] == [1, 2.5]
    for bad in ({"color": [EVIL]}, {"marker": ["$\\input{x}$"]}, {"color": [[EVIL]]}, {EVIL: [1]}):
        if len(next(iter(bad))) <= 100:  # A longer name is damage.
            assert paths(put("matplotlib", {"axes.prop_cycle": {"cycler": bad}}).waiting)
    applied.undo()


def test_a_hook_waits_for_trust(
    matplotlib: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    (tmp_path / "evil_hook.py").write_text(
        f"import os; os.environ['{RAN}'] = '1'\ndef hook(figure): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    applied = put("matplotlib", {"figure.hooks": ["evil_hook:hook"]})
    assert paths(applied.waiting) == ["matplotlib figure.hooks"]
    assert matplotlib.rcParams["figure.hooks"] == []
    pyplot.close(pyplot.figure())
    assert "evil_hook" not in sys.modules
    # With trust it is set, and the module that it names is imported with the next figure.
    applied = put("matplotlib", {"figure.hooks": ["evil_hook:hook"]}, trusted=True)
    assert matplotlib.rcParams["figure.hooks"] == ["evil_hook:hook"]
    pyplot.close(pyplot.figure())
    assert os.environ.pop(RAN) == "1"
    applied.undo()
    assert matplotlib.rcParams["figure.hooks"] == []


def test_a_plotting_backend_waits_for_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas")
    (tmp_path / "evil_plots.py").write_text(f"import os; os.environ['{RAN}'] = '1'")
    monkeypatch.syspath_prepend(tmp_path)
    applied = put("pandas", {"plotting.backend": "evil_plots"})
    assert paths(applied.waiting) == ["pandas plotting.backend"]
    assert "evil_plots" not in sys.modules


WAIT: dict[str, dict[str, Any]] = {
    "matplotlib": {
        "animation.convert_args": ["-x"],
        "animation.convert_path": "./evil",
        "animation.ffmpeg_args": ["-x"],
        "animation.ffmpeg_path": "./evil",
        "animation.html": "html5",
        "animation.writer": "ffmpeg",
        "axes.facecolor": "(1, 2, 3)",
        "axes.labelsize": {"tuple": ["large"]},
        "axes.new_parameter": "evil:call",
        "date.autoformatter.year": "%999999999Y",
        "date.autoformatter.day": "$\\input{x}$",
        "date.epoch": "evil",
        "docstring.hardcopy": True,
        "figure.hooks": [],
        "figure.new_parameter": 1,
        "font.family": ["DejaVu Sans:file=/drive/evil.ttf"],
        "font.serif": ["/drive/evil.ttf"],
        "hist.bins": "__import__('os')",
        "image.cmap": "evil()",
        "keymap.quit": ["a"],
        "legend.loc": "(0, 0)",
        "lines.linestyle": "(0, (1, 2))",
        "lines.marker": "$\\alpha$",
        "lines.new_parameter": ["evil"],
        "macosx.window_mode": "tab",
        "mathtext.rm": "sans:file=/drive/evil.ttf",
        "path.effects": [["evil"]],
        "path.sketch": "(1, 2, 3)",
        "pgf.preamble": "\\input{x}",
        "pgf.rcfonts": False,
        "pgf.texsystem": "lualatex",
        "ps.usedistiller": "ghostscript",
        "savefig.directory": "/drive",
        "savefig.format": "pgf",
        "svg.id": '"><script>',
        "text.latex.engine": "latex+dvips",
        "text.latex.preamble": "\\input{x}",
        "text.usetex": True,
        "timezone": "/drive/evil",
        "tk.window_focus": True,
        "toolbar": "toolmanager",
        "webagg.address": "0.0.0.0",
        "webagg.open_in_browser": True,
        "webagg.port": 80,
        "_internal.classic_mode": True,
    },
    "pandas": {
        "compute.use_numba": True,
        "compute.use_numexpr": True,
        "display.encoding": "evil",
        "display.float_format": "{0.__class__}",
        "io.excel.xlsx.reader": "evil",
        "io.excel.xlsx.writer": "evil",
        "io.parquet.engine": "evil",
        "io.sql.engine": "evil",
        "mode.string_storage": "pyarrow",
        "plotting.backend": "evil",
        "plotting.matplotlib.register_converters": True,
        "styler.format.formatter": "{0.__class__}",
        "styler.format.na_rep": "<script>",
        "styler.latex.environment": "\\input{x}",
        "styler.render.encoding": "evil",
        "new.parameter": 1,
    },
    "numpy print": {"formatter": "evil", "override_repr": None, "nanstr": "<b>"},
    "numpy errors": {"divide": "call", "over": "log", "new": "warn"},
    "of_no_package": {"a": 1},
}


@pytest.mark.parametrize("group", WAIT)
def test_dangerous_settings_are_not_on_the_list(group: str) -> None:
    for name, value in WAIT[group].items():
        assert not is_harmless_setting(group, name, value), name


def test_settings_beyond_the_list_wait_and_are_named(matplotlib: Any) -> None:
    before = dict(matplotlib.rcParams)
    applied = put("matplotlib", WAIT["matplotlib"])
    assert paths(applied.waiting) == [f"matplotlib {name}" for name in WAIT["matplotlib"]]
    assert "might make other code run" in applied.waiting[0].reason
    assert not applied.lines
    assert dict(matplotlib.rcParams) == before


ORDINARY: dict[str, dict[str, Any]] = {
    "matplotlib": {
        "animation.embed_limit": 40.0,
        "animation.html": "jshtml",
        "axes.facecolor": "#eeeeee",
        "axes.formatter.limits": [-3, 4],
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.labelsize": "large",
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "boxplot.flierprops.marker": "<",
        "date.autoformatter.day": "%d.%m.",
        "errorbar.capsize": 3.0,
        "figure.autolayout": True,
        "figure.constrained_layout.use": True,
        "figure.dpi": 120.0,
        "figure.facecolor": "tab:gray",
        "figure.figsize": [3.0, 2.0],
        "figure.subplot.left": 0.2,
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans", "Arial"],
        "font.size": 12.5,
        "grid.alpha": 0.5,
        "grid.linestyle": "--",
        "hist.bins": "auto",
        "image.cmap": "gray",
        "legend.fontsize": "small",
        "legend.frameon": False,
        "legend.loc": "upper left",
        "lines.linestyle": {"tuple": [0, {"tuple": [1.0, 2.0]}]},
        "lines.linewidth": 3.0,
        "lines.marker": "^",
        "lines.solid_capstyle": "round",
        "mathtext.fontset": "stix",
        "patch.edgecolor": {"tuple": [0.5, 0.5, 0.5]},
        "path.sketch": {"tuple": [1.0, 100.0, 2.0]},
        "pdf.fonttype": 42,
        "savefig.bbox": "tight",
        "savefig.dpi": 300.0,
        "savefig.format": "svg",
        "scatter.marker": "s",
        "svg.fonttype": "none",
        "text.color": "0.2",
        "timezone": "Europe/Berlin",
        "xtick.direction": "in",
        "xtick.labelsize": 8.0,
        "ytick.minor.visible": True,
    },
    "pandas": {
        "display.colheader_justify": "left",
        "display.max_columns": None,
        "display.max_colwidth": 20,
        "display.max_rows": 7,
        "display.precision": 2,
        "display.show_dimensions": True,
        "display.width": 100,
        "mode.sim_interactive": True,
        "styler.format.decimal": ",",
        "styler.format.precision": 3,
    },
    "numpy print": {"precision": 3, "suppress": True, "linewidth": 100, "sign": "+"},
    "numpy errors": {"divide": "raise", "over": "ignore"},
}


@pytest.mark.parametrize("group", ORDINARY)
@pytest.mark.parametrize("trusted", [False, True])
def test_harmless_settings_need_no_trust(group: str, trusted: bool) -> None:
    pytest.importorskip(group.partition(" ")[0], reason="only in the site")
    applied = put(group, ORDINARY[group], trusted=trusted)
    assert paths(applied.waiting) == []
    assert applied.skipped == []
    assert applied.lines == [f"{group} options: {', '.join(ORDINARY[group])}"]
    applied.undo()


def test_with_trust_the_other_settings_are_set(matplotlib: Any) -> None:
    values = {
        "animation.html": "html5",
        "figure.hooks": ["evil_hook:hook"],
        "keymap.quit": ["a"],
        "lines.marker": "$\\alpha$",
        "savefig.directory": "x",
        "text.latex.preamble": "x",
        "webagg.port": 8080,
    }
    applied = put("matplotlib", values, trusted=True)
    assert not applied.waiting
    assert not applied.skipped
    assert {name: matplotlib.rcParams[name] for name in values} == values
    applied.undo()
    assert matplotlib.rcParams["figure.hooks"] == []


def test_most_parameters_of_matplotlib_are_on_the_list(matplotlib: Any) -> None:
    waiting = [
        name
        for name, value in matplotlib.rcParamsDefault.items()
        if name not in ("backend", "backend_fallback", "interactive")
        and not is_harmless_setting("matplotlib", name, settings.encode(value))
    ]
    families = {name.partition(".")[0] for name in waiting}
    assert families <= {
        *("_internal", "animation", "docstring", "figure", "keymap", "macosx", "path", "pgf"),
        *("ps", "savefig", "svg", "text", "tk", "toolbar", "webagg"),
    }, waiting
