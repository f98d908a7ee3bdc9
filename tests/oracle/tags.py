"""What the tags of an answer say, in the otel vocabulary: section 10 of docs/laws.md and the table of TAGS.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from tagweave.model import Container, Pod
from tagweave.model.times import rfc3339, to_ns

from .facts import KUBERNETES, Facts, Ident
from .networks import routed
from .rows import Row

Tags = dict[str, tuple[str, ...]]

MACHINES: Final = ("vm", "nat_gateway", "load_balancer", "rds", "redis", "host")
PLACES: Final = frozenset({"region", "az", "vpc", "subnet"})

WORDS: Final = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "job": "Job",
    "cronjob": "CronJob",
    "replicationcontroller": "ReplicationController",
    "cafedeployment": "CafeDeployment",
    "cloneset": "CloneSet",
}
ID_AND_NAME: Final = {  # column: the tags' common beginning, of `.id` and `.name`
    "vpc": "cloud.vpc",
    "subnet": "cloud.subnet",
    "router": "cloud.router",
    "security_group": "cloud.security_group",
    "nat_gateway": "cloud.nat_gateway",
    "load_balancer": "cloud.load_balancer",
    "peering_connection": "cloud.peering_connection",
    "cen": "cloud.cen",
    "rds": "cloud.rds",
    "redis": "cloud.redis",
    "vm": "host",
    "host": "cloud.host",
}
UID_AND_NAME: Final = {
    "node": "k8s.node",
    "replica_set": "k8s.replicaset",
    "pod": "k8s.pod",
    "service": "k8s.service",
    "ingress": "k8s.ingress",
}
LABELS: Final = {
    "pod": "k8s.pod.label.",
    "namespace": "k8s.namespace.label.",
    "node": "k8s.node.label.",
    "service": "k8s.service.label.",
    "workload": "k8s.workload.label.",
    "replica_set": "k8s.replicaset.label.",
    "ingress": "k8s.ingress.label.",
}


class Matched(NamedTuple):
    """What was found: who, by which rule, and the row that the laws made of it."""

    owner: Ident
    rule: str
    row: Row
    picked: frozenset[Ident] = frozenset()
    container: Container | None = None


def itself(key: str, kind: str = "") -> Tags:
    """What an address is itself, where nothing else is known."""
    kind = kind or ("internet" if routed(key) else "ip")
    return {
        f"tagweave.{of}.{part}": (value,)
        for of in ("instance", "service")
        for part, value in (("type", kind), ("id", key), ("name", key))
    }


class Reader:
    """Reads tags off a row, as of a time."""

    def __init__(
        self, facts: Facts, accounts: Mapping[str, tuple[str, str]], groups: Mapping[str, Sequence[str]]
    ) -> None:
        self.facts = facts
        self.accounts = accounts
        self.groups = groups

    def read(self, found: Matched, key: str, t: int, match: Tags) -> Tags:
        """The tags of a match; those of `match` are there already. `key` is the address or the name that was asked."""
        tags = dict(match)
        self._columns(tags, found.row, t)
        self._workloads(tags, found.row, t)
        self._put(tags, "k8s.container.name", [found.container.name] if found.container else [])
        self._put(tags, "container.id", [found.container.id] if found.container else [])
        self._labels(tags, found, t)
        self._provider(tags, found, t)
        alone = ("ip", key, key) if found.rule == "prefix" else ("", "", "")
        it = None if found.rule == "prefix" else self._what(found)
        instance = self._told(it, t) if it else alone
        self._three(tags, "instance", instance)
        for name, asked in self.groups.items():
            first = next((tags[tag] for tag in asked if tag in tags), ())
            self._put(tags, f"tagweave.group.{name}", first)
        self._three(tags, "service", self._service(tags, found.row, t) or instance)
        return tags

    def _put(self, tags: Tags, tag: str, values: Iterable[str]) -> None:
        """A value that is empty is none, and equal ones are one."""
        if kept := tuple(dict.fromkeys(filter(None, values))):
            tags[tag] = kept

    def those(self, row: Row, column: str) -> list[Ident]:
        """The resources in a column, in the order of their resource ids; strangers last."""
        value = row.get(column, ())
        if isinstance(value, Ident):
            return [value]
        if isinstance(value, frozenset):
            return sorted(value, key=lambda it: (self.facts.rid.get(it, 2**31), it))
        return list(value)

    def name(self, it: Ident, t: int) -> str:
        resource = self.facts.resource(it, t)
        return resource.name if resource else it.name

    def name_or_id(self, it: Ident, t: int) -> str:
        return self.name(it, t) or it.id

    # ---- what single resources say

    def _columns(self, tags: Tags, row: Row, t: int) -> None:
        for column, tag in (("region", "cloud.region"), ("az", "cloud.availability_zone")):
            self._put(tags, tag, [it.id for it in self.those(row, column)])
        for table, word in ((ID_AND_NAME, "id"), (UID_AND_NAME, "uid")):
            for column, tag in table.items():
                them = self.those(row, column)
                self._put(tags, f"{tag}.{word}", [it.id for it in them])
                self._put(tags, f"{tag}.name", [self.name(it, t) for it in them])
        self._put(tags, "host.type", [self._field(it, "instance_type", t) for it in self.those(row, "vm")])
        clusters = self.those(row, "cluster")
        self._put(tags, "k8s.cluster.uid", [it.id for it in clusters])
        self._put(tags, "k8s.cluster.name", [self.name_or_id(it, t) for it in clusters])
        self._put(tags, "k8s.namespace.name", [self.name(it, t) for it in self.those(row, "namespace")])
        for it in self.those(row, "pod"):
            pod = self.facts.resource(it, t)
            if isinstance(pod, Pod):
                self._put(tags, "k8s.pod.ip", pod.ips[:1])
                started = pod.started_at and rfc3339(to_ns(pod.started_at))
                self._put(tags, "k8s.pod.start_time", [started or ""])

    def _field(self, it: Ident, field: str, t: int) -> str:
        resource = self.facts.resource(it, t)
        return getattr(resource, field) if resource else ""

    def _workloads(self, tags: Tags, row: Row, t: int) -> None:
        for top in self.those(row, "workload"):
            self._put(tags, "k8s.workload.kind", [self._field(top, "type", t)])
            self._put(tags, "k8s.workload.name", [self.name(top, t)])
        for word, kind in WORDS.items():
            nearest = self._nearest(row, kind, t)
            self._put(tags, f"k8s.{word}.name", [self.name(it, t) for it in nearest])
            self._put(tags, f"k8s.{word}.uid", [it.id for it in nearest])

    def _nearest(self, row: Row, kind: str, t: int) -> list[Ident]:
        return [it for it in self.those(row, "workloads") if self._field(it, "type", t) == kind][:1]

    # ---- labels and cloud tags

    def _labels(self, tags: Tags, found: Matched, t: int) -> None:
        of = [(prefix, self.those(found.row, column)) for column, prefix in LABELS.items()]
        of += [(f"k8s.{word}.label.", self._nearest(found.row, kind, t)) for word, kind in WORDS.items()]
        machine = self._machine(found)
        cloud = machine or (None if found.owner.kind in KUBERNETES else found.owner)
        of.append(("cloud.tag.", [cloud] if cloud else []))
        for prefix, them in of:
            labels = [r.labels for it in them if (r := self.facts.resource(it, t))]
            for label in {label for one in labels for label in one}:
                self._put(tags, prefix + label, [one.get(label, "") for one in labels])

    # ---- whose it is

    def _provider(self, tags: Tags, found: Matched, t: int) -> None:
        asked = [found.owner, *(it for c in ("vm", "vpc", "region") for it in self.those(found.row, c))]
        known = [it for it in asked if it.source in self.accounts]
        providers = [self.accounts[it.source][0] for it in known]
        self._put(tags, "cloud.provider", [p for p in providers if p][:1])
        self._put(tags, "cloud.account.id", [a for it in known if (a := self._account(it, t))][:1])

    def _account(self, it: Ident, t: int) -> str:
        one = self.accounts[it.source][1]
        version = self.facts.was(it, t)
        if one or version is None or it.kind in {"region", "az"}:
            return one
        return version.part.partition("/")[0]

    # ---- instance and service

    def _machine(self, found: Matched) -> Ident | None:
        """The machine that an end is or runs on."""
        if found.owner.kind in MACHINES:
            return found.owner
        return next((it for column in MACHINES for it in self.those(found.row, column)), None)

    def _three(self, tags: Tags, of: str, values: tuple[str, str, str]) -> None:
        for part, value in zip(("type", "id", "name"), values, strict=True):
            self._put(tags, f"tagweave.{of}.{part}", [value])

    def _service(self, tags: Tags, row: Row, t: int) -> tuple[str, str, str] | None:
        """What is called the service of an end: a group's, the one service, the workload, the cluster."""
        if custom := tags.get("tagweave.group.service"):
            return "custom", ",".join(custom), ",".join(custom)
        services = self.those(row, "service")
        for them in (services if len(services) == 1 else [], self.those(row, "workload"), self.those(row, "cluster")):
            if them:
                return self._told(them[0], t)
        return None

    def _what(self, found: Matched) -> Ident | None:
        """The instance of a match that is no prefix; a place is none."""
        for column in ("pod", "node"):
            if them := self.those(found.row, column):
                return them[0]
        if machine := self._machine(found):
            return machine
        if found.owner.kind in {"service", "ingress"} and len(found.picked) == 1:
            return next(iter(found.picked))
        return None if found.owner.kind in PLACES else found.owner

    def _told(self, it: Ident, t: int) -> tuple[str, str, str]:
        kind = it.kind
        if kind == "workload":
            kind = self._field(it, "type", t) or kind
        return kind, it.id, self.name_or_id(it, t)
