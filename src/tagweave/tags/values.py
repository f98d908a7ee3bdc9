"""The value of a tag for a row of a tagset at a time.

A tag of one resource has at most one value, one of a set (services, security groups) one for each member, in
the set's order. Names and labels are as of the time asked; `moments` tells when they changed.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tagweave.model import Resource, Workload
from tagweave.model.addresses import unpack
from tagweave.model.times import FOREVER
from tagweave.tags.claims import RULE_WORDS
from tagweave.tags.index import TagIndex
from tagweave.tags.names import (
    CUSTOM_SERVICE,
    GROUP_PREFIX,
    INSTANCE_TYPES,
    INTERNET_TYPE,
    IP_TYPE,
    WORKLOAD_TYPES,
    Reading,
    all_tags,
    home_of,
    label_tags,
    reading,
)
from tagweave.tags.networks import is_public
from tagweave.tags.tagsets import SINGLE, Row

Values = tuple[str, ...]

_ONE: Final = frozenset({*SINGLE, "owner"})
_PREFIX: Final = RULE_WORDS.index("prefix")
_NOT_AN_INSTANCE: Final = frozenset({"subnet", "vpc", "region", "az"})
_PROVIDER_COLUMNS: Final = ("vm", "vpc", "region", "owner")

INSTANCE_WORDS: Final = {
    "tagweave.instance.type": "type",
    "tagweave.instance.id": "id",
    "tagweave.instance.name": "name",
    "auto_instance": "name",
    "auto_instance_type": "code",
}
SERVICE_WORDS: Final = {
    "tagweave.service.type": "type",
    "tagweave.service.id": "id",
    "tagweave.service.name": "name",
    "auto_service": "name",
    "auto_service_type": "code",
}


class Subject(NamedTuple):
    """What auto_instance or auto_service says an end is."""

    type: str
    code: int
    id: str
    name: str


class Reader:
    """Reads the tags of one vocabulary from rows of an index."""

    def __init__(self, index: TagIndex, names: str) -> None:
        self._index = index
        self._graph = index.graph
        self._names = names

    def read(self, tag: str, row: Row, at: int) -> Values:
        """The values of a tag; empty where it is not set."""
        if tag in INSTANCE_WORDS or tag in SERVICE_WORDS:
            word = INSTANCE_WORDS.get(tag) or SERVICE_WORDS[tag]
            subject = self.instance(row, at) if tag in INSTANCE_WORDS else self.service(row, at)
            return _part(subject, word)
        if tag.startswith(GROUP_PREFIX):
            return self.group(tag.removeprefix(GROUP_PREFIX), row, at)
        match tag:
            case "tagweave.match":
                return _set(RULE_WORDS[row.get("rule", 0)])
            case "tagweave.match.disputed":
                return (str(bool(row.get("disputed"))).lower(),) if row.get("rule") else ()
            case "tagweave.match.age":
                return (str(self.age(row, at)),) if row.get("owner") else ()
            case "cloud.provider" | "cloud.account.id":
                return self._account(row, 0 if tag == "cloud.provider" else 1)
        found = reading(self._names, tag)
        assert found is not None
        return self._property(found, row, at)

    def all(self, row: Row, at: int) -> dict[str, str | list[str]]:
        """Every tag that is set, labels too: one value as text, several as a list."""
        tags: dict[str, str | list[str]] = {}
        for tag in (*all_tags(self._names), *(f"{GROUP_PREFIX}{name}" for name in self._index.groups)):
            self._put(tags, tag, self.read(tag, row, at))
        for column in ("pod", "namespace", "node", "service", "workload", "owner"):
            for rid in self._members(row, column):
                for tag, value in label_tags(self._names, column, self._graph.as_of(rid, at)).items():
                    self._put(tags, tag, (value,))
        for rid in self._members(row, "workloads"):
            workload = self._graph.as_of(rid, at)
            prefix = f"k8s.{getattr(workload, 'type', '').lower()}.label."
            for tag, value in label_tags(self._names, "workloads", workload).items():
                if tag.startswith(prefix):
                    self._put(tags, tag, (value,))
        return tags

    @staticmethod
    def _put(tags: dict[str, str | list[str]], tag: str, values: Values) -> None:
        if len(values) == 1:
            tags.setdefault(tag, values[0])
        elif values:
            tags.setdefault(tag, list(values))

    def moments(self, tag: str, row: Row) -> list[int]:
        """The times at which the value of a tag changed for a row, ascending."""
        out: set[int] = set()
        for rid, of in self._read_from(tag, row):
            versions = self._graph.history.get(rid, ())
            for before, after in itertools.pairwise(versions):
                if of(before.resource) != of(after.resource):
                    out.add(after.valid_from)
        return sorted(out)

    def _read_from(self, tag: str, row: Row) -> Iterator[tuple[int, Callable[[Resource], object]]]:
        if tag.startswith(GROUP_PREFIX):
            for one in self._index.groups.get(tag.removeprefix(GROUP_PREFIX), ()):
                yield from self._reader_of(one)._read_from(one, row)
            return
        if tag in INSTANCE_WORDS or tag in SERVICE_WORDS:
            if tag in SERVICE_WORDS and "service" in self._index.groups:
                yield from self._read_from(f"{GROUP_PREFIX}service", row)
            columns = ("pod", "node", "owner", "service", "workload", "cluster")
            yield from ((rid, _shown) for c in columns for rid in self._members(row, c))
            return
        found = reading(self._names, tag)
        if found is not None:
            yield from ((rid, found.of) for rid in self._members(row, found.column))

    def _members(self, row: Row, column: str) -> tuple[int, ...]:
        value = row.get(column, 0)
        if not value:
            return ()
        return (value,) if column in _ONE else self._index.tagsets.members[value]

    # ---- the tags that more than one column decides

    def instance(self, row: Row, at: int) -> Subject | None:
        """auto_instance: the pod, else the node, else the cloud resource; None leaves the address.

        What lies in a range is not the one whose range it is.
        """
        if row.get("rule") == _PREFIX:
            return None
        for column in ("pod", "node", "owner"):
            rid = row.get(column, 0)
            if rid:
                return self._subject(rid, at)
        return None

    def service(self, row: Row, at: int) -> Subject | None:
        """auto_service: the custom service, else the service, the workload, the cluster, the cloud resource."""
        custom = self.group("service", row, at)
        if custom:
            return Subject("custom", CUSTOM_SERVICE, custom[0], custom[0])
        services = self._members(row, "service")
        if len(services) == 1:
            return self._subject(services[0], at)
        by_range = row.get("rule") == _PREFIX
        for column in ("workload", "cluster") if by_range else ("workload", "cluster", "owner"):
            rid = row.get(column, 0)
            if rid:
                return self._subject(rid, at)
        return None

    def _subject(self, rid: int, at: int) -> Subject | None:
        resource = self._graph.as_of(rid, at)
        kind = self._graph.identity(rid)[1]
        if kind in _NOT_AN_INSTANCE:
            return None
        if isinstance(resource, Workload):
            code = WORKLOAD_TYPES.get(resource.type, 0)
            return Subject(resource.type, code, resource.id, _name_or_id(resource))
        return Subject(kind, INSTANCE_TYPES.get(kind, IP_TYPE), resource.id, _name_or_id(resource))

    def group(self, name: str, row: Row, at: int) -> Values:
        """A custom group: the first of its tags that is set, of whatever vocabulary."""
        for tag in self._index.groups.get(name, ()):
            found = self._reader_of(tag).read(tag, row, at)
            if found:
                return found
        return ()

    def _reader_of(self, tag: str) -> "Reader":
        names = home_of(tag, self._names) or self._names
        return self if names == self._names else Reader(self._index, names)

    def age(self, row: Row, at: int) -> int:
        """Seconds from the last observation that confirms the match to the time asked; 0 if it came later."""
        return max(0, (at - self.last_seen(row)) // 1_000_000_000)

    def last_seen(self, row: Row) -> int:
        """When the owner of a row was last observed, in ns."""
        versions = self._graph.history.get(row.get("owner", 0))
        return self._graph.seen_until(versions[-1]) if versions else FOREVER

    def _account(self, row: Row, part: int) -> Values:
        for column in _PROVIDER_COLUMNS:
            rid = row.get(column, 0)
            known = self._index.accounts.get(self._graph.identity(rid)[0]) if rid else None
            if known is not None:
                return _set(known[part] or (self._listed_account(rid) if part else ""))
        return ()

    def _listed_account(self, rid: int) -> str:
        """The account that a resource was listed in, where a source reads several: parts of scopes begin with it."""
        versions = self._graph.history.get(rid)
        return versions[-1].part.partition("/")[0] if versions else ""

    def _property(self, found: Reading, row: Row, at: int) -> Values:
        out = []
        for rid in self._members(row, found.column):
            resource = self._graph.as_of(rid, at)
            if found.workload_type and getattr(resource, "type", "") != found.workload_type:
                continue
            value = found.of(resource)
            if value:
                out.append(value)
                if found.workload_type:
                    break
        return tuple(out)


def address_subject(address: int) -> Subject:
    """What an end is that nothing but its address is known of."""
    text = unpack(address)
    if is_public(address):
        return Subject("internet", INTERNET_TYPE, text, text)
    return Subject("ip", IP_TYPE, text, text)


def _name_or_id(resource: Resource) -> str:
    return resource.name or resource.id


def _shown(resource: Resource) -> tuple[str, str]:
    """What a subject shows of its resource."""
    return getattr(resource, "type", ""), _name_or_id(resource)


def _part(subject: Subject | None, word: str) -> Values:
    return () if subject is None else _set(str(getattr(subject, word)))


def _set(value: str) -> Values:
    return (value,) if value else ()
