"""What really happened in the sample estate: every pod that lived, on which address, from when to when.

Two clusters with the same pod and service ranges churn for two hours: deployments roll out, cron jobs run,
addresses are given out again 30 to 300 s after they were released. Pods that are deleted drain for their grace
period of 300 s and use all of it, so that the deletionTimestamp in a dump is when they are gone; pods of jobs
stay for 15 minutes after they finished, with their address still in their status. Dumps are taken every 4
minutes, so each pod is in one at least, and what the dumps say suffices to know who held an address when.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

START: Final = 1_780_000_000  # 2026-05-28T20:26:40Z, in seconds
LENGTH: Final = 7200
DUMP_EVERY: Final = 240
GRACE: Final = 300
KEPT_AFTER_JOB: Final = 900
NODES: Final = 20
NAMESPACES: Final = ("shop", "checkout", "search", "payments", "platform")
_ADDRESSES_A_NODE: Final = 42
_DEPLOYMENTS: Final = 25
_REPLICAS: Final = 8
_STATEFUL: Final = ("catalog-db", "session-cache", "events")
_CRON: Final = ("report", "cleanup", "export")
_BEFORE: Final = 3 * 3600


@dataclass
class Workload:
    """A workload that runs pods; `revision` counts its rollouts."""

    kind: str
    namespace: str
    name: str
    uid: str
    revision: int = 1
    renamed: bool = False


@dataclass
class Pod:
    """A pod that lived; times in seconds since the epoch. `released` is when its address was free again."""

    uid: str
    name: str
    workload: Workload
    owner_kind: str
    owner_name: str
    owner_uid: str
    node: int
    ip: str
    ip6: str
    start: int
    deleted: int | None = None
    finished: int | None = None
    host_network: bool = False

    @property
    def released(self) -> int | None:
        """When it no longer held its address."""
        return self.finished if self.finished is not None else self.deleted

    @property
    def gone(self) -> int | None:
        """When the API server no longer knew it."""
        return self.finished + KEPT_AFTER_JOB if self.finished is not None else self.deleted


@dataclass
class Cluster:
    """One cluster's truth."""

    name: str
    uid: str
    index: int
    workloads: list[Workload] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)


class _Addresses:
    """A node's address pool: an address is given out again 30 to 300 s after it was released."""

    def __init__(self, node: int, rng: random.Random) -> None:
        self._node = node
        self._rng = rng
        self._free_at = dict.fromkeys(range(2, 2 + _ADDRESSES_A_NODE), 0)

    def take(self, now: int) -> int | None:
        free = [host for host, at in self._free_at.items() if at <= now]
        if not free:
            return None
        # The one that has been free for the shortest time: reuse is as quick as it may be.
        host = max(free, key=lambda h: (self._free_at[h], -h))
        self._free_at[host] = 1 << 60
        return host

    def release(self, host: int, at: int) -> None:
        self._free_at[host] = at + self._rng.randrange(30, 300)


def simulate(seed: int) -> list[Cluster]:
    """Both clusters."""
    return [_Simulator(name, i, random.Random(f"{seed}/{name}")).run() for i, name in enumerate(("shop-eu", "shop-ap"))]


class _Simulator:
    def __init__(self, name: str, index: int, rng: random.Random) -> None:
        self._rng = rng
        self._cluster = Cluster(name, self._uid(), index)
        self._pools = [_Addresses(node, rng) for node in range(NODES)]
        self._events: defaultdict[int, list[tuple[str, Workload, Pod | None]]] = defaultdict(list)

    def run(self) -> Cluster:
        """Let time pass, second by second where something happens."""
        begin = START - _BEFORE
        for i in range(_DEPLOYMENTS):
            namespace = NAMESPACES[i % len(NAMESPACES)]
            workload = self._workload("Deployment", namespace, f"{namespace}-svc-{i:02}")
            for _ in range(_REPLICAS):
                self._pod(workload, begin + self._rng.randrange(600))
            at = START - self._rng.randrange(1800)
            while at < START + LENGTH - GRACE:
                self._events[at].append(("rollout", workload, None))
                at += self._rng.randrange(900, 2400)
        for name in _STATEFUL:
            workload = self._workload("StatefulSet", "platform", name)
            for ordinal in range(3):
                self._pod(workload, begin, ordinal)
        agents = self._workload("DaemonSet", "platform", "node-agent")
        for node in range(NODES):
            self._host_pod(agents, node, begin)
        for name in _CRON:
            workload = self._workload("CronJob", "platform", name)
            for at in range(START, START + LENGTH - 300, 300):
                self._events[at + self._rng.randrange(20)].append(("job", workload, None))
        while self._events:
            now = min(self._events)
            for what, workload, pod in self._events.pop(now):
                self._happen(what, workload, pod, now)
        return self._cluster

    def _happen(self, what: str, workload: Workload, pod: Pod | None, now: int) -> None:
        if what == "rollout":
            alive = [p for p in self._cluster.pods if p.workload is workload and p.deleted is None]
            workload.revision += 1
            for i, old in enumerate(alive):
                self._events[now + 5 * i].append(("replace", workload, old))
        elif what == "replace" and pod is not None:
            self._pod(workload, now)
            pod.deleted = now + 10 + GRACE
            self._events[pod.deleted].append(("release", workload, pod))
        elif what == "job":
            for _ in range(4):
                made = self._pod(workload, now + self._rng.randrange(10))
                made.finished = made.start + self._rng.randrange(40, 200)
                self._events[made.finished].append(("release", workload, made))
        elif what == "release" and pod is not None:
            self._pools[pod.node].release(int(pod.ip.rpartition(".")[2]), now)

    def _workload(self, kind: str, namespace: str, name: str) -> Workload:
        made = Workload(kind, namespace, name, self._uid())
        self._cluster.workloads.append(made)
        return made

    def _pod(self, workload: Workload, now: int, ordinal: int | None = None) -> Pod:
        order = self._rng.sample(range(NODES), NODES)
        node, host = next((n, h) for n in order if (h := self._pools[n].take(now)) is not None)
        kind, name, uid = workload.kind, workload.name, workload.uid
        if workload.kind == "Deployment":
            digest = f"{workload.revision:04x}{workload.uid[:4]}"
            kind, name, uid = (
                "ReplicaSet",
                f"{workload.name}-{digest}",
                _derived(workload.uid, workload.revision),
            )
        elif workload.kind == "CronJob":
            kind, name = "Job", f"{workload.name}-{now // 60}"
            uid = _derived(workload.uid, now // 60)
        suffix = str(ordinal) if ordinal is not None else f"{self._rng.randrange(36**5):05x}"[-5:]
        ip = f"10.244.{node}.{host}"
        ip6 = f"fd00:10:244:{node:x}::{host:x}"
        pod = Pod(self._uid(), f"{name}-{suffix}", workload, kind, name, uid, node, ip, ip6, now)
        self._cluster.pods.append(pod)
        return pod

    def _host_pod(self, workload: Workload, node: int, now: int) -> None:
        pod = Pod(
            self._uid(),
            f"{workload.name}-{node:02}",
            workload,
            workload.kind,
            workload.name,
            workload.uid,
            node,
            node_ip(self._cluster.index, node),
            "",
            now,
            host_network=True,
        )
        self._cluster.pods.append(pod)

    def _uid(self) -> str:
        digits = f"{self._rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def node_ip(cluster: int, node: int) -> str:
    """A node's address in its VPC; both clusters' VPCs have the same range."""
    return f"10.0.{1 + cluster}.{10 + node}"


def _derived(uid: str, number: int) -> str:
    return f"{uid[:24]}{number & 0xFFFFFFFFFFFF:012x}"
