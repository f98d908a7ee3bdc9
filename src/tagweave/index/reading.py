"""Tags of ends: from what was decided about each end to one column of text for each tag.

The one place where a tag's value is read. A batch, a single look-up and an encoded id read here, so they cannot differ.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.index.addresses import is_public, is_special
from tagweave.index.addresses import texts as texts_of
from tagweave.index.arrow import NO_TEXTS, from_numpy, to_numpy
from tagweave.index.arrow import texts as text_array
from tagweave.index.columns import BY_PREFIX, I32, RULE_CODES, RULES, U64
from tagweave.index.find import Endpoints, Found
from tagweave.index.rows import Column, Decided, Read, Rows
from tagweave.index.values import (
    SEPARATOR,
    Texts,
    chosen,
    distinct,
    first_set,
    joined,
    numbers,
    only_used,
    texts,
    worded,
)
from tagweave.index.view import View
from tagweave.index.vocabulary import (
    CUSTOM_SERVICE,
    INSTANCE_TYPES,
    INTERNET_TYPE,
    IP_TYPE,
    WORKLOAD_TYPE,
    WORKLOAD_TYPES,
    Property,
    home_of,
    property_of,
)

_ACCOUNT_OF: Final = ("owner", "vm", "vpc", "region")
"""Whose account an end is in: the first of these that has one."""

_SHARED: Final = ("region", "az")
_CONTAINER_ID: Final = RULE_CODES["container_id"]
_SUBJECTS: Final = ("auto_instance", "auto_service")
_WORKLOAD: Final = ("workload",)
_SECOND: Final = 1_000_000_000


class Asked(NamedTuple):
    """What was asked and found of n ends, beside what they are: their addresses, ages, and texts of keys."""

    ends: Endpoints
    found: Found


def reads_of(view: View, names: str, tags: Sequence[str]) -> list[Read]:
    """The fields of resources that some tags are read from."""
    return [read for tag in tags for read in _reads(view, names, property_of(names, tag))]


def _reads(view: View, names: str, of: Property) -> Iterator[Read]:
    if of.column == "group":
        for tag in view.manifest.groups.get(of.field, ()):
            home = home_of(tag, names) or names
            yield from _reads(view, home, property_of(home, tag))
    elif of.column == "account":
        yield from (Read(column, "account") for column in _ACCOUNT_OF)
    elif of.column not in ("match", "container"):
        fields = {"name_or_id": "name", "code": "type"}
        yield Read(of.column, fields.get(of.field, of.field))
        if of.workload_type:
            yield Read(of.column, "type")
        if of.column == "auto_service":
            yield from _reads(view, names, Property("group", "service"))


class Reader:
    """Reads tags of n ends in one vocabulary. For one batch: it holds what it read on the way."""

    def __init__(
        self,
        view: View,
        names: str,
        decided: Decided,
        asked: Asked | None,
        reads: Sequence[Read],
        separator: str = SEPARATOR,
    ) -> None:
        self.rows, self.row_of = Rows.of(view, decided, reads)
        self.view = view
        self._names = names
        self._decided = decided
        self._asked = asked
        self._separator = separator
        self._groups: dict[str, Texts] = {}
        self._texts: dict[tuple[str, str], Texts] = {}

    def tag(self, tag: str) -> Texts:
        """A tag of each end (n,)."""
        return self.read(self._names, property_of(self._names, tag))

    def read(self, names: str, of: Property) -> Texts:
        """What a property is of each end (n,); a group's tags are those of a vocabulary."""
        if of.column == "match":
            return self._match(of.field)
        if of.column == "container":
            return self._container(of.field)
        if of.column == "group":
            return self._group(names, of.field)
        if of.column in _SUBJECTS:
            return self._subject(names, of)
        found = self._account(of.field) if of.column == "account" else self._of_rows(of)
        return found.take(self.row_of)

    # ---- what a resource says

    def _members(self, column: str, field: str) -> Texts:
        """A field of the resources in a column, one by one."""
        found = self._texts.get((column, field))
        if found is None:
            them = self.rows.of_column(column)
            found = texts(self.view, numbers(self.view, them.places, them.value, field))
            self._texts[column, field] = found
        return found

    def _of_rows(self, of: Property) -> Texts:
        """A field of the resources in a column, of each row."""
        column = self.rows.of_column(of.column)
        if not column.rids.any():
            return _nothing(len(self.rows))
        if of.workload_type:
            return self._of_nearest(of, column)
        found = self._members(of.column, of.field)
        if len(column.rids) == len(self.rows) and (np.diff(column.first) == 1).all():
            return found
        return joined(column.first, found, self._separator)

    def _of_nearest(self, of: Property, column: Column) -> Texts:
        """A field of the nearest owner of a type."""
        kind = self._members(of.column, "type")
        words = kind.words.to_pylist()
        if of.workload_type not in words:
            return _nothing(len(self.rows))
        found = self._members(of.column, of.field)
        hits = np.flatnonzero(kind.codes == words.index(of.workload_type))
        row = np.searchsorted(column.first, hits, side="right") - 1
        nearest = np.diff(row, prepend=-1) != 0
        codes = np.full(len(self.rows), -1, np.int32)
        codes[row[nearest]] = found.codes[hits[nearest]]
        return only_used(Texts(codes, found.words))

    def _account(self, part: str) -> Texts:
        """The provider or account of the first resource that has one: the owner before what it is in.

        A source of one account says which; of one with several, it is that in which the resource was listed (which
        is not said of a region or a zone: they are everybody's).
        """
        known = self.view.manifest.accounts
        several = []
        for name in _ACCOUNT_OF:
            source = self._members(name, "source")
            words = source.words.to_pylist()
            several.append(worded(source.codes, [known.get(word, ("", ""))[part == "account"] for word in words]))
            if part == "account":
                mine = np.array([*(word in known for word in words), False])[source.codes]
                several.append(self._members(name, "account").where(mine & ~self.rows.is_kind(name, _SHARED)))
        return first_set(several, len(self.rows))

    # ---- what several columns say together

    def _group(self, names: str, group: str) -> Texts:
        """The first of a group's tags that is set, of whatever vocabulary."""
        found = self._groups.get(group)
        if found is None:
            tags = self.view.manifest.groups.get(group, ())
            homes = [home_of(tag, names) or names for tag in tags]
            several = [self.read(home, property_of(home, tag)) for home, tag in zip(homes, tags, strict=True)]
            found = self._groups[group] = first_set(several, len(self.row_of))
        return found

    def _subject(self, names: str, of: Property) -> Texts:
        """The instance or service that each end is; an address that is nobody's, or lies in a range, is itself."""
        rids = self.rows.ids(of.column)
        found = self._of_subject(of, rids).take(self.row_of)
        none = np.take(rids == 0, self.row_of)
        if of.column == "auto_service" and "service" in self.view.manifest.groups:
            custom = self._group(names, "service")
            none &= custom.codes < 0
            found = first_set([_custom(custom, of.field), found], len(none))
        if self._asked is None:
            return found
        text, public = self._bare
        none &= text.codes >= 0
        if not none.any():
            return found
        words = _BARE_WORDS.get(of.field)
        bare = text.where(none) if words is None else worded(chosen(none, public, np.int32(-1)), words)
        return first_set([found, bare], len(none), apart=not _has_address(found.words))

    def _of_subject(self, of: Property, rids: I32) -> Texts:
        if of.field not in ("type", "code"):
            return self._of_rows(of)
        codes, words = self.rows.kinds(of.column)
        own = self._members(of.column, "type").where(self.rows.is_kind(of.column, _WORKLOAD))
        if of.field == "type":
            return first_set([own, worded(codes, words)], len(rids))
        numbered = [str(WORKLOAD_TYPES.get(word, WORKLOAD_TYPE)) for word in own.words.to_pylist()]
        kind = [str(WORKLOAD_TYPE if w == "workload" else INSTANCE_TYPES.get(w, IP_TYPE)) for w in words]
        return first_set([worded(own.codes, numbered), worded(codes, kind)], len(rids))

    @cached_property
    def _bare(self) -> tuple[Texts, I32]:
        """The text of each address that is nobody's or lies in a range, and whether it is of the internet (else -1)."""
        assert self._asked is not None
        ends, rules = self._asked.ends, self._decided.rules
        rows = np.flatnonzero(ends.valid & ((rules == 0) | (rules == BY_PREFIX)))
        codes, public = np.full((2, len(rules)), -1, np.int32)
        if not len(rows):
            return Texts(codes, NO_TEXTS), public
        of, hi, lo = _addresses(ends.hi[rows], ends.lo[rows])
        codes[rows] = of
        public[rows] = (is_public(hi, lo) & ~is_special(hi, lo))[of] & (rules[rows] == 0)
        return Texts(codes, texts_of(hi, lo)), public

    # ---- the match itself

    def _match(self, field: str) -> Texts:
        rules = self._decided.rules.astype(np.int32)
        if field == "rule":
            return worded(rules, RULES)
        if field == "disputed":
            return worded(np.where(rules == 0, -1, self._decided.disputed), ("false", "true"))
        if self._asked is None:
            return _nothing(len(rules))
        age = np.maximum(0, self._decided.at - self.view.seen(self._asked.found.pieces)) // _SECOND
        of, ages = distinct(age)
        return only_used(Texts(np.where(rules == 0, -1, of).astype(np.int32), from_numpy(ages).cast(pa.string())))

    def _container(self, field: str) -> Texts:
        """What was asked for by a container's id: no resource, but a text at the name."""
        mine = self._decided.rules == _CONTAINER_ID
        if self._asked is None or not mine.any():
            return _nothing(len(mine))
        if field == "name":
            return texts(self.view, np.where(mine, self._asked.found.labels, -1))
        keys = next(values for rule, values in self._asked.ends.keys if rule == "container_id")
        coded = (keys if isinstance(keys, pa.Array) else text_array([key or "" for key in keys])).dictionary_encode()
        codes = to_numpy(coded.indices).astype(np.int32)
        return only_used(Texts(codes, coded.dictionary.cast(pa.string())).where(mine))


_BARE_WORDS: Final = {"type": ("ip", "internet"), "code": (str(IP_TYPE), str(INTERNET_TYPE))}
"""What an address is that nothing else is known of: one that is not of the internet, or one that is."""


def _custom(group: Texts, field: str) -> Texts:
    """A custom service, which is its own name and id."""
    fixed = {"type": "custom", "code": str(CUSTOM_SERVICE)}.get(field)
    return group if fixed is None else worded(np.where(group.codes >= 0, 0, -1), (fixed,))


def _has_address(words: pa.StringArray) -> bool:
    """Whether some name may be the text of an address."""
    return bool(pc.any(pc.match_substring_regex(words, "^[0-9a-f]*[.:][0-9a-f.:]*$")).as_py())


def _addresses(hi: U64, lo: U64) -> tuple[I32, U64, U64]:
    """The distinct addresses, and which of them each is."""
    low, lows = distinct(lo)
    if (hi == hi[0]).all():
        return low, np.full(len(lows), hi[0]), lows
    high, highs = distinct(hi)
    of, pairs = distinct(high.astype(np.int64) << 32 | low)
    return of, highs[pairs >> 32], lows[pairs & 0xFFFFFFFF]


def _nothing(count: int) -> Texts:
    return Texts(np.full(count, -1, np.int32), NO_TEXTS)
