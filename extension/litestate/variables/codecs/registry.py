"""The registry of codecs, which store objects of known types in a graph without pickle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ...host.installed_modules import is_harmless, only_installed

if TYPE_CHECKING:
    from ...host.roots import Roots

Value: TypeAlias = Any
"""A value of the graph, as JSON: see ``docs/bundle-format.md``."""


class OpaqueError(Exception):
    """An object that only a pickle can hold; codecs raise it."""


class Put(Protocol):
    """The encoder, as codecs see it."""

    def value(self, obj: object) -> Value:
        """Return the value of any object that a mutable container holds."""

    def plain(self, obj: object) -> Value:
        """Return the value of a part from which an object is built.

        Raises
        ------
        OpaqueError
            If the part is not plain, or leads back to the object.
        """

    def memory(self, array: Any, holder: str | None = None) -> dict[str, Any]:
        """Return the location of the memory of an array: buffer, offset, shape, strides.

        It is completed when the whole group is known: arrays that overlap share a buffer. Offset
        and strides are in bytes. An array on the memory of a `bytearray` or an `array.array` names
        that object in place of a buffer. The `holder` is a kind of `buffers.InTable`.
        """

    def copied(self, array: Any, holder: str) -> None:
        """Register an array of which the items are stored, and not the memory.

        The holder is ``"objects"`` for an array whose views are restored as views, ``"pickle"``, or
        a kind of `buffers.InTable`.
        """

    def apart(self, obj: object, note: str) -> None:
        """Register a part of an object; `note` is reported if the part also has a node."""

    def raw(self, data: Any) -> int:
        """Add a buffer of bytes, and return its number."""

    def approximate(self, text: str) -> None:
        """Report a difference between the object and its restored copy."""


class Get(Protocol):
    """The decoder, as codecs see it.

    Attributes
    ----------
    namespace : dict
        The namespace of the notebook.
    places : Roots
        The root folders.
    trusted : bool
        Whether the graph may run code.
    name : str
        The variable that is being made; empty for an object that is a part of another.
    """

    namespace: dict[str, Any]
    places: Roots
    trusted: bool
    name: str

    def value(self, value: Value) -> Any:
        """Return the object that a value stands for."""

    def key(self, value: Value) -> Any:
        """Return the object that a value stands for, which is then hashed."""

    def buffer(self, number: int) -> memoryview:
        """Return the content of a buffer, which is writable. Arrays may share it."""

    def content(self, number: int) -> memoryview:
        """Return the content of a buffer for a copy; each buffer may be copied once."""

    def fail(self, what: str) -> Exception:
        """Return the error to raise for a malformed payload."""

    def missing(self, reason: str) -> Exception:
        """Return the error to raise for an object that cannot be made here."""

    def waiting(self, what: str) -> Exception:
        """Return the error to raise for an object that needs trust."""


@dataclass(frozen=True)
class Codec:
    """Functions that write and read objects of some types.

    Attributes
    ----------
    tag : str
        Name of the codec in the graph.
    types : tuple of type
        The types, without their subclasses.
    encode : callable
        Gets the object and a `Put`; returns the payload.
    decode : callable
        Gets the payload and a `Get`; returns the object, or an empty mutable container.
    fill : callable or None
        For mutable containers: gets the empty one, the payload and a `Get`.
    atom : bool
        Whether identity does not matter: the payload is stored in place of a reference.
    accepts : callable or None
        For mutable containers: tells whether one is plain. Objects that are built from one that is
        not are pickled; when `encode` is called it is too late for that.
    """

    tag: str
    types: tuple[type, ...]
    encode: Callable[[Any, Put], Any]
    decode: Callable[[Any, Get], Any]
    fill: Callable[[Any, Any, Get], None] | None = None
    atom: bool = False
    accepts: Callable[[Any], bool] | None = None


_MODULES = {"numpy": "arrays", "pandas": "frames", "sqlite3": "connections"}
"""Modules with the codecs for a package, imported for the first object of it."""

_MODULE_OF = type.__dict__["__module__"].__get__

_ALWAYS = ("containers", "imported", "scalars", "standard_library")

# By id: looking up a type itself would call its metaclass's `__hash__`.
_BY_TYPE: dict[int, Codec] = {}
_BY_TAG: dict[str, Codec] = {}
_LOADED: set[str] = set()


def codec_for(kind: type) -> Codec | None:
    """Return the codec for objects of a type, or None."""
    _load_always()
    codec = _BY_TYPE.get(id(kind))
    if codec is None and _load(package_of(kind)):
        codec = _BY_TYPE.get(id(kind))
    return codec


def package_of(kind: type) -> str:
    """Return the first part of the name of a type's module, or "".

    A metaclass that defines ``__module__`` is not called.
    """
    try:
        module = _MODULE_OF(kind)
    except AttributeError:
        return ""
    return module.partition(".")[0] if type(module) is str else ""


def package_for(tag: str) -> str | None:
    """Return the package that the codec for a tag needs, or None."""
    package = tag.partition(".")[0]
    return package if package in _MODULES else None


def codec_of(tag: str) -> Codec | None:
    """Return the codec for a tag, such as ``"numpy.ndarray"``, or None.

    Raises
    ------
    ImportError
        If the package that the codec needs is not installed.
    """
    _load_always()
    if tag not in _BY_TAG:
        _load(tag.partition(".")[0])
    return _BY_TAG.get(tag)


def codec_for_reading(tag: str, get: Get) -> Codec:
    """Return the codec for a tag of a graph that anyone may have written.

    Raises
    ------
    DamagedBundleError
        If there is no such tag.
    NotLoadedError, NeedsTrustError
        If its package is not installed, or a file of the bundle may take the package's place.
    """
    package = package_for(tag)
    if package is not None and not get.trusted and not is_harmless(package):
        raise get.waiting(f"the module {package} would be run")
    try:
        codec = codec_of(tag)
    except ImportError as error:
        raise get.missing(f"the package {error.name or package} is not installed here") from error
    if codec is None:
        raise get.fail(f"there is no codec called {tag!r:.40}")
    return codec


def _load_always() -> None:
    if not _BY_TAG:
        # They need the standard library only, never a file that a bundle has brought.
        with only_installed():
            for name in _ALWAYS:
                _register(name)


def _load(package: str) -> bool:
    name = _MODULES.get(package)
    if name is None or name in _LOADED:
        return False
    _register(name)
    _LOADED.add(name)
    return True


def _register(name: str) -> None:
    for codec in import_module(f".{name}", __package__).CODECS:
        _BY_TAG[codec.tag] = codec
        _BY_TYPE.update(dict.fromkeys(map(id, codec.types), codec))
