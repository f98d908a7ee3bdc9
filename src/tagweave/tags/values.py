"""The value of a tag for a row of a tagset at a time.

A tag of one resource has at most one value, one of a set (services, security groups) one for each member, in
the set's order. Names and labels are as of the time asked; `moments` tells when they changed.
"""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tagweave.model import KINDS, Resource, Workload
from tagweave.model.addresses import unpack
from tagweave.model.times import BEGINNING, FOREVER
from tagweave.tags.claims import RULE_WORDS, keys_of
from tagweave.tags.index import TagIndex
from tagweave.tags.names import (
    CUSTOM_SERVICE,
    GROUP_PREFIX,
    INSTANCE_TYPES,
    INTERNET_TYPE,
    IP_TYPE,
    WORKLOAD_TYPE,
    WORKLOAD_TYPES,
    Reading,
    all_tags,
    home_of,
    label_columns,
    label_tags,
    reading,
)
from tagweave.tags.networks import is_public
from tagweave.tags.tagsets import SINGLE, Row

Values = tuple[str, ...]

_ONE: Final = frozenset({*SINGLE, "owner", "cloud"})
_PREFIX: Final = RULE_WORDS.index("prefix")
_NOT_AN_INSTANCE: Final = frozenset({"subnet", "vpc", "region", "az"})
_ADDRESS_KINDS: Final = frozenset({"network_interface", "public_ip"})
_MACHINES: Final = ("vm", "load_balancer", "nat_gateway", "rds", "redis")
"""What an interface or a public address may be attached to, and what a cluster's resource may run on or behind."""
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
TYPE_OF: Final = {
    **dict.fromkeys(INSTANCE_WORDS, "tagweave.instance.type"),
    **dict.fromkeys(SERVICE_WORDS, "tagweave.service.type"),
}
"""The tag that is set if and only if there is such a subject at all."""


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
        for column in label_columns(self._names):
            for rid in self._members(row, column):
                for tag in label_tags(self._names, column, self._graph.as_of(rid, at)):
                    self._put(tags, tag, self.read(tag, row, at))
        return tags

    @staticmethod
    def _put(tags: dict[str, str | list[str]], tag: str, values: Values) -> None:
        if len(values) == 1:
            tags.setdefault(tag, values[0])
        elif values:
            tags.setdefault(tag, list(values))

    def bare(self, row: Row, at: int, address: int) -> dict[str, str]:
        """What an address is itself, as far as there is no instance or service that it is of."""
        subject = address_subject(address)
        out: dict[str, str] = {}
        for words, found in ((INSTANCE_WORDS, self.instance(row, at)), (SERVICE_WORDS, self.service(row, at))):
            if found is None:
                tags = set(words).intersection(all_tags(self._names))
                out |= {tag: str(getattr(subject, words[tag])) for tag in tags}
        return out

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
        value = self._cloud(row) if column == "cloud" else row.get(column, 0)
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
        rid = row.get("pod") or row.get("node") or self._resource(row)
        return self._subject(rid, at) if rid else None

    def service(self, row: Row, at: int) -> Subject | None:
        """auto_service: the custom service, else the service, the workload, the cluster, the cloud resource."""
        custom = self.group("service", row, at)
        if custom:
            return Subject("custom", CUSTOM_SERVICE, custom[0], custom[0])
        services = self._members(row, "service")
        if len(services) == 1:
            return self._subject(services[0], at)
        rid = row.get("workload") or row.get("cluster") or (self._resource(row) if row.get("rule") != _PREFIX else 0)
        return self._subject(rid, at) if rid else None

    def _resource(self, row: Row) -> int:
        """Whose address it is: its owner, or what that is attached to where the owner is no more than an address."""
        owner = row.get("owner", 0)
        if owner and self._graph.identity(owner)[1] in _ADDRESS_KINDS:
            return self._machine(row) or owner
        return owner

    def _cloud(self, row: Row) -> int:
        """The cloud resource that an end is or runs on."""
        owner = row.get("owner", 0)
        of_cluster = owner and KINDS[self._graph.identity(owner)[1]].family == "kubernetes"
        return self._machine(row) if of_cluster else self._resource(row)

    @staticmethod
    def _machine(row: Row) -> int:
        return next((row[column] for column in _MACHINES if row.get(column)), 0)

    def _subject(self, rid: int, at: int) -> Subject | None:
        resource = self._graph.as_of(rid, at)
        kind = self._graph.identity(rid)[1]
        if kind in _NOT_AN_INSTANCE:
            return None
        if isinstance(resource, Workload):
            code = WORKLOAD_TYPES.get(resource.type, WORKLOAD_TYPE)
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
        starts, seen = self.sightings(row)
        return max(0, (at - seen[max(0, bisect_right(starts, at) - 1)]) // 1_000_000_000)

    def sightings(self, row: Row) -> tuple[list[int], list[int]]:
        """Ascending times, and when the owner of a row was last observed to be as it was from each on, in ns.

        It was as long as its addresses were the same.
        """
        versions = self._graph.history.get(row.get("owner", 0))
        if not versions:
            return [BEGINNING], [FOREVER]
        seen = [self._graph.seen_until(version) for version in versions]
        for i in reversed(range(len(versions) - 1)):
            one, other = versions[i], versions[i + 1]
            if one.valid_to == other.valid_from and set(keys_of([one])) == set(keys_of([other])):
                seen[i] = seen[i + 1]
        return [version.valid_from for version in versions], seen

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
