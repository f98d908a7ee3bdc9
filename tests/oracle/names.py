"""Who a name means: section 7 of docs/laws.md."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from tagweave.inventory import Version
from tagweave.model import Container, Resource
from tagweave.model.times import FOREVER

from .facts import Facts, Ident
from .rows import Rows, family

RULES: Final = ("pod_uid", "pod_name", "container_id", "vm_id", "host_name", "mac", "interface_id", "id")
FOR_EVER: Final = frozenset({"pod_uid", "container_id"})
IN_A_NAMESPACE: Final = frozenset({"workload", "replica_set", "service", "ingress"})


class Name(NamedTuple):
    """One unbroken time in which a resource had a name in a network; `group` is of which no two can have it at once.

    `last` is the last moment at which it had the name: law 7.2 lets some go on.
    """

    owner: Ident
    start: int
    end: int
    seen: int
    group: tuple[str, ...]
    last: int

    def unsure(self, t: int) -> bool:
        return self.end != FOREVER and t >= self.seen


def as_mac(text: str) -> str:
    return text.lower().replace("-", ":")


class Names:
    """The names of an estate."""

    def __init__(self, facts: Facts, rows: Rows) -> None:
        self.facts = facts
        self.rows = rows
        self.bearers: dict[tuple[str, str], list[Ident]] = defaultdict(list)
        for it, versions in facts.versions.items():
            for version in versions:
                for t in [m for m in facts.moments if version.valid_from <= m < version.valid_to]:
                    for rule, key in set(self._keys(it, version.resource, t)):
                        if it not in self.bearers[rule, key]:
                            self.bearers[rule, key].append(it)
        self.of = cache(self._of)
        self.holders = cache(self._holders)

    # ---- the table

    def _keys(self, it: Ident, r: Resource, t: int) -> Iterator[tuple[str, str]]:
        """The rules and names by which a resource is known, as of `t`."""
        for rule, keys in self._table(it, r, t).items():
            yield from ((rule, key) for key in keys if key)

    def _table(self, it: Ident, r: Resource, t: int) -> dict[str, set[str]]:
        match it.kind:
            case "pod":
                full = f"{r.namespace}/{r.name}"
                names = {full, *(f"{cluster}/{full}" for cluster in self._clusters(it, r.cluster, t))}
                return {"pod_uid": {it.id}, "pod_name": names, "container_id": {c.id for c in r.containers}}
            case "vm":
                macs = {as_mac(i.mac) for i in r.interfaces}
                return {
                    "vm_id": {it.id},
                    "host_name": {r.name},
                    "mac": macs,
                    "interface_id": {i.id for i in r.interfaces},
                }
            case "network_interface":
                return {"mac": {as_mac(r.mac)}, "interface_id": {it.id}}
            case "node":
                names = {f"{cluster}/{r.name}" for cluster in self._clusters(it, r.cluster, t) if r.name}
                return {"host_name": {r.name, r.hostname}, "id": {it.id, *names}}
            case kind if kind in IN_A_NAMESPACE:
                return {"id": {it.id, f"{r.namespace}/{r.name}"}}
        return {"id": {it.id}}

    def _clusters(self, it: Ident, native: str, t: int) -> set[str]:
        """What the cluster of something is called: its id, its name at `t`, its source."""
        cluster = self.facts.resource(Ident(it.source, "cluster", native), t)
        return {native, cluster.name if cluster else "", it.source} - {""}

    # ---- from when to when

    def _of(self, rule: str, key: str) -> list[Name]:
        """Every time in which something had a name; before others end it."""
        return [name for it in self.bearers.get((rule, key), ()) for name in self._spans(it, rule, key)]

    def _spans(self, it: Ident, rule: str, key: str) -> Iterator[Name]:
        """Every time in which something had a name, in one network."""
        begun: int | None = None
        last: Version | None = None
        found: list[Name] = []
        for t in [*self.facts.moments, FOREVER]:
            version = self.facts.holding(it, t) if t != FOREVER else None
            had = version is not None and (rule, key) in set(self._keys(it, version.resource, t))
            if begun is not None and not had:
                assert last is not None
                found += self._in_networks(it, begun, t, min(last.seen_until, t), last.resource)
                begun = None
            if had:
                begun = t if begun is None else begun
                last = version
        if rule not in FOR_EVER:
            yield from found
            return
        for i, one in enumerate(found):  # law 7.2: never used again
            yield one._replace(end=found[i + 1].start if i + 1 < len(found) else FOREVER)

    def _in_networks(self, it: Ident, start: int, end: int, seen: int, resource: Resource) -> Iterator[Name]:
        """A time in which something had a name, network by network."""
        every = [m for m in self.facts.moments if start <= m < end]
        cuts = [m for before, m in pairwise(every) if self.network(it, m) != self.network(it, before)]
        for since, until in zip([start, *cuts], [*cuts, end], strict=True):
            group = (*self._group(it, resource), str(self.network(it, since)))
            last = max(m for m in self.facts.moments if m < until)
            yield Name(it, since, until, seen if until == end else min(seen, until), group, last)

    def network(self, it: Ident, t: int) -> Ident:
        """Law 7.4: in which network the names of something lie."""
        row = self.rows.row(it, t)
        cluster = row.get("cluster") if family(it) != "cloud" else None
        return cluster or row.get("vpc") or Ident(it.source, "vpc", it.source)

    def _group(self, it: Ident, r: Resource) -> tuple[str, ...]:
        if family(it) == "cloud":
            return ("cloud", it.source, it.kind)
        parts = (getattr(r, "cluster", ""), getattr(r, "namespace", ""))
        return ("kubernetes", it.source, it.kind, *parts, getattr(r, "type", "") if it.kind != "service" else "")

    # ---- law 7.1

    def _holders(self, rule: str, key: str, t: int) -> list[Name]:
        """What a name means at `t`, everywhere."""
        every = self.of(rule, key)
        live = [one for one in every if one.start <= t < self._ended(one, every)]
        kept = []
        for one in live:
            rivals = [other for other in live if other.group == one.group]
            best = min(rivals, key=lambda o: (o.unsure(t), -o.start, -self.facts.rid[o.owner]))
            if one == best or not (one.unsure(t) or best.unsure(t)):
                kept.append(one)
        if rule == "host_name":  # law 7.3: a node and the VM that it runs on are one machine
            machines = {self.rows.vm_of(one.owner, t) for one in kept if one.owner.kind == "node"}
            kept = [one for one in kept if one.owner not in machines]
        vms = {one.group[-1] for one in kept if one.owner.kind == "vm"}  # law 7.3: an interface of a VM is that VM
        return [one for one in kept if one.owner.kind != "network_interface" or one.group[-1] not in vms]

    def told(self, rule: str, key: str, t: int) -> set[Name]:
        """What a name means at `t`: in each network one, by law 9.7, whom an interval or a history tells."""
        best: dict[tuple[str, str], Name] = {}
        for one in sorted(
            self.holders(rule, key, t), key=lambda o: (o.unsure(t), -o.start, -self.facts.rid[o.owner])
        ):  # kinds have their own ids
            best.setdefault((one.group[-1], one.owner.kind if rule == "id" else ""), one)
        return {*best.values()}

    def _ended(self, one: Name, every: list[Name]) -> int:
        others = [other for other in every if other.group == one.group and other.owner != one.owner]
        if one.group[0] == "kubernetes":
            began = (one.start, self.facts.rid[one.owner])
            later = [o.start for o in others if began < (o.start, self.facts.rid[o.owner]) and o.start < one.end]
            return min(later, default=one.end)
        later = [o.start for o in others if o.start > one.start]
        if one.end == FOREVER:
            return min((start for start in later if start > one.seen), default=FOREVER)
        return min((start for start in later if one.seen <= start < one.end), default=one.end)

    def container(self, pod: Ident, native: str, t: int) -> Container | None:
        """A container of a pod as it was at `t`, else when the pod had it last before, else first."""
        having = [v for v in self.facts.versions[pod] if any(c.id == native for c in v.resource.containers)]
        before = [v for v in having if v.valid_from <= t]
        version = before[-1] if before else having[0] if having else None
        return next((c for c in version.resource.containers if c.id == native), None) if version else None
