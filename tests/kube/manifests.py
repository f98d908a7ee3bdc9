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


def service(name: str, namespace: str, app: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
    }


def ingress(name: str, namespace: str, behind: str) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"defaultBackend": {"service": {"name": behind, "port": {"number": 80}}}},
    }


def pod(name: str, namespace: str, node: str = "node-0", **spec: object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "example.invalid/app:1"}], **spec},
    }


def account(name: str, namespace: str, rules: list[Object]) -> list[Object]:
    """A service account and the ClusterRole that it has."""
    rbac = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        },
    ]


def crd(group: str, version: str, kind: str, resource: str) -> Object:
    """A kind of custom resource that may hold anything."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource}.{group}",
            # without it groups of k8s.io are refused
            "annotations": {"api-approved.kubernetes.io": "unapproved, experimental-only"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": resource, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def owned(manifest: Object, owner: Object) -> Object:
    """A manifest whose object is controlled by another object."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}


def custom(group: str, version: str, kind: str, name: str, namespace: str, **fields: object) -> Object:
    """An object of a custom kind."""
    return {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **fields,
    }
