"""The manifests that most tests begin with: nodes and a Deployment."""

from .api import Object

# KWOK counts past the end of a node's /24, so a node must be full before its addresses run out.
SIZE = {"cpu": "64", "memory": "256Gi", "pods": "110"}


def node(number: int, prefix: str = "node") -> Object:
    """A node for KWOK with an address of each family, in one of three zones."""
    name = f"{prefix}-{number}"
    high, low = divmod(number, 250)
    zone = "abc"[number % 3]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": "test",
                "topology.kubernetes.io/zone": f"test-{zone}",
            },
        },
        "spec": {"providerID": f"kwok://test-{zone}/{name}"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{high}.{low + 1}"},
                {"type": "InternalIP", "address": f"fd00:10::{number + 1:x}"},
                {"type": "Hostname", "address": name},
            ],
            "allocatable": SIZE,
            "capacity": SIZE,
        },
    }


def deployment(name: str, replicas: int, namespace: str) -> Object:
    """A Deployment of one container, labelled ``app=<name>``."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example.invalid/app:1"}]},
            },
        },
    }
