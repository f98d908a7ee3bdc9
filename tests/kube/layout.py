"""Where the parts of a control plane are: ports, files, and each component's command line."""

import json
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .certificates import Pair

HOST = "127.0.0.1"
SERVICE_CIDRS = "10.96.0.0/16,fd00:10:96::/112"
POD_CIDRS = "10.128.0.0/10,fd00:10:128::/48"
KUBERNETES_SERVICE_IP = "10.96.0.1"
# The API server may not advertise a loopback address; nothing connects to this one (RFC 5737).
ADVERTISED = "192.0.2.1"
STAGES = Path(__file__).with_name("stages.yaml")

# Below the range from which Linux takes the local ports of outgoing connections, so that no client
# sits on a server's port while the server restarts.
PORTS = range(20000, 30000)


def free_ports(count: int) -> list[int]:
    """Loopback ports on which nothing listens now."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"fewer than {count} free ports on {HOST}")


@dataclass(frozen=True)
class Ports:
    """The loopback port of each server; a component that restarts keeps its port."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int
    kwok: int


@dataclass(frozen=True)
class Layout:
    """What the command lines need to know."""

    binaries: Path
    folder: Path
    ports: Ports
    authority: Pair
    serving: Pair
    token_key: Path

    @property
    def etcd_url(self) -> str:
        """Where etcd serves its clients."""
        return f"http://{HOST}:{self.ports.etcd}"

    @property
    def api_url(self) -> str:
        """Where the API server serves."""
        return f"https://{HOST}:{self.ports.api_server}"


def etcd(layout: Layout) -> Sequence[str | Path]:
    """One member without fsync: its data survive its process, not the machine's power."""
    peers = f"http://{HOST}:{layout.ports.etcd_peer}"
    return (
        layout.binaries / "etcd",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def api_server(layout: Layout, more: Sequence[str] = ()) -> Sequence[str | Path]:
    """RBAC on, both families, and no compaction of etcd but the tests' own."""
    return (
        layout.binaries / "kube-apiserver",
        f"--etcd-servers={layout.etcd_url}",
        "--etcd-compaction-interval=0",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.api_server}",
        f"--advertise-address={ADVERTISED}",
        *_serving(layout),
        f"--client-ca-file={layout.authority.certificate}",
        f"--service-account-key-file={layout.token_key}",
        f"--service-account-signing-key-file={layout.token_key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={SERVICE_CIDRS}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--event-ttl=5m",
        # A watch that names no timeout ends after one to two minutes, its last bookmark before it.
        "--min-request-timeout=60",
        "--max-requests-inflight=2000",
        "--max-mutating-requests-inflight=1000",
        # When it is stopped, end the watches at once rather than after a minute.
        "--shutdown-watch-termination-grace-period=1s",
        "--profiling=false",
        *more,
    )


def controller_manager(layout: Layout, kubeconfig: Path) -> Sequence[str | Path]:
    """All default controllers, with a pod CIDR of each family for every node."""
    return (
        layout.binaries / "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        "--authentication-skip-lookup=true",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.controller_manager}",
        *_serving(layout),
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={layout.token_key}",
        f"--root-ca-file={layout.authority.certificate}",
        f"--cluster-signing-cert-file={layout.authority.certificate}",
        f"--cluster-signing-key-file={layout.authority.key}",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_CIDRS}",
        f"--service-cluster-ip-range={SERVICE_CIDRS}",
        "--node-cidr-mask-size-ipv4=24",
        "--node-cidr-mask-size-ipv6=64",
        # KWOK's nodes have no heartbeat: they are unready when a test says so.
        "--node-monitor-grace-period=24h",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--profiling=false",
    )


def scheduler(layout: Layout, kubeconfig: Path) -> Sequence[str | Path]:
    """The default scheduler."""
    config = layout.folder / "scheduler.json"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "kubescheduler.config.k8s.io/v1",
                "kind": "KubeSchedulerConfiguration",
                "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 500, "burst": 1000},
                "leaderElection": {"leaderElect": False},
                "enableProfiling": False,
            }
        )
    )
    return (
        layout.binaries / "kube-scheduler",
        f"--config={config}",
        "--authentication-skip-lookup=true",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.scheduler}",
        *_serving(layout),
    )


def kwok(layout: Layout, kubeconfig: Path) -> Sequence[str | Path]:
    """Every node is KWOK's, without leases, whose end a new KWOK would have to await."""
    return (
        layout.binaries / "kwok",
        f"--kubeconfig={kubeconfig}",
        f"--config={STAGES}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=0",
        f"--server-address={HOST}:{layout.ports.kwok}",
    )


def _serving(layout: Layout) -> Sequence[str]:
    certificate, key = layout.serving
    return (f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}")
