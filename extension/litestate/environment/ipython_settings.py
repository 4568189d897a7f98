"""Settings made by ``%config``, ``%precision``, ``%xmode``, ``%alias`` and ``%load_ext``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..platform import ipython_shell
from .cell_sources import cells_mention
from .settings import Group, Undo, same

_WORDS = ("%", "get_ipython", "InteractiveShell", "InlineBackend", "init_printing")
"""Kernels set some of these when they start."""

_OWN = frozenset(
    (
        *("InteractiveShell.ipython_dir", "InteractiveShell.banner1", "InteractiveShell.banner2"),
        *("InteractiveShell.history_length", "InteractiveShell.history_load_length"),
        *("InteractiveShell.display_page", "InteractiveShell.enable_tip"),
    )
)
"""Traits that describe the kernel and the machine, as all of `HistoryManager` does."""

_PRINTERS = ("type_printers", "deferred_printers", "singleton_printers")
"""Libraries add to these; `module_changes` finds what a notebook adds."""

_ALWAYS_LOADED = frozenset({"IPython.extensions.storemagic", "litestate.shell.awaited_calls"})
"""Kernels load them when they start."""

_MADE_LATER = frozenset({"InlineBackend"})
"""Classes of objects that IPython makes when they are first used."""

_MODE = "traceback mode"
_RELOAD = "autoreload"
_RELOADS = {(False, False): "off", (True, False): "explicit", (True, True): "all"}
"""The argument of ``%autoreload`` by the state of its reloader: whether it is on, and for all."""


def _traits(_: Any) -> Iterator[tuple[str, Any]]:
    shell = ipython_shell()
    if shell is None or not cells_mention(*_WORDS):
        return
    for owner in _owners(shell):
        for name, trait in owner.traits(config=True).items():
            is_own = f"{trait.this_class.__name__}.{name}" in _OWN or name in _PRINTERS
            if is_own or name not in owner._trait_values:
                continue
            value = getattr(owner, name)
            if not same(value, owner.trait_defaults(name)):
                yield f"{type(owner).__name__}.{name}", _plain(value)
    yield from _of_later(shell)
    mode = str(shell.InteractiveTB.mode)
    if mode.lower() != str(shell.xmode).lower() and cells_mention("xmode", "set_mode"):
        yield _MODE, mode
    reloader = _reloader(shell)
    if reloader is not None and reloader.enabled:
        yield _RELOAD, _RELOADS.get((reloader.enabled, reloader.check_all), "off")


def _of_later(shell: Any) -> Iterator[tuple[str, Any]]:
    """Yield the settings that ``%config`` made for objects of `_MADE_LATER`."""
    there = {cls.__name__ for owner in _owners(shell) for cls in type(owner).__mro__}
    if cells_mention("%config", "update_config", if_unknown=False):
        for kind, traits in shell.config.items():
            if kind in _MADE_LATER and kind not in there:
                for name, value in dict(traits).items():
                    yield f"{kind}.{name}", _plain(value)


def _owners(shell: Any) -> list[Any]:
    """Return the objects that ``%config`` can set, and the formatters for ``%precision``."""
    owners = [*shell.configurables, *shell.display_formatter.formatters.values()]
    others = [owner for owner in owners if owner is not shell.history_manager]
    return [owner for owner in others if not type(owner).__name__.endswith("App")]


def _reloader(shell: Any) -> Any:
    magics = shell.magics_manager.registry.get("AutoreloadMagics")
    return getattr(magics, "_reloader", None)


def _plain(value: Any) -> Any:
    return sorted(value) if type(value) is set else value


def _put_trait(_: Any, name: str, value: Any) -> Undo | None:
    if name in (_MODE, _RELOAD):
        return _put_mode(name, value)
    owner, trait = _owner_of(name)
    if owner is None:
        return _put_later(name.partition(".")[0], trait, value)
    before = getattr(owner, trait)
    if isinstance(before, set) and isinstance(value, list):
        value = set(value)
    if same(before, value):
        return None
    setattr(owner, trait, value)
    return lambda: setattr(owner, trait, before)


def _put_mode(name: str, value: Any) -> Undo | None:
    shell = ipython_shell()
    if shell is None or not isinstance(value, str):
        raise KeyError("this is not IPython")
    if name == _MODE:
        before = shell.InteractiveTB.mode
        if before == value:
            return None
        shell.InteractiveTB.set_mode(value)
        return lambda: shell.InteractiveTB.set_mode(before)
    reloader = _reloader(shell)
    if reloader is None or value not in _RELOADS.values():
        raise KeyError("autoreload is not loaded here")
    before = (reloader.enabled, reloader.check_all)
    if _RELOADS.get(before) == value:
        return None
    shell.run_line_magic("autoreload", value)

    def undo() -> None:
        reloader.enabled, reloader.check_all = before

    return undo


def _put_later(kind: str, trait: str, value: Any) -> Undo | None:
    config = ipython_shell().config[kind]
    had, before = trait in config, dict(config).get(trait)
    if had and same(before, value):
        return None
    config[trait] = value

    def undo() -> None:
        if had:
            config[trait] = before
        else:
            del config[trait]

    return undo


def _owner_of(name: str) -> tuple[Any, str]:
    """Return the object that has a trait, or None if it is made later; and the trait's name."""
    kind, _, trait = name.partition(".")
    shell = ipython_shell()
    if (
        shell is None
        or not trait.isidentifier()
        or not (kind[:1].isupper() and kind.isidentifier())
    ):
        raise KeyError("IPython has no setting of this name here")
    owner = next((it for it in _owners(shell) if _is_kind(it, kind)), None)
    is_known = kind in _MADE_LATER if owner is None else trait in owner.traits(config=True)
    if not is_known:
        raise KeyError("IPython has no setting of this name here")
    return owner, trait


def _is_kind(owner: Any, kind: str) -> bool:
    """Tell whether an object is of a class; the shell is of the shell class of every kernel."""
    return any(cls.__name__ == kind for cls in type(owner).__mro__) or (
        kind.endswith("InteractiveShell") and owner is ipython_shell()
    )


def _extensions(_: Any) -> Iterator[tuple[str, Any]]:
    shell = ipython_shell()
    if shell is not None and cells_mention("load_ext", "load_extension"):
        for name in sorted(shell.extension_manager.loaded - _ALWAYS_LOADED):
            yield name, True


def _put_extension(_: Any, name: str, value: Any) -> Undo | None:
    shell = ipython_shell()
    if shell is None or value is not True:
        raise KeyError("this is not IPython")
    manager = shell.extension_manager
    if name in manager.loaded:
        return None
    if manager.load_extension(name) is not None:
        raise ValueError("it is not an extension of IPython")
    return lambda: manager.unload_extension(name)


def _aliases(_: Any) -> Iterator[tuple[str, Any]]:
    shell = ipython_shell()
    if shell is None or not cells_mention("alias"):
        return
    usual = dict(shell.alias_manager.default_aliases)
    for name, command in shell.alias_manager.aliases:
        if usual.get(name) != command:
            yield name, command


def _put_alias(_: Any, name: str, command: Any) -> Undo | None:
    shell = ipython_shell()
    if shell is None or not name.isidentifier() or not isinstance(command, str):
        raise KeyError("this is not IPython")
    manager = shell.alias_manager
    before = dict(manager.aliases).get(name)
    if before == command:
        return None
    manager.define_alias(name, command)

    def undo() -> None:
        manager.undefine_alias(name)
        if before is not None:
            manager.define_alias(name, before)

    return undo


GROUPS = {
    # First: an extension has settings of its own.
    "IPython extensions": Group(_extensions, _put_extension),
    "IPython": Group(_traits, _put_trait),
    "IPython aliases": Group(_aliases, _put_alias),
}
"""Part of `changed_settings.GROUPS`."""
