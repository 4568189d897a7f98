"""How objects of known types stand in a graph, without pickle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ..places import Places

Value: TypeAlias = Any
"""A value of the graph, as JSON: see ``docs/bundle-format.md``."""


class OpaqueError(Exception):
    """Raised by a codec for what only a pickle can hold."""


class Put(Protocol):
    """What a codec writes to."""

    def value(self, obj: object) -> Value:
        """Return the value of what a mutable container holds, whatever it is."""

    def plain(self, obj: object) -> Value:
        """Return the value of what an object is built from.

        Raises
        ------
        OpaqueError
            If that is not plain, or leads back to the object.
        """

    def memory(self, array: Any, holder: str | None = None) -> dict[str, Any]:
        """Return where the memory of a NumPy array is: buffer, offset, shape, strides.

        It is completed when the whole group is known: arrays that overlap share a buffer. Offset
        and strides are in bytes. On the memory of a `bytearray` or an `array.array` it names that,
        in place of a buffer. The `holder` is a kind of `buffers.InTable`.
        """

    def copied(self, array: Any, holder: str) -> None:
        """Register an array whose items are stored, and not its memory.

        The holder is ``"objects"`` for an array whose views are restored as views, ``"pickle"``, or
        a kind of `buffers.InTable`.
        """

    def apart(self, obj: object, note: str) -> None:
        """Register a part of an object; `note` is reported if the part also has a node."""

    def raw(self, data: Any) -> int:
        """Add a buffer of bytes, and return its number."""

    def approximate(self, text: str) -> None:
        """Say what will not be quite as it was."""


class Get(Protocol):
    """What a codec reads from.

    Attributes
    ----------
    namespace : dict
        Of the notebook.
    places : Places
        The root folders.
    trusted : bool
        Whether what is read may run code.
    name : str
        The notebook's name for what is made, if it is not a part of something else.
    """

    namespace: dict[str, Any]
    places: Places
    trusted: bool
    name: str

    def value(self, value: Value) -> Any:
        """Return the object that a value stands for."""

    def key(self, value: Value) -> Any:
        """Return the object that a value stands for, to be hashed."""

    def buffer(self, number: int) -> memoryview:
        """Return the content of a buffer; it can be written to. Arrays may share it."""

    def content(self, number: int) -> memoryview:
        """Return the content of a buffer to copy it; once only, or memory would not suffice."""

    def fail(self, what: str) -> Exception:
        """Return the error for a payload that is not as it should be, to raise."""

    def missing(self, reason: str) -> Exception:
        """Return the error for what cannot be made here, to raise."""

    def waiting(self, what: str) -> Exception:
        """Return the error for what needs trust, to raise."""


@dataclass(frozen=True)
class Codec:
    """How objects of some types are written and read.

    Attributes
    ----------
    tag : str
        What marks them in the graph.
    types : tuple of type
        Exactly these, no subclasses.
    encode : callable
        Gets the object and a `Put`, returns the payload.
    decode : callable
        Gets the payload and a `Get`, returns the object; of a mutable container the empty one.
    fill : callable or None
        Of mutable containers: gets the empty one, the payload and a `Get`.
    atom : bool
        Whether it has no identity: it stands in place, wherever it is.
    accepts : callable or None
        Of mutable containers: whether one is plain. Only what this says keeps what is built from
        one out of the graph; `encode` is too late.
    """

    tag: str
    types: tuple[type, ...]
    encode: Callable[[Any, Put], Any]
    decode: Callable[[Any, Get], Any]
    fill: Callable[[Any, Any, Get], None] | None = None
    atom: bool = False
    accepts: Callable[[Any], bool] | None = None


_MODULES = {"numpy": "arrays", "pandas": "frames", "sqlite3": "connections"}
"""Where the codecs for a package are; they are loaded with the first object of it."""

_MODULE_OF = type.__dict__["__module__"].__get__

_ALWAYS = ("containers", "imported", "scalars", "standard_library")

# By identity: to look for a type calls what its metaclass has for a hash.
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

    What a person's metaclass has for ``__module__`` is not asked.
    """
    try:
        module = _MODULE_OF(kind)
    except AttributeError:
        return ""
    return module.partition(".")[0] if type(module) is str else ""


def package_for(tag: str) -> str | None:
    """Return the package that a tag makes necessary, or None."""
    package = tag.partition(".")[0]
    return package if package in _MODULES else None


def codec_of(tag: str) -> Codec | None:
    """Return the codec for a tag, such as ``"numpy.ndarray"``, or None.

    Raises
    ------
    ImportError
        If the package that it is for is not installed.
    """
    _load_always()
    if tag not in _BY_TAG:
        _load(tag.partition(".")[0])
    return _BY_TAG.get(tag)


def _load_always() -> None:
    if not _BY_TAG:
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
