"""Rows: what a resource belongs to, over all time: one column for each kind, as the resource's references say."""

from collections.abc import Iterator
from typing import Final

from tagweave.derive.estate import Estate, spread
from tagweave.derive.machines import Machines, Row
from tagweave.derive.references import BY_NAME, upward
from tagweave.derive.timeline import Stretch, Timeline, always, cut, joined, pieces
from tagweave.derive.timeline import at as value_at
from tagweave.model import NetworkInterface, Node, Resource, Workload

_SETS: Final = frozenset({"service", "ingress", "security_group"})
_NO_COLUMN: Final = frozenset({"cen", "peering_connection"})
_NOWHERE: Final = 1 << 30


class Rows:
    """Derived from an estate; what was derived is remembered until it is forgotten."""

    def __init__(self, estate: Estate, machines: Machines) -> None:
        self._estate = estate
        self._machines = machines
        self._rows: dict[int, Timeline[Row]] = {}
        self._named: dict[tuple[str, str, str], Timeline[Row]] = {}
        self._climbing: list[int] = []
        self._back_to = _NOWHERE

    def of(self, rid: int) -> Timeline[Row]:
        """What a resource belongs to, over all time; a stranger belongs to nothing but itself.

        A circle of owners is left where it would come back.
        """
        known = self._rows.get(rid)
        if known is not None:
            return known
        history = self._estate.history.get(rid)
        if history is None:
            kind = self._estate.identity(rid)[1]
            return always({kind: rid, "workloads": (rid,)} if kind == "workload" else {kind: rid})
        if rid in self._climbing:
            self._back_to = min(self._back_to, self._climbing.index(rid))
            return always({})
        depth = len(self._climbing)
        self._climbing.append(rid)
        known = joined(row for start, end, v in spread(history) for row in self._during(rid, v.resource, start, end))
        self._climbing.pop()
        if self._back_to >= depth:  # else it was cut short by a circle that begins further down
            self._back_to = _NOWHERE
            self._rows[rid] = known
        return known

    def of_pod(self, rid: int, pod: Resource, start: int, end: int) -> Iterator[Stretch[Row]]:
        """What one version of a pod belongs to during [start, end); not remembered, since nothing refers to a pod."""
        return self._during(rid, pod, start, end)

    def forget(self, rid: int) -> Timeline[Row] | None:
        """Drop the rows of a resource, to be derived anew; what they were, None where they never were derived."""
        self._named.clear()
        return self._rows.pop(rid, None)

    def _during(self, rid: int, resource: Resource, start: int, end: int) -> Iterator[Stretch[Row]]:
        above = list(self._above(rid, resource))
        for since, until in pieces(above, start, end):
            row: Row = {}
            for timeline in above:
                row.update(timeline[0].value if len(timeline) == 1 else value_at(timeline, since))
            self._add_itself(resource, rid, row)
            yield Stretch(since, until, row)

    def _above(self, rid: int, resource: Resource) -> Iterator[Timeline[Row]]:
        """The rows of what a resource refers to upward, in the order in which the later one wins."""
        for reference in upward(resource):
            yield self._referred(*reference)
        if isinstance(resource, Node):
            yield self._composed(self._machines.vm_of(resource))
        elif resource.kind == "cluster":
            homes = self._machines.runs(rid)
            yield self._composed([Stretch(s.start, s.end, s.value.home) for s in homes])

    def _referred(self, source: str, kind: str, value: str) -> Timeline[Row]:
        if kind not in BY_NAME:
            return self.of(self._estate.refer(source, kind, value))
        key = (source, kind, value)
        known = self._named.get(key)
        if known is None:
            known = self._named[key] = self._composed(self._estate.holders(source, kind, value))
        return known

    def _composed(self, resources: Timeline[int]) -> Timeline[Row]:
        """The rows of what is one resource after another; 0 belongs to nothing."""
        if len(resources) == 1:
            return self.of(resources[0].value) if resources[0].value else always({})
        return joined(
            row
            for start, end, rid in resources
            for row in (cut(self.of(rid), start, end) if rid else [Stretch(start, end, {})])
        )

    def _add_itself(self, resource: Resource, rid: int, row: Row) -> None:
        kind = resource.kind
        if kind == "pod":
            row["pod"] = rid
        elif kind == "workload":
            self._chain(resource, rid, row)
        elif kind not in _NO_COLUMN:
            row[kind] = (rid,) if kind in _SETS else rid
        if isinstance(resource, NetworkInterface) and resource.security_groups:
            row["security_group"] = self._estate.groups(resource.source, resource.security_groups)

    def _chain(self, resource: Resource, rid: int, row: Row) -> None:
        """A workload's owner is the top; the chain keeps every workload below it, nearest first."""
        assert isinstance(resource, Workload)
        top = row.get("workload", 0) if resource.owner else 0
        above = row.get("workloads", (top,) if top else ())
        if rid in above:
            above = above[: above.index(rid)]
        row["workloads"] = (rid, *above)
        row["workload"] = above[-1] if above else rid
