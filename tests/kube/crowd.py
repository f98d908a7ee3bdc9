"""A cluster of very many pods, for the benches: copies of one that KWOK ran, written straight into etcd.

To have KWOK run them all would take an hour; what the API server then lists and watches is the same.
"""

import base64
import copy
import json
import uuid
from collections.abc import Iterator

from .api import fetch
from .controlplane import ControlPlane, Object

_AT_ONCE = 100
_NAMESPACE = "crowd"
_NODES = 250


def crowd(plane: ControlPlane, count: int) -> list[str]:
    """Fill the cluster with pods, in Deployments of ten; their names. Nothing but etcd and the API server runs then."""
    plane.ensure_nodes(3)
    plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    plane.deploy("model", 1, _NAMESPACE)
    (pod,) = plane.api.items(f"/api/v1/namespaces/{_NAMESPACE}/pods")
    (replica_set,) = plane.api.items(f"/apis/apps/v1/namespaces/{_NAMESPACE}/replicasets")
    for component in (plane.kwok, plane.controller_manager, plane.scheduler):
        component.kill()
    pod |= {"apiVersion": "v1", "kind": "Pod"}
    replica_set |= {"apiVersion": "apps/v1", "kind": "ReplicaSet"}
    names = []
    puts: list[tuple[str, Object]] = []
    for key, one in _copies(pod, replica_set, count):
        puts.append((key, one))
        if one["kind"] == "Pod":
            names.append(one["metadata"]["name"])
        if len(puts) == _AT_ONCE:
            _put(plane, puts)
            puts = []
    _put(plane, puts)
    plane.api_server.restart()  # its watch cache reads them all
    return names


def address(number: int, turn: int = 0) -> str:
    """An address that no other pod has in any turn."""
    value = (100 << 24) + turn * 2**18 + number
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _copies(pod: Object, replica_set: Object, count: int) -> Iterator[tuple[str, Object]]:
    owner = ""
    for number in range(count):
        if number % 10 == 0:
            one = copy.deepcopy(replica_set)
            owner = str(uuid.uuid4())
            one["metadata"] |= {"name": f"web-{number // 10}", "uid": owner}
            one["metadata"].pop("resourceVersion")
            yield f"/registry/replicasets/{_NAMESPACE}/{one['metadata']['name']}", one
        one = copy.deepcopy(pod)
        name = f"web-{number // 10}-{number % 10:05d}"
        one["metadata"] |= {"name": name, "uid": str(uuid.uuid4())}
        one["metadata"].pop("resourceVersion")
        one["metadata"]["ownerReferences"][0] |= {"name": f"web-{number // 10}", "uid": owner}
        one["spec"]["nodeName"] = f"node-{number % _NODES}"
        ips = [{"ip": address(number)}, {"ip": f"fd00:100::{number + 1:x}"}]
        one["status"] |= {"podIP": ips[0]["ip"], "podIPs": ips}
        yield f"/registry/pods/{_NAMESPACE}/{name}", one


def _put(plane: ControlPlane, puts: list[tuple[str, Object]]) -> None:
    def encoded(data: bytes) -> str:
        return base64.b64encode(data).decode()

    operations = [
        {"request_put": {"key": encoded(key.encode()), "value": encoded(json.dumps(one).encode())}} for key, one in puts
    ]
    answer = fetch(f"{plane.etcd_url}/v3/kv/txn", "POST", body=json.dumps({"success": operations}).encode())
    assert answer.status == 200, answer.body
