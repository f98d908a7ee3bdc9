"""Claim: a LIST of 100,000 pods is decoded far faster and smaller than by the stock client's models, and is a tag index on
disk that answers look-ups in less time than those models need to decode it.

The pods are of a size that API servers send (managedFields, probes, volumes, tolerations), about 4 KB each.
kubernetes_asyncio's models decode a sample of 2,000; its time and memory are for as many pods. Each part runs in
a process of its own, so that its peak memory is its own.

Run: .venv/bin/python bench/decode.py [PODS]
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

SAMPLE = 2000


def pod(i: int) -> dict:
    """A pod as an API server sends it."""
    name = f"checkout-{i // 10:05x}-{i:05x}"
    probe = {
        "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
        "periodSeconds": 10,
        "timeoutSeconds": 1,
    }
    managed = [
        {
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {f"f:{field}": {} for field in ("labels", "ownerReferences", "generateName")},
                         "f:spec": {f"f:{field}": {} for field in ("containers", "dnsPolicy", "restartPolicy", "volumes")}},
            "manager": manager, "operation": "Update", "time": "2026-01-01T00:00:00Z",
        }
        for manager in ("kube-controller-manager", "kubelet", "kube-scheduler")
    ]  # fmt: skip
    return {
        "metadata": {
            "name": name, "generateName": name[:-5], "namespace": f"team-{i % 100}", "resourceVersion": str(10_000_000 + i),
            "uid": f"00000000-0000-4000-8000-{i:012x}", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": f"checkout-{i // 10}", "pod-template-hash": "7d9c5b8f6", "app.kubernetes.io/part-of": "shop"},
            "annotations": {"prometheus.io/scrape": "true", "checksum/config": f"{i:064x}"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name[:-6], "controller": True,
                                 "uid": f"10000000-0000-4000-8000-{i // 10:012x}", "blockOwnerDeletion": True}],
            "managedFields": managed,
        },
        "spec": {
            "nodeName": f"node-{i % 1000}", "serviceAccountName": "default", "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
            "containers": [{
                "name": "main", "image": f"registry.example/shop/checkout:v{i % 7}", "imagePullPolicy": "IfNotPresent",
                "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                "env": [{"name": f"SETTING_{k}", "value": f"value-{k}"} for k in range(8)],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "livenessProbe": probe, "readinessProbe": probe,
                "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}],
            }],
            "tolerations": [{"key": k, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                            for k in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")],
            "volumes": [{"name": "token", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"path": "token"}}]}}],
        },
        "status": {
            "phase": "Running", "podIP": f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", "hostIP": f"172.16.{i % 1000 >> 8}.{i % 1000 & 255}",
            "podIPs": [{"ip": f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"}, {"ip": f"fd00::{i >> 16:x}:{i & 65535:x}"}], "qosClass": "Burstable",
            "startTime": "2026-01-01T00:00:01Z",
            "conditions": [{"type": t, "status": "True", "lastTransitionTime": "2026-01-01T00:00:05Z", "lastProbeTime": None}
                           for t in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
            "containerStatuses": [{"name": "main", "containerID": f"containerd://{i:064x}", "image": "checkout", "imageID": f"sha256:{i:064x}",
                                   "ready": True, "restartCount": 0, "started": True, "lastState": {},
                                   "state": {"running": {"startedAt": "2026-01-01T00:00:04Z"}}}],
        },
    }  # fmt: skip


def write(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.write(b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[')
        for i in range(count):
            file.write((b"," if i else b"") + msgspec.json.encode(pod(i)))
        file.write(b"]}")


def ours(path: Path) -> int:
    """Decode into narrow structs and translate."""
    from tagweave.model import Snapshot
    from tagweave.sources.files import Config, Source

    batches = list(Source(Config(name="bench", path=str(path))).read(datetime.now(UTC)))
    return next(len(b.resources) for b in batches if isinstance(b, Snapshot) and b.scope.kind == "pod")


def stock(path: Path) -> int:
    """Decode into kubernetes_asyncio's models."""
    from kubernetes_asyncio import client

    class Answer:
        data = path.read_text()

    async def run() -> int:
        async with client.ApiClient() as api:
            body = json.loads(Answer.data)
            made = (
                api._ApiClient__deserialize(body, "V1PodList")
                if hasattr(api, "_ApiClient__deserialize")
                else api.deserialize(Answer, "V1PodList")
            )
            return len(made.items)

    return asyncio.run(run())


def to_index(path: Path) -> int:
    """The whole way: read, reconcile, store, derive all that the store says, and look one address up."""
    from updates import written

    from tagweave.inventory import Inventory
    from tagweave.model import Snapshot
    from tagweave.sources.files import Config, Source

    inventory = Inventory.open(f"sqlite:///{path.parent}/inventory.db")
    start = time.perf_counter()
    for batch in Source(Config(name="bench", path=str(path))).read(datetime.now(UTC)):
        if isinstance(batch, Snapshot):
            inventory.observe(batch)
    stored = time.perf_counter()
    index = written(inventory, path.parent / "index")
    assert index.lookup("10.0.0.7").match is not None
    queried = time.perf_counter()
    print(
        f"  dump to queryable index: {queried - start:.1f} s: read and stored {stored - start:.1f} s,"
        f" derived, written and asked {queried - stored:.1f} s later"
    )
    return sum(segment.keys for segment in index.view.manifest.segments)


def alone(run: Callable[[Path], int], path: Path) -> tuple[int, float, float]:
    """(result, seconds, peak MiB over the imports) of a run in a process of its own."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(run, path, theirs))
    process.start()
    answer = mine.recv()
    process.join()
    return answer


def _measure(run: Callable[[Path], int], path: Path, pipe: object) -> None:
    start = time.perf_counter()
    result = run(path)
    seconds = time.perf_counter() - start
    pipe.send((result, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        whole, sample = Path(name) / "pods.json", Path(name) / "sample.json"
        write(whole, count)
        write(sample, SAMPLE)
        size = whole.stat().st_size
        print(f"{count:,} pods, {size / 1e6:.0f} MB ({size // count:,} bytes a pod)")
        _, _, base = alone(ours, sample)
        read, seconds, peak = alone(ours, whole)
        assert read == count
        got, slow, slow_peak = alone(stock, sample)
        assert got == SAMPLE
        print(
            f"  decode and translate: {seconds:.2f} s, {seconds / count * 1e6:.0f} us a pod; peak {peak:.0f} MiB with the file mapped"
        )
        print(
            f"  kubernetes_asyncio:   {slow / SAMPLE * 1e6:.0f} us a pod, {slow_peak - base:.0f} MiB for {SAMPLE:,} pods"
        )
        print(f"  ratio: {slow / SAMPLE / (seconds / count):.0f} times faster")
        keys, seconds, peak = alone(to_index, whole)
        print(f"  with the start of the process {seconds:.1f} s; peak {peak:.0f} MiB, {keys:,} addresses and names")
        decoding = slow / SAMPLE * count
        print(f"  ratio: {seconds / decoding:.2f} of what kubernetes_asyncio's models take to decode (must: 1)")
        assert seconds < decoding


if __name__ == "__main__":
    main()
