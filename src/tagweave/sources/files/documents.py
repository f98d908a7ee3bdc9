"""Documents: the objects in a file, whatever way they were written.

JSON (one object, a List, a LIST answer of the API server, an array), JSON lines, and YAML of one or several
documents. A broken file gives what stands before the break, and says where it breaks.
"""

import json
import mmap
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import yaml

_BLANK: Final = b" \t\r\n\xef\xbb\xbf"
_YAML_NAMES: Final = (".yaml", ".yml")
_NO_OBJECT: Final = "neither a Kubernetes object (kind, metadata) nor a Tagweave resource (kind, id)"
BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for data that are not what they seem."""
_BROKEN_YAML: Final = (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError)
_YAML_STARTS: Final = (b"apiVersion:", b"kind:", b"---", b"- ", b"items:", b"metadata:", b"%YAML")


class Document(NamedTuple):
    """One object: its JSON bytes, or from YAML its builtins. `kind` and `version` as far as they are known.

    `place` is where in the file. An `error` document has no value: it says what could not be read.
    """

    file: str
    place: str
    kind: str
    version: str
    value: msgspec.Raw | bytes | dict[str, Any] | None
    error: str = ""

    @property
    def where(self) -> str:
        """The file and the place in it."""
        return f"{self.file}: {self.place}" if self.place else self.file


class Empty(NamedTuple):
    """A list of a kind without items: an answer too."""

    kind: str
    version: str


_ABSENT: Final = msgspec.Raw()


class _Head(msgspec.Struct, rename="camel", gc=False):
    kind: str = ""
    api_version: str = ""
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    metadata: msgspec.Raw = _ABSENT
    id: msgspec.Raw = _ABSENT


_head = msgspec.json.Decoder(_Head).decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes writes it: times and a lone `=` stay text."""


_LEFT_AS_TEXT: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in _LEFT_AS_TEXT]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def documents(name: str, data: bytes | mmap.mmap) -> Iterator[Document | Empty]:
    """The objects of a file. What is none of the known forms is one document with an error."""
    start = _first(data)
    first = data[start : start + 1]
    if not first:
        yield _refusal(name, "the file is empty")
    elif first in (b"{", b"["):
        yield from _json(name, data, start)
    elif name.endswith(_YAML_NAMES) or data[start : start + 12].startswith(_YAML_STARTS):
        yield from _yaml(name, data)
    else:
        yield _refusal(name, "neither JSON nor YAML of Kubernetes objects or Tagweave resources")


def _first(data: bytes | mmap.mmap) -> int:
    start = 0
    while start < len(data) and data[start : start + 1] in [bytes([b]) for b in _BLANK]:
        start += 1
    return start


def _json(name: str, data: bytes | mmap.mmap, start: int) -> Iterator[Document | Empty]:
    whole: Any = memoryview(data)[start:] if start else data
    try:
        listed = _raw_list(whole) if data[start : start + 1] == b"[" else None
        head = _head(whole) if listed is None else None
    except msgspec.ValidationError as error:
        yield _refusal(name, f"JSON, but not of a Kubernetes object or list: {error}")
    except BROKEN:
        yield from _lines(name, bytes(whole))
    else:
        yield from _items(name, "", "", listed or ()) if head is None else _object(name, "", head, whole)


def _object(file: str, place: str, head: _Head, whole: Any) -> Iterator[Document | Empty]:  # noqa: ANN401
    if head.items is msgspec.UNSET:
        yield _known(file, place, head, bytes(whole))
        return
    kind = head.kind.removesuffix("List")
    if not head.items and kind:
        yield Empty(kind, head.api_version)
    yield from _items(file, kind, head.api_version if kind else "", head.items or ())


def _items(file: str, kind: str, version: str, items: Sequence[msgspec.Raw]) -> Iterator[Document]:
    for i, item in enumerate(items):
        place = f"items[{i}]"
        if kind:
            yield Document(file, place, kind, version, item)
            continue
        try:
            yield _known(file, place, _head(item), item)
        except BROKEN as error:
            yield Document(file, place, "", "", None, f"no object with a kind: {error}")


def _known(file: str, place: str, head: _Head, value: msgspec.Raw | bytes) -> Document:
    """A document, if it is an object at all: Kubernetes objects have metadata, resources have an id."""
    if head.kind and not (head.metadata is _ABSENT and head.id is _ABSENT):
        return Document(file, place, head.kind, head.api_version, value)
    return Document(file, place, "", "", None, _NO_OBJECT)


def _lines(name: str, data: bytes) -> Iterator[Document | Empty]:
    """JSON lines; where the first line is no object on its own, a broken document: what stands before the break."""
    lines = data.splitlines()
    try:
        _head(lines[0])
    except BROKEN:
        yield from _salvage(name, data)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield from _object(name, f"line {number}", _head(line), line)
        except BROKEN as error:
            yield Document(name, f"line {number}", "", "", None, f"line {number} is no JSON object: {error}")


def _salvage(name: str, data: bytes) -> Iterator[Document]:
    """The whole items of a list that breaks off, then where it broke."""
    count = 0
    problem = "it is no JSON"
    try:
        for item, kind, version in _whole_items(data.decode("utf-8", "replace")):
            own = item.get("kind", kind) if isinstance(item, dict) else ""
            place = f"items[{count}]"
            count += 1
            if isinstance(own, str) and own:
                yield Document(name, place, own, str(item.get("apiVersion", version)), item)
            else:
                yield Document(name, place, "", "", None, _NO_OBJECT)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        problem = "it is nested too deeply"
    kept = f"; the {count} whole items before that were read" if count else ""
    yield _refusal(name, f"the JSON is broken: {problem}{kept}")


def _whole_items(text: str) -> Iterator[tuple[Any, str, str]]:
    """The items of a list, with the kind and version that stand before them. Raises where the text breaks."""
    decoder = json.JSONDecoder()
    if text.startswith("["):
        yield from ((item, "", "") for item in _elements(decoder, text, 1))
        return
    known: dict[str, Any] = {}
    at = 1
    while True:
        key, at = decoder.raw_decode(text, _skipped(text, at, " \t\r\n,"))
        at = _skipped(text, at, " \t\r\n:")
        if key == "items" and text[at : at + 1] == "[":
            kind = known.get("kind")
            kind = kind.removesuffix("List") if isinstance(kind, str) else ""
            version = str(known.get("apiVersion", "")) if kind else ""
            yield from ((item, kind, version) for item in _elements(decoder, text, at + 1))
            raise json.JSONDecodeError("the object does not end", text, len(text))
        known[key], at = decoder.raw_decode(text, at)


def _elements(decoder: json.JSONDecoder, text: str, at: int) -> Iterator[Any]:
    while True:
        at = _skipped(text, at, " \t\r\n,")
        if text[at : at + 1] == "]":
            return
        value, at = decoder.raw_decode(text, at)
        yield value


def _skipped(text: str, at: int, blanks: str) -> int:
    while at < len(text) and text[at] in blanks:
        at += 1
    return at


def _yaml(name: str, data: bytes | mmap.mmap) -> Iterator[Document | Empty]:
    number = 0
    loader = None
    try:
        loader = _Loader(bytes(data))
        while loader.check_data():  # type: ignore[no-untyped-call]
            yield from _yaml_value(name, number + 1, loader.get_data())
            number += 1
    except _BROKEN_YAML as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        kept = f"; the {number} whole documents before that were read" if number else ""
        yield _refusal(name, f"the YAML is broken{place}: {getattr(error, 'problem', error)}{kept}")
    finally:
        if loader is not None:
            loader.dispose()


def _yaml_value(name: str, number: int, value: Any) -> Iterator[Document | Empty]:  # noqa: ANN401 - any YAML
    place = f"document {number}"
    if value is None:
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield _yaml_item(name, f"{place}: [{i}]", "", "", item)
    elif isinstance(value, dict) and isinstance(value.get("items", ""), list | None):
        items = value["items"] or ()
        kind = str(value.get("kind", "")).removesuffix("List")
        version = str(value.get("apiVersion", "")) if kind else ""
        if not items and kind:
            yield Empty(kind, version)
        for i, item in enumerate(items):
            yield _yaml_item(name, f"{place}: items[{i}]", kind, version, item)
    else:
        yield _yaml_item(name, place, "", "", value)


def _yaml_item(name: str, place: str, kind: str, version: str, item: Any) -> Document:  # noqa: ANN401 - any YAML
    if not isinstance(item, dict):
        return Document(name, place, "", "", None, f"expected an object, found {type(item).__name__}")
    found, of = item.get("kind", kind), item.get("apiVersion", version)
    if not found or ("metadata" not in item and "id" not in item):
        return Document(name, place, "", "", None, _NO_OBJECT)
    return Document(name, place, str(found), str(of), item)


def _refusal(name: str, reason: str) -> Document:
    return Document(name, "", "", "", None, reason)
