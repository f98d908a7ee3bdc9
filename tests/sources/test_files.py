"""The `files` source from end to end: malformed dumps first, then every way in which people have theirs."""

import asyncio
import gzip
import io
import json
import lzma
import random
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave import model
from tagweave.sources.files import Config, Moment, Source

Wire = dict[str, Any]

NOON: Final = datetime(2024, 3, 5, 12, tzinfo=UTC)


class Seen:
    """What one pass of a source yielded, sorted by what it is."""

    def __init__(self, batches: Iterable[model.Batch]) -> None:
        self.batches = list(batches)
        self.snapshots = [b for b in self.batches if isinstance(b, model.Snapshot)]
        self.defects = [b for b in self.batches if isinstance(b, model.Defect)]
        self.failures = [b for b in self.batches if isinstance(b, model.Failure)]
        self.tallies = {b.kind: (b.read, b.kept, b.repeated) for b in self.batches if isinstance(b, model.Tally)}

    def of(self, kind: str) -> list[Any]:
        """Every resource of a kind, by id."""
        found = [r for s in self.snapshots if s.scope.kind == kind for r in s.resources]
        return sorted(found, key=lambda r: r.id)

    def names(self, kind: str) -> list[str]:
        return sorted(r.name for r in self.of(kind))

    @property
    def scopes(self) -> dict[tuple[str, str], set[str]]:
        """The ids of each scope's resources."""
        return {(s.scope.kind, s.scope.part): {r.id for r in s.resources} for s in self.snapshots}

    @property
    def reasons(self) -> str:
        return "\n".join(f"{d.where}: {d.reason}" for d in self.defects)


def run(config: Config) -> Seen:
    async def collect() -> list[model.Batch]:
        return [batch async for batch in Source(config).batches()]

    return Seen(asyncio.run(collect()))


def read(path: Path, name: str = "dump") -> Seen:
    return run(Config(name=name, path=str(path)))


def wire(kind: str, name: str, version: str = "v1", *, uid: str | None = None, **more: Any) -> Wire:
    """An object in the namespace `shop` whose uid is `kind/name`."""
    metadata: Wire = {"name": name, "namespace": "shop", "uid": f"{kind}/{name}" if uid is None else uid}
    metadata.update(more.pop("metadata", {}))
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def pod(name: str, ip: str = "10.1.1.1", **metadata: Any) -> Wire:
    return wire("Pod", name, metadata=metadata, status={"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]})


def service(name: str, **spec: Any) -> Wire:
    return wire("Service", name, spec={"clusterIP": "10.96.0.9", "ports": [{"port": 80}], **spec})


def listing(*items: Wire) -> Wire:
    """What `kubectl get -o json` prints."""
    return {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}}


def raw_list(kind: str, version: str, *items: Wire) -> Wire:
    """What an API server answers to LIST: the kind stands on the list alone."""
    bare = [{k: v for k, v in item.items() if k not in {"kind", "apiVersion"}} for item in items]
    return {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "9"}, "items": bare}


def dumps(value: object) -> bytes:
    return json.dumps(value).encode()


def tar(mode: str, **files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(f"bundle/{name.replace('__', '.')}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(**files: bytes) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return bytearray(out.getvalue())


def encrypted(archive: bytearray) -> bytes:
    """A zip whose headers say that its first file is encrypted."""
    archive[6] |= 1
    archive[archive.find(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def oddly_compressed(archive: bytearray) -> bytes:
    """A zip whose first file is compressed by a method that nobody knows."""
    archive[8] = 99
    archive[archive.find(b"PK\x01\x02") + 10] = 99
    return bytes(archive)


def corrupt(data: bytes, at: float = 0.5) -> bytes:
    """Data of which 64 bytes are turned into others."""
    start = int(len(data) * at)
    return data[:start] + bytes(b ^ 0x5A for b in data[start : start + 64]) + data[start + 64 :]


def bad_header(archive: bytes) -> bytes:
    """A tar whose second member's header has a wrong checksum."""
    at = archive.index(b"bundle/p1.json") + 148
    return archive[:at] + b"000000" + archive[at + 6 :]


NOISE: Final = random.Random(1)
LONG: Final = {f"p{n}__json": dumps({**pod(f"p{n}"), "noise": NOISE.randbytes(60_000).hex()}) for n in range(3)}
LONGER: Final = {f"p{n}__json": dumps({**pod(f"p{n}"), "noise": NOISE.randbytes(250_000).hex()}) for n in range(4)}

# ---- malformed

YAML_POD: Final = b"apiVersion: v1\nkind: Pod\nmetadata: {name: whole, uid: u-whole}\n"

MALFORMED: Final = [
    ("empty.json", b"", "the file is empty"),
    ("blank.yaml", b" \n\t\n", "the file is empty"),
    ("binary.json", bytes(range(1, 256)), "neither JSON nor YAML"),
    ("core.dump", b"\x7fELF\x02\x01\x01\x00\x00\x00", "neither JSON nor YAML"),
    ("notes.txt", b"kubectl was here", "neither JSON nor YAML"),
    ("table.txt", b"NAME   READY   STATUS\nweb-1  1/1     Running\n", "neither JSON nor YAML"),
    ("number.json", b"[1, 2]", "no object with a kind"),
    ("scalar.json", b'"text"', "neither JSON nor YAML"),
    ("nothing.json", b"{}", "neither a Kubernetes object"),
    ("kindless.json", dumps({"metadata": {"name": "x"}}), "neither a Kubernetes object"),
    ("bodyless.json", dumps({"kind": "Pod"}), "neither a Kubernetes object"),
    ("items.json", dumps({"kind": "List", "items": 5}), "not of a Kubernetes object or list"),
    ("null.json", dumps({"kind": "Pod", "metadata": None}), "broken Pod"),
    ("shape.json", dumps({"kind": "Pod", "metadata": []}), "broken Pod"),
    ("labels.json", dumps(pod("x", labels={"a": 1})), "broken Pod"),
    ("time.json", dumps(pod("x", creationTimestamp="yesterday")), "broken Pod"),
    ("nameless.json", dumps({"kind": "Pod", "metadata": {}}), "neither uid nor name"),
    ("status.json", dumps({**pod("x"), "status": {"podIPs": "10.1.1.1"}}), "broken Pod"),
    ("vm.json", dumps({"kind": "vm", "id": 5}), "broken vm"),
    ("cut.json", dumps(pod("x"))[:-1], "the JSON is broken"),
    ("cut-pretty.json", json.dumps(pod("x"), indent=4).encode()[:-40], "the JSON is broken"),
    ("utf8.json", b'{"kind":"Pod","metadata":{"name":"\xff\xfe","uid":"u"}}', "utf8.json"),
    ("utf16.json", json.dumps(pod("x")).encode("utf-16"), "utf16.json"),
    ("deep.json", b"[" * 100_000, "deep.json"),
    ("deeper.json", b'{"kind":"Pod","metadata":{"a":' + b'{"a":' * 100_000, "deeper.json"),
    ("kind.json", b'{"items":[{"kind":["Pod"],"metadata":{"name":"x"}},', "kind.json"),
    ("scalar.yaml", b"just text", "expected an object, found str"),
    ("number.yaml", b"- 1\n- 2\n", "expected an object, found int"),
    ("kindless.yaml", b"metadata: {name: x}\n", "neither a Kubernetes object"),
    ("quote.yaml", b'kind: Pod\nmetadata:\n  name: "half', "the YAML is broken at line 3"),
    ("tab.yaml", b"kind: Pod\n\tmetadata: x\n", "the YAML is broken at line 2"),
    ("anchor.yaml", b"kind: Pod\nmetadata: *nobody\n", "the YAML is broken at line 2"),
    ("python.yaml", b"!!python/object/apply:os.system [id]\n", "the YAML is broken"),
    ("utf8.yaml", b'kind: Pod\nmetadata: {name: "\xff\xfe"}\n', "the YAML is broken"),
    ("int.yaml", b"kind: Pod\nmetadata: {name: x}\nspec: !!int x\n", "int.yaml"),
    ("float.yaml", b"kind: Pod\nmetadata: {name: x}\nspec: !!float x\n", "float.yaml"),
    ("timestamp.yaml", b"kind: Pod\nmetadata: {name: x}\nspec: !!timestamp x\n", "timestamp.yaml"),
    ("deep.yaml", b"[" * 20_000, "deep.yaml"),
    ("cut.json.gz", gzip.compress(dumps(listing(pod("x"))))[:-9], "the gzip data end too early"),
    ("cut-head.json.gz", gzip.compress(dumps(pod("x")))[:8], "the gzip data end too early"),
    ("broken.json.gz", gzip.compress(dumps(pod("x")))[:12] + b"\xff" * 20, "the gzip data are broken"),
    ("none.tar.gz", b"hello", "the archive is broken"),
    ("cut.tar.gz", tar("w:gz", x__json=dumps(pod("x")))[:60], "the archive is broken"),
    ("cut.tgz", tar("w:gz", **LONG)[:90_000], "the archive is broken"),
    ("corrupt.tar.gz", corrupt(tar("w:gz", **LONG)), "the archive is broken"),
    ("corrupt.tar.bz2", corrupt(tar("w:bz2", **LONG)), "the archive is broken"),
    ("corrupt.tar.xz", corrupt(tar("w:xz", **LONG)), "the archive is broken"),
    ("corrupt-late.tar.bz2", corrupt(tar("w:bz2", **LONGER), 0.6), "the archive is broken"),
    ("checksum.tar.gz", gzip.compress(tar("w:", **LONG))[:-8] + b"\0" * 8, "the archive is broken"),
    ("header.tar", bad_header(tar("w:", **LONG)), "the archive is broken"),
    ("cut-at-header.tar", tar("w:", **LONG).partition(b"bundle/p1.json")[0], "the archive is broken"),
    ("cut.tar", tar("w:", **LONG)[:200_000], "the archive is broken"),
    ("cut.zip", bytes(zipped(x__json=dumps(pod("x"))))[:-30], "the archive is broken"),
    ("crc.zip", corrupt(bytes(zipped(x__json=dumps(pod("x", labels={"a": "b" * 500}))))), "the archive is broken"),
    ("secret.zip", encrypted(zipped(x__json=dumps(pod("x")))), "secret.zip"),
    ("odd.zip", oddly_compressed(zipped(x__json=dumps(pod("x")))), "odd.zip"),
]


@pytest.mark.parametrize(("name", "data", "reason"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_a_malformed_file_is_refused_by_name_with_its_reason_and_the_rest_is_taken(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "zz-good.json").write_bytes(dumps(pod("good")))
    seen = read(tmp_path)
    assert "good" in seen.names("pod")
    assert seen.failures == []
    assert [d for d in seen.defects if name in d.where], f"{name} was not reported: {seen.reasons}"
    assert reason in seen.reasons
    assert "zz-good" not in seen.reasons


@pytest.mark.parametrize("name", ["none.json", "none", "none.tar.gz", "none/none.yaml"])
def test_a_path_that_is_not_there_is_a_failure_that_names_it(tmp_path: Path, name: str) -> None:
    """Silence would be taken for a source that was read and is well."""
    seen = read(tmp_path / name)
    assert len(seen.failures) == 1
    assert name in seen.failures[0].error
    assert "No such file or directory" in seen.failures[0].error
    assert seen.snapshots == []


def test_a_link_that_leads_nowhere_is_reported(tmp_path: Path) -> None:
    (tmp_path / "pods.json").symlink_to(tmp_path / "gone.json")
    (tmp_path / "zz-good.json").write_bytes(dumps(pod("good")))
    seen = read(tmp_path)
    assert seen.names("pod") == ["good"]
    assert "pods.json" in seen.reasons


def test_every_item_of_another_shape_is_reported_one_by_one_and_the_rest_taken(tmp_path: Path) -> None:
    path = tmp_path / "pods.json"
    broken: list[Any] = [7, None, "text", [], {"kind": "Pod"}, {"kind": "Pod", "metadata": {"name": 5}}]
    path.write_bytes(dumps({"kind": "List", "items": [pod("a"), *broken, pod("b")]}))
    seen = read(path)
    assert seen.names("pod") == ["a", "b"]
    assert "broken Pod" in seen.reasons
    told = [int((re.search(r"\((\d+) objects\)", d.reason) or ("", "1"))[1]) for d in seen.defects]
    assert sum(told) == len(broken), seen.reasons


def test_the_reason_of_a_broken_object_leads_to_it(tmp_path: Path) -> None:
    path = tmp_path / "pods.json"
    path.write_bytes(dumps(raw_list("Pod", "v1", pod("a"), {**pod("b"), "status": {"podIPs": 7}})))
    (defect,) = read(path).defects
    assert defect.where == f"{path}: pods.json: items[1]"
    assert defect.reason == "broken Pod: Expected `array | null`, got `int` - at `$.status.podIPs`"


def test_a_list_that_breaks_off_anywhere_gives_its_whole_items_and_says_so(tmp_path: Path) -> None:
    items = [pod("a"), service("s"), pod("b", labels={"app": "x"})]
    text = '{"apiVersion":"v1","items":['
    ends = []
    for item in items:
        text += json.dumps(item)
        ends.append(len(text))
        text += ","
    text = text[:-1] + '],"kind":"List"}'
    path = tmp_path / "all.json"
    for cut in range(1, len(text)):
        path.write_text(text[:cut])
        seen = read(path)
        whole = sum(end <= cut for end in ends)
        assert len(seen.of("pod")) + len(seen.of("service")) == whole, text[:cut]
        assert len(seen.defects) == 1, (text[:cut], seen.reasons)
        assert "the JSON is broken" in seen.reasons
        assert (f"the {whole} whole items before that were read" in seen.reasons) == (whole > 0)


def test_a_broken_list_answer_still_knows_what_its_items_are(tmp_path: Path) -> None:
    path = tmp_path / "pods.json"
    path.write_bytes(dumps(raw_list("Pod", "v1", pod("a"), pod("b"), pod("c")))[:-60])
    seen = read(path)
    assert seen.names("pod") == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "version", "resource"),
    [
        ("Service", "serving.knative.dev/v1", "service"),
        ("Ingress", "config.openshift.io/v1", "ingress"),
        ("Node", "metrics.k8s.io/v1beta1", "node"),
    ],
)
@pytest.mark.parametrize("cut", [False, True])
def test_a_list_answer_of_another_group_is_never_taken_for_ours(
    tmp_path: Path, kind: str, version: str, resource: str, cut: bool
) -> None:
    path = tmp_path / "list.json"
    data = dumps(raw_list(kind, version, wire(kind, "a", version), wire(kind, "b", version)))
    path.write_bytes(data[:-30] if cut else data)
    assert read(path).of(resource) == []


def test_a_broken_list_answer_of_kruise_stays_kruises(tmp_path: Path) -> None:
    version = "apps.kruise.io/v1beta1"
    path = tmp_path / "list.json"
    items = [wire("StatefulSet", name, version) for name in "ab"]
    path.write_bytes(dumps(raw_list("StatefulSet", version, *items))[:-30])
    assert read(path).scopes[("workload", "statefulsets.apps.kruise.io")] == {"StatefulSet/a"}


def test_the_items_of_a_volume_are_no_pods(tmp_path: Path) -> None:
    """A single object that breaks off has no items of its own, whatever stands inside it."""
    volumes = [{"name": "v", "configMap": {"items": [{"key": "a", "path": "a"}]}}]
    path = tmp_path / "pod.json"
    path.write_bytes(dumps({**pod("a"), "spec": {"volumes": volumes, "nodeName": "n"}})[:-4])
    seen = read(path)
    assert seen.tallies.get("Pod", (0, 0, 0)) == (0, 0, 0)
    assert "whole items before that were read" not in seen.reasons
    assert len(seen.defects) == 1, seen.reasons


def test_a_yaml_stream_that_breaks_off_gives_its_whole_documents_and_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_bytes(
        YAML_POD + b"---\n" + YAML_POD.replace(b"whole", b"other") + b'---\nkind: Pod\nmetadata: {name: "h'
    )
    seen = read(path)
    assert seen.names("pod") == ["other", "whole"]
    assert "the 2 whole documents before that were read" in seen.reasons


def test_half_a_yaml_document_gives_nothing_and_does_not_say_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_bytes(b"apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, uid: a}\n- kind: {")
    seen = read(path)
    assert "the YAML is broken" in seen.reasons
    claimed = "before that were read" in seen.reasons
    assert claimed == bool(seen.of("pod")), seen.reasons


def test_a_broken_line_among_json_lines_is_reported_by_number_and_the_others_taken(tmp_path: Path) -> None:
    path = tmp_path / "pods.jsonl"
    path.write_bytes(dumps(pod("a")) + b"\n{broken\n\n" + dumps(pod("b")) + b"\n" + dumps(pod("c"))[:-5])
    seen = read(path)
    assert seen.names("pod") == ["a", "b"]
    assert len(seen.defects) == 2
    assert "line 2 is no JSON object" in seen.reasons
    assert "line 5 is no JSON object" in seen.reasons


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(["a.json", "a.yaml", "a.gz", "a.tar", "a.tar.gz", "a.tar.xz", "a.zip", "a"]),
    data=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='{}[]":,-&*!? \nakindmet0', max_size=60).map(str.encode),
        st.binary(max_size=40).map(lambda b: gzip.compress(b'{"kind":"Pod","metadata":{"name":"' + b)),
        st.binary(max_size=40).map(
            lambda b: b'{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"' + b + b'"}}]}'
        ),
        st.binary(max_size=40).map(lambda b: b"kind: Pod\nmetadata:\n  name: " + b),
    ),
)
def test_no_bytes_of_one_file_keep_another_from_being_read(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        (Path(folder) / "good.json").write_bytes(dumps(pod("good")))
        seen = read(Path(folder))
    assert "good" in seen.names("pod")
    assert seen.failures == []


# ---- redacted


def test_a_redacted_address_is_reported_for_each_object_and_the_object_kept(tmp_path: Path) -> None:
    """Support bundles come with `***HIDDEN***` for every address."""
    hidden = "***HIDDEN***"
    addresses = [{"type": "InternalIP", "address": hidden}, {"type": "Hostname", "address": "node-a"}]
    objects = [
        *(pod(f"p{n}", hidden) for n in range(3)),
        pod("seen", "10.1.1.1"),
        wire("Node", "node-a", status={"addresses": addresses}),
        service("s", clusterIP=hidden, clusterIPs=[hidden]),
    ]
    path = tmp_path / "bundle.json"
    path.write_bytes(dumps(listing(*objects)))
    seen = read(path)
    assert {r.name: r.ips for r in seen.of("pod")} == {"p0": (), "p1": (), "p2": (), "seen": ("10.1.1.1",)}
    assert (seen.of("node")[0].ips, seen.of("node")[0].hostname) == ((), "node-a")
    assert seen.of("service")[0].cluster_ips == ()
    assert seen.tallies == {"Node": (1, 1, 0), "Pod": (4, 4, 0), "Service": (1, 1, 0)}
    assert [d.where.rpartition(": ")[2] for d in seen.defects] == [f"items[{n}]" for n in (0, 1, 2, 4, 5)]
    assert all("***HIDDEN***" in d.reason for d in seen.defects)


# ---- every form

NAMESPACE: Final = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-uid"}}
SHOP: Final = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "ns-shop"}}
OWNED: Final[Wire] = {
    "labels": {"app": "web", "pod-template-hash": "5d"},
    "creationTimestamp": "2024-03-05T06:07:08Z",
    "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d", "uid": "ReplicaSet/web-5d", "controller": True}],
}
REPLICA_SET: Final = wire(
    "ReplicaSet",
    "web-5d",
    "apps/v1",
    metadata={"ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "Deployment/web", "controller": True}]},
)
DEPLOYMENT: Final = wire("Deployment", "web", "apps/v1", spec={"replicas": 1, "template": {"spec": {}}})
SLICE: Final = {
    **wire("EndpointSlice", "web-x", "discovery.k8s.io/v1", metadata={"labels": {"kubernetes.io/service-name": "web"}}),
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.1.1.1"], "targetRef": {"kind": "Pod", "name": "web-5d-x", "uid": "Pod/web-5d-x"}}],
    "ports": [{"port": 8080}],
}
ROUTE: Final = wire(
    "Route",
    "front",
    "route.openshift.io/v1",
    spec={"host": "a.example.com", "to": {"kind": "Service", "name": "web"}, "tls": {"termination": "edge"}},
)
OBJECTS: Final = [
    NAMESPACE,
    SHOP,
    pod("web-5d-x", **OWNED),
    REPLICA_SET,
    DEPLOYMENT,
    service("web"),
    SLICE,
    ROUTE,
    wire("Secret", "password", data={"a": "Yg=="}),
]


def expected(source: str = "dump") -> dict[str, list[model.Resource]]:
    """What the objects above are, in whatever form they come."""
    common: dict[str, Any] = {"source": source, "cluster": "cluster-uid", "namespace": "shop"}
    created = datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC)
    return {
        "cluster": [model.Cluster(source=source, id="cluster-uid", name=source)],
        "namespace": [
            model.Namespace(source=source, id="cluster-uid", name="kube-system", cluster="cluster-uid"),
            model.Namespace(source=source, id="ns-shop", name="shop", cluster="cluster-uid"),
        ],
        "pod": [
            model.Pod(
                id="Pod/web-5d-x",
                name="web-5d-x",
                labels={"app": "web", "pod-template-hash": "5d"},
                created_at=created,
                replica_set="ReplicaSet/web-5d",
                ips=("10.1.1.1",),
                phase="Running",
                **common,
            )
        ],
        "replica_set": [model.ReplicaSet(id="ReplicaSet/web-5d", name="web-5d", workload="Deployment/web", **common)],
        "workload": [model.Workload(id="Deployment/web", name="web", type="Deployment", replicas=1, **common)],
        "service": [
            model.Service(
                id="Service/web",
                name="web",
                cluster_ips=("10.96.0.9",),
                ports=(model.ServicePort(80),),
                endpoints=(model.Endpoint("10.1.1.1", "Pod/web-5d-x", ports=(model.EndpointPort(port=8080),)),),
                **common,
            )
        ],
        "ingress": [
            model.Ingress(
                id="Route/front",
                name="front",
                type="Route",
                rules=(model.IngressRule("a.example.com", "", "Service/web"),),
                tls_hosts=("a.example.com",),
                **common,
            )
        ],
    }


def by_kind(form: Callable[[list[Wire]], tuple[str, bytes]]) -> dict[str, bytes]:
    """One file for each kind."""
    kinds = {o["kind"] for o in OBJECTS}
    return dict(form([o for o in OBJECTS if o["kind"] == kind]) for kind in sorted(kinds))


def each_json(folder: str = "") -> dict[str, bytes]:
    return {f"{folder}{o['kind'].lower()}s/{o['metadata']['name']}.json": dumps(o) for o in OBJECTS}


def as_yaml(value: object) -> bytes:
    return yaml.safe_dump(value, sort_keys=True).encode()


FORMS: Final[dict[str, dict[str, bytes]]] = {
    "kubectl get -o json": {"all.json": json.dumps(listing(*OBJECTS), indent=4).encode()},
    "kubectl get -o json, compact": {"all.json": dumps(listing(*OBJECTS))},
    "kubectl get -o yaml": {"all.yaml": as_yaml(listing(*OBJECTS))},
    "yaml that is not called so": {"all": as_yaml(listing(*OBJECTS))},
    "an object a file, json": each_json(),
    "an object a file, yaml": {f"{n}.yml": as_yaml(o) for n, o in enumerate(OBJECTS)},
    "raw LIST answers, json": by_kind(
        lambda found: (f"{found[0]['kind']}.json", dumps(raw_list(found[0]["kind"], found[0]["apiVersion"], *found)))
    ),
    "raw LIST answers, yaml": by_kind(
        lambda found: (f"{found[0]['kind']}.yaml", as_yaml(raw_list(found[0]["kind"], found[0]["apiVersion"], *found)))
    ),
    "an array": {"all.json": dumps(OBJECTS)},
    "json lines": {"all.jsonl": b"\n".join(map(dumps, OBJECTS))},
    "json lines of lists": {"all.ndjson": b"\r\n".join(dumps(listing(o)) for o in OBJECTS) + b"\r\n"},
    "yaml documents": {"all.yaml": b"---\n" + b"---\n".join(map(as_yaml, OBJECTS)) + b"...\n"},
    "yaml documents, some empty": {"all.yaml": b"# note\n---\n---\n" + b"---\n".join(map(as_yaml, OBJECTS)) + b"---\n"},
    "yaml, a list": {"all.yaml": as_yaml(OBJECTS)},
    "a byte order mark": {"all.json": b"\xef\xbb\xbf" + dumps(listing(*OBJECTS))},
    "a folder tree": each_json("cluster/namespaces/shop/"),
    "gz": {"all.json.gz": gzip.compress(dumps(listing(*OBJECTS)))},
    "gz that is not called so": {"all.json": gzip.compress(dumps(listing(*OBJECTS)))},
    "yaml in gz": {"all.yaml.gz": gzip.compress(b"---\n" + as_yaml(listing(*OBJECTS)))},
    "gz of several members": {"all.jsonl.gz": b"".join(gzip.compress(dumps(o) + b"\n") for o in OBJECTS)},
    "tar": {"all.tar": tar("w:", **{f"{n}__json": dumps(o) for n, o in enumerate(OBJECTS)})},
    "tar.gz": {"all.tar.gz": tar("w:gz", **{f"{n}__json": dumps(o) for n, o in enumerate(OBJECTS)})},
    "tgz": {"all.tgz": tar("w:gz", **{f"{n}__yaml": as_yaml(o) for n, o in enumerate(OBJECTS)})},
    "tar.xz": {"all.tar.xz": lzma.compress(tar("w:", all__json=dumps(listing(*OBJECTS))))},
    "tar.bz2": {"all.tar.bz2": tar("w:bz2", all__json=dumps(listing(*OBJECTS)))},
    "gz in tar": {"all.tar": tar("w:", all__json__gz=gzip.compress(dumps(listing(*OBJECTS))))},
    "zip": {"all.zip": bytes(zipped(**{f"{n}__json": dumps(o) for n, o in enumerate(OBJECTS)}))},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_dump_gives_the_same_resources(tmp_path: Path, form: str) -> None:
    for name, data in FORMS[form].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    seen = read(tmp_path)
    assert seen.reasons == ""
    assert {kind: seen.of(kind) for kind in expected()} == expected()
    assert seen.tallies == {
        "Deployment": (1, 1, 0),
        "EndpointSlice": (1, 1, 0),
        "Namespace": (2, 2, 0),
        "Pod": (1, 1, 0),
        "ReplicaSet": (1, 1, 0),
        "Route": (1, 1, 0),
        "Secret": (1, 0, 0),
        "Service": (1, 1, 0),
    }


def test_each_listing_is_a_scope_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_bytes(dumps(listing(*OBJECTS)))
    assert read(tmp_path).scopes == {
        ("cluster", ""): {"cluster-uid"},
        ("ingress", "routes.route.openshift.io"): {"Route/front"},
        ("namespace", "namespaces"): {"cluster-uid", "ns-shop"},
        ("pod", "pods"): {"Pod/web-5d-x"},
        ("replica_set", "owners"): set(),
        ("replica_set", "replicasets.apps"): {"ReplicaSet/web-5d"},
        ("service", "services"): {"Service/web"},
        ("workload", "deployments.apps"): {"Deployment/web"},
        ("workload", "owners"): set(),
    }


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_list_of_a_kind_without_items_is_an_answer_too(tmp_path: Path, suffix: str) -> None:
    """No pods now: those that were are gone. A kind that was not dumped says nothing."""
    path = tmp_path / f"pods.{suffix}"
    path.write_bytes((dumps if suffix == "json" else as_yaml)(raw_list("Pod", "v1")))
    scopes = read(path).scopes
    assert scopes[("pod", "pods")] == set()
    assert ("service", "services") not in scopes


def test_a_list_whose_items_are_null_is_empty(tmp_path: Path) -> None:
    """So a Go server writes a list of nothing."""
    path = tmp_path / "pods.json"
    path.write_bytes(dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": None}))
    seen = read(path)
    assert (seen.scopes[("pod", "pods")], seen.reasons) == (set(), "")


def test_a_list_of_unknown_kind_without_items_says_nothing_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "pods.json"
    path.write_bytes(dumps(listing()))
    assert read(path).snapshots == []


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_an_object_whose_kind_ends_in_list_is_an_object(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes((dumps if suffix == "json" else as_yaml)(wire("AccessList", "a", "example.com/v1", spec={"a": 1})))
    assert read(path).tallies == {"AccessList": (1, 0, 0)}


def test_times_in_yaml_stay_what_they_are_quoted_or_not(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  uid: a\n  creationTimestamp: {}\n"
    path.write_text("---\n".join([text.format("2024-03-05T06:07:08Z"), text.format('"2024-03-05T06:07:08Z"')]))
    assert [p.created_at for p in read(path).of("pod")] == [datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC)]


def test_a_yaml_equals_sign_is_text(tmp_path: Path) -> None:
    """YAML 1.1 has a type for a lone `=`, which no Kubernetes printer quotes."""
    path = tmp_path / "a.yaml"
    path.write_bytes(as_yaml(pod("a")) + b"spec:\n  matchers:\n  - {name: a, matchType: =}\n")
    seen = read(path)
    assert (seen.names("pod"), seen.reasons) == (["a"], "")


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    for name in (".git/config.json", ".DS_Store", "pods/.swp", "..data/pods.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{broken")
    (tmp_path / "pods" / "a.json").write_bytes(dumps(pod("a")))
    seen = read(tmp_path)
    assert (seen.names("pod"), seen.reasons) == (["a"], "")


def test_a_folder_without_files_yields_no_snapshot(tmp_path: Path) -> None:
    """Nothing was listed, so nothing is gone."""
    seen = read(tmp_path)
    assert (seen.snapshots, seen.failures) == ([], [])


def test_a_pod_may_be_behind_several_services(tmp_path: Path) -> None:
    """Other systems keep one of them, the first by id."""
    slices = [
        {**SLICE, "metadata": {"name": f"{n}-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": n}}}
        for n in ("web", "web-headless")
    ]
    headless = service("web-headless", clusterIP="None")
    (tmp_path / "all.json").write_bytes(dumps(listing(pod("web-5d-x"), service("web"), headless, *slices)))
    found = {s.name: [e.pod for e in s.endpoints] for s in read(tmp_path).of("service")}
    assert found == {"web": ["Pod/web-5d-x"], "web-headless": ["Pod/web-5d-x"]}


def test_a_slice_counts_and_the_endpoints_it_mirrors_do_not(tmp_path: Path) -> None:
    old = {**wire("Endpoints", "web"), "subsets": [{"addresses": [{"ip": "10.9.9.9"}]}]}
    (tmp_path / "all.json").write_bytes(dumps(listing(service("web"), old, SLICE)))
    assert [e.ip for e in read(tmp_path).of("service")[0].endpoints] == ["10.1.1.1"]
    (tmp_path / "all.json").write_bytes(dumps(listing(service("web"), old)))
    assert [e.ip for e in read(tmp_path).of("service")[0].endpoints] == ["10.9.9.9"]


def test_the_slices_of_both_families_are_endpoints_of_one_service(tmp_path: Path) -> None:
    six = {
        **SLICE,
        "metadata": {**SLICE["metadata"], "name": "web-6", "uid": "six"},
        "addressType": "IPv6",
        "endpoints": [{"addresses": ["fd00::1"]}],
    }
    (tmp_path / "all.json").write_bytes(dumps(listing(SLICE, service("web"), six)))
    assert [e.ip for e in read(tmp_path).of("service")[0].endpoints] == ["10.1.1.1", "fd00::1"]


def test_one_address_on_two_ports_is_two_endpoints(tmp_path: Path) -> None:
    subsets = [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": port}]} for port in (8080, 9090)]
    (tmp_path / "all.json").write_bytes(
        dumps(listing({**wire("Endpoints", "web"), "subsets": subsets}, service("web")))
    )
    found = read(tmp_path).of("service")[0].endpoints
    assert [(e.ip, e.ports[0].port) for e in found] == [("10.1.1.1", 8080), ("10.1.1.1", 9090)]


def test_a_route_to_a_service_in_another_namespace_leads_there(tmp_path: Path) -> None:
    """Gateway API lets a backend name its namespace; one of the same name stands in the route's own."""
    there = wire("Service", "web", uid="there", metadata={"namespace": "backend"}, spec={})
    version = "gateway.networking.k8s.io/v1"
    refs = [{"name": "web", "namespace": "backend", "port": 80}]
    route = wire("HTTPRoute", "r", version, spec={"rules": [{"backendRefs": refs}]})
    (tmp_path / "all.json").write_bytes(dumps(listing(service("web"), there, route)))
    assert [rule.service for rule in read(tmp_path).of("ingress")[0].rules] == ["there"]


# ---- owners over the whole of a dump


def top_of(seen: Seen, name: str) -> tuple[str, str, str]:
    """The (type, name, id) of the workload at the top of a pod's owners."""
    (found,) = (p for p in seen.of("pod") if p.name == name)
    workloads = {w.id: w for w in seen.of("workload")}
    sets = {s.id: s for s in seen.of("replica_set")}
    top = workloads[sets[found.replica_set].workload if found.replica_set else found.workload]
    while top.owner:
        top = workloads[top.owner]
    return top.type, top.name, top.id


@pytest.mark.parametrize(
    ("objects", "top"),
    [
        ([pod("p", **OWNED), REPLICA_SET, DEPLOYMENT], ("Deployment", "web", "Deployment/web")),
        ([pod("p", **OWNED), REPLICA_SET], ("Deployment", "web", "Deployment/web")),
        ([pod("p", **OWNED)], ("Deployment", "web", "Deployment/shop/web")),
        ([pod("p", **OWNED), DEPLOYMENT], ("Deployment", "web", "Deployment/web")),
    ],
    ids=["all listed", "no deployments", "pods alone", "no replica sets"],
)
def test_a_pod_has_its_deployment_whatever_was_listed_beside_it(
    tmp_path: Path, objects: list[Wire], top: tuple[str, str, str]
) -> None:
    (tmp_path / "all.json").write_bytes(dumps(listing(*objects)))
    seen = read(tmp_path)
    assert top_of(seen, "p") == top
    assert seen.names("workload") == ["web"]


def test_an_owner_that_nobody_listed_is_in_a_scope_of_its_own(tmp_path: Path) -> None:
    custom = [{"kind": "StrimziPodSet", "name": "kafka", "uid": "set-1", "controller": True}]
    (tmp_path / "pods.json").write_bytes(dumps(listing(pod("kafka-0", ownerReferences=custom))))
    seen = read(tmp_path)
    assert seen.scopes[("workload", "owners")] == {"set-1"}
    assert top_of(seen, "kafka-0") == ("StrimziPodSet", "kafka", "set-1")


# ---- duplicates


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_versions_of_an_object_the_newer_counts_in_whatever_order(tmp_path: Path, newest_first: bool) -> None:
    versions = [pod("a", "10.1.1.9", resourceVersion="9"), pod("a", "10.1.1.10", resourceVersion="10")]
    (tmp_path / "all.json").write_bytes(dumps(listing(*sorted(versions, key=str, reverse=newest_first))))
    seen = read(tmp_path)
    assert [p.ips for p in seen.of("pod")] == [("10.1.1.10",)]
    assert seen.tallies == {"Pod": (2, 1, 1)}


def test_a_pod_that_was_made_again_under_its_name_replaces_the_one_before(tmp_path: Path) -> None:
    before, after = pod("db-0", resourceVersion="5"), pod("db-0", "10.1.1.2", resourceVersion="7", uid="second")
    (tmp_path / "all.json").write_bytes(dumps(listing(after, before)))
    assert [(p.id, p.ips) for p in read(tmp_path).of("pod")] == [("second", ("10.1.1.2",))]


def test_one_name_in_two_namespaces_is_two_objects(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_bytes(dumps(listing(pod("a"), pod("a", namespace="other", uid="second"))))
    seen = read(tmp_path)
    assert seen.tallies == {"Pod": (2, 2, 0)}
    assert len(seen.of("pod")) == 2


def test_a_newer_slice_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    """Its endpoints that went are gone; and endpoints are no kind of their own."""
    older = {**SLICE, "metadata": {**SLICE["metadata"], "resourceVersion": "5"}}
    newer = {**older, "metadata": {**SLICE["metadata"], "resourceVersion": "6"}, "endpoints": []}
    newer["endpoints"] = [{"addresses": ["10.1.1.2"]}]
    (tmp_path / "all.json").write_bytes(dumps(listing(older, newer, service("web"))))
    seen = read(tmp_path)
    assert [e.ip for e in seen.of("service")[0].endpoints] == ["10.1.1.2"]
    assert seen.tallies["EndpointSlice"] == (2, 1, 1)
    assert {kind for kind, _ in seen.scopes} <= set(model.KINDS)


def test_two_kinds_of_one_name_are_two_objects(tmp_path: Path) -> None:
    """A StatefulSet and the Advanced StatefulSet that is to take its place."""
    both = [wire("StatefulSet", "db", "apps/v1"), wire("StatefulSet", "db", "apps.kruise.io/v1beta1", uid="advanced")]
    (tmp_path / "all.json").write_bytes(dumps(listing(*both)))
    seen = read(tmp_path)
    assert seen.tallies == {"StatefulSet": (2, 2, 0)}
    assert seen.scopes[("workload", "statefulsets.apps")] == {"StatefulSet/db"}
    assert seen.scopes[("workload", "statefulsets.apps.kruise.io")] == {"advanced"}


def test_an_object_of_one_kind_never_hides_one_of_the_same_name_of_another(tmp_path: Path) -> None:
    both = [
        wire("StatefulSet", "db", "apps.kruise.io/v1beta1", uid="advanced", metadata={"resourceVersion": "9"}),
        wire("StatefulSet", "db", "apps/v1", metadata={"resourceVersion": "5"}),
    ]
    (tmp_path / "all.json").write_bytes(dumps(listing(*both)))
    assert {w.id for w in read(tmp_path).of("workload")} == {"StatefulSet/db", "advanced"}


def test_objects_stripped_of_their_uids_keep_ids_that_are_unique_in_their_kind(tmp_path: Path) -> None:
    objects = [wire("Deployment", "db", "apps/v1", uid=""), wire("StatefulSet", "db", "apps/v1", uid="")]
    (tmp_path / "all.json").write_bytes(dumps(listing(*objects)))
    found = read(tmp_path).of("workload")
    assert len(found) == 2
    assert len({w.id for w in found}) == 2, "a workload is one by its id"


# ---- the cluster


def test_a_cluster_is_the_uid_of_kube_system(tmp_path: Path) -> None:
    version = {"nodeInfo": {"kubeletVersion": "v1.31.0"}}
    objects = [pod("a"), wire("Node", "n", status=version), NAMESPACE]
    (tmp_path / "all.json").write_bytes(dumps(listing(*objects)))
    seen = read(tmp_path, "prod")
    assert seen.of("cluster") == [model.Cluster(source="prod", id="cluster-uid", name="prod", version="v1.31.0")]
    assert {r.cluster for kind in ("pod", "node", "namespace") for r in seen.of(kind)} == {"cluster-uid"}


def test_a_cluster_without_kube_system_is_the_sources_name(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_bytes(dumps(listing(pod("a"), SHOP)))
    seen = read(tmp_path, "prod")
    assert seen.of("cluster") == [model.Cluster(source="prod", id="prod", name="prod")]
    assert [p.cluster for p in seen.of("pod")] == ["prod"]


def test_nodes_of_different_versions_leave_the_clusters_version_open(tmp_path: Path) -> None:
    nodes = [wire("Node", v, status={"nodeInfo": {"kubeletVersion": v}}) for v in ("v1.30.1", "v1.31.0")]
    (tmp_path / "all.json").write_bytes(dumps(listing(*nodes)))
    assert [c.version for c in read(tmp_path).of("cluster")] == [""]


def test_two_clusters_in_one_source_are_refused_and_both_are_named(tmp_path: Path) -> None:
    other = {**NAMESPACE, "metadata": {"name": "kube-system", "uid": "other-uid"}}
    (tmp_path / "a.json").write_bytes(dumps(listing(NAMESPACE, pod("a"))))
    (tmp_path / "b.yaml").write_bytes(as_yaml(other))
    seen = read(tmp_path)
    assert seen.snapshots == []
    (failure,) = seen.failures
    for word in ("2 clusters", "cluster-uid in a.json", "other-uid in b.yaml", "configure a source for each"):
        assert word in failure.error


# ---- several moments


def moments_of(folder: Path, *dumped: tuple[int, list[Wire]]) -> Config:
    """A source with a dump at each hour."""
    found = []
    for hour, objects in dumped:
        path = folder / f"{hour}.json"
        path.write_bytes(dumps(listing(*objects)))
        found.append(Moment(str(path), NOON + timedelta(hours=hour)))
    return Config(name="dump", snapshots=tuple(found))


def test_moments_come_in_order_of_time_each_with_what_it_shows(tmp_path: Path) -> None:
    config = moments_of(tmp_path, (2, [pod("b")]), (0, [pod("a")]), (1, [pod("a"), pod("b")]))
    found = [
        (s.observed_at, sorted(r.name for r in s.resources)) for s in run(config).snapshots if s.scope.kind == "pod"
    ]
    assert found == [
        (NOON, ["a"]),
        (NOON + timedelta(hours=1), ["a", "b"]),
        (NOON + timedelta(hours=2), ["b"]),
    ]


def test_every_snapshot_of_a_moment_is_of_that_moment(tmp_path: Path) -> None:
    seen = run(moments_of(tmp_path, (3, OBJECTS)))
    assert {s.observed_at for s in seen.snapshots} == {NOON + timedelta(hours=3)}
    assert {kind: seen.of(kind) for kind in expected()} == expected()


def test_the_cluster_is_one_over_all_moments_though_one_alone_tells_its_uid(tmp_path: Path) -> None:
    seen = run(moments_of(tmp_path, (0, [pod("a")]), (1, [pod("a"), NAMESPACE]), (2, [pod("a")])))
    assert [p.cluster for p in seen.of("pod")] == ["cluster-uid"] * 3
    assert [c.id for c in seen.of("cluster")] == ["cluster-uid"] * 3


def test_a_pod_of_one_moment_is_no_repetition_of_that_of_another(tmp_path: Path) -> None:
    seen = run(moments_of(tmp_path, (0, [pod("a")]), (1, [pod("a")])))
    tallies = [b for b in seen.batches if isinstance(b, model.Tally)]
    assert tallies == [model.Tally("dump", "Pod", 1, 1, 0)] * 2


def test_two_dumps_of_one_moment_are_refused(tmp_path: Path) -> None:
    config = moments_of(tmp_path, (0, [pod("a")]))
    with pytest.raises(ValueError, match=r"0\.json .* are both of 2024-03-05T12:00:00\+00:00"):
        msgspec.structs.replace(config, snapshots=config.snapshots * 2)


def test_a_dump_seen_now_is_of_now(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dumps(pod("a")))
    before = datetime.now(UTC)
    seen = read(tmp_path)
    assert all(before <= s.observed_at <= datetime.now(UTC) for s in seen.snapshots)


@pytest.mark.parametrize(
    "config",
    [
        {"name": "dump"},
        {"name": "dump", "path": "a", "snapshots": [{"path": "b", "at": "2024-03-05T12:00:00Z"}]},
        {"name": "dump", "snapshots": [{"path": "b", "at": "2024-03-05T12:00:00"}]},
        {"name": "dump", "path": "a", "paths": "b"},
    ],
    ids=["neither", "both", "no zone", "unknown"],
)
def test_a_config_that_does_not_say_what_to_read_is_refused(config: Wire) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(config, Config)


# ---- Tagweave's own resource files

_OWN: Final[dict[str, Any]] = {"name": "one", "labels": {"team": "shop"}, "created_at": NOON}
_KUBE: Final[dict[str, Any]] = {**_OWN, "cluster": "c", "namespace": "shop"}
_DATABASE: Final[dict[str, Any]] = {
    **_OWN,
    "region": "r",
    "az": "z",
    "vpc": "v",
    "subnets": ("s",),
    "ips": ("10.2.0.1", "fd00::1"),
    "port": 3306,
    "engine": "mysql",
    "version": "8.0",
    "state": "available",
}

EVERY_KIND: Final[list[model.Resource]] = [
    model.Region(id="r", **_OWN),
    model.AvailabilityZone(id="z", region="r", **_OWN),
    model.Vpc(id="v", region="r", cidrs=("10.0.0.0/8", "fd00::/48"), **_OWN),
    model.Subnet(id="s", vpc="v", az="z", region="r", cidrs=("10.2.0.0/24",), router="rt", **_OWN),
    model.Router(
        id="rt", vpc="v", region="r", routes=(model.Route("0.0.0.0/0", "nat_gateway", "n"),), subnets=("s",), **_OWN
    ),
    model.SecurityGroup(
        id="sg",
        vpc="v",
        region="r",
        rules=(model.SecurityRule("ingress", "tcp", "443", "0.0.0.0/0", "deny"), model.SecurityRule("egress")),
        **_OWN,
    ),
    model.VM(
        id="i-1",
        region="r",
        az="z",
        vpc="v",
        host="h",
        state="running",
        instance_type="m5.large",
        interfaces=(
            model.Interface("eni-1", "02:00:00:00:00:01", "s", ("10.2.0.9", "fd00::9"), ("54.1.2.3",), ("sg",)),
        ),
        **_OWN,
    ),
    model.NatGateway(
        id="n",
        region="r",
        vpc="v",
        subnets=("s",),
        private_ips=("10.2.0.2",),
        public_ips=("54.1.2.4",),
        rules=(model.NatRule("dnat", "tcp", "54.1.2.4", "80", "10.2.0.9", "8080"),),
        **_OWN,
    ),
    model.LoadBalancer(
        id="lb",
        region="r",
        vpc="v",
        subnets=("s",),
        scheme="internet",
        ips=("54.1.2.5",),
        dns_name="lb.example.com",
        listeners=(model.Listener("TCP", 443, (model.Target("i-1", "", 8443), model.Target("", "10.2.0.9"))),),
        **_OWN,
    ),
    model.PeeringConnection(
        id="pcx", vpcs=(model.PeeringEnd("", "r", "v"), model.PeeringEnd("42", "r2", "v2")), state="active", **_OWN
    ),
    model.Cen(id="cen", region="r", attachments=(model.Attachment("vpc", "v", "r", "42"),), **_OWN),
    model.Rds(id="rds", **_DATABASE),
    model.Redis(id="redis", **_DATABASE),
    model.NetworkInterface(
        id="eni-2",
        region="r",
        az="z",
        vpc="v",
        subnet="s",
        mac="02:00:00:00:00:02",
        private_ips=("10.2.0.3",),
        public_ips=("54.1.2.6",),
        security_groups=("sg",),
        attached_kind="load_balancer",
        attached="lb",
        **_OWN,
    ),
    model.PublicIp(id="eip", region="r", ip="54.1.2.6", attached_kind="network_interface", attached="eni-2", **_OWN),
    model.Host(id="h", region="r", az="z", ips=("10.3.0.1",), **_OWN),
    model.Cluster(id="c", version="v1.31.0", network="n", cloud_source="acc", vpc="v", region="r", **_OWN),
    model.Node(
        id="node",
        cluster="c",
        ips=("10.2.0.9",),
        hostname="node-a",
        pod_cidrs=("10.244.0.0/24",),
        provider_id="aws:///z/i-1",
        ready=True,
        capacity={"cpu": 3.92, "memory": 2.0**34, "pods": 110.0},
        **_OWN,
    ),
    model.Namespace(id="ns", cluster="c", **_OWN),
    model.Workload(id="w", type="Deployment", owner="o", replicas=0, selector={"app": "web"}, **_KUBE),
    model.ReplicaSet(id="rs", workload="w", type="InPlaceSet", **_KUBE),
    model.Pod(
        id="pod",
        node="node-a",
        replica_set="rs",
        workload="w",
        ips=("10.244.0.9", "fd00::9"),
        host_network=True,
        phase="Failed",
        ready=True,
        containers=(model.Container("web", "abc", {"http": 8080}),),
        started_at=NOON,
        finished_at=NOON + timedelta(microseconds=5),
        deleted_at=NOON,
        **_KUBE,
    ),
    model.Service(
        id="svc",
        type="LoadBalancer",
        cluster_ips=("10.96.0.9",),
        external_ips=("192.0.2.1",),
        load_balancer_ips=("203.0.113.9",),
        external_name="db.example.com",
        ports=(model.ServicePort(80, "http", "UDP", "web", 30080),),
        selector={"app": "web"},
        endpoints=(model.Endpoint("10.244.0.9", "pod", "node-a", (model.EndpointPort("http", "UDP", 8080),)),),
        **_KUBE,
    ),
    model.Ingress(
        id="ing",
        type="HTTPRoute",
        ingress_class="nginx",
        load_balancer_ips=("203.0.113.5",),
        rules=(model.IngressRule("a.example.com", "/api", "svc", "http"),),
        tls_hosts=("a.example.com",),
        **_KUBE,
    ),
]


def own_json(resources: Iterable[model.Resource]) -> bytes:
    """What `tagweave resources -o json` prints."""
    rows = [msgspec.to_builtins(resource) for resource in resources]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"


def own_lines(resources: Iterable[model.Resource]) -> bytes:
    """What `tagweave resources -o jsonl` prints."""
    return b"".join(msgspec.json.encode(msgspec.to_builtins(resource)) + b"\n" for resource in resources)


def own_yaml(resources: Iterable[model.Resource]) -> bytes:
    """The same, written by hand."""
    return as_yaml([msgspec.json.decode(msgspec.json.encode(resource)) for resource in resources])


def test_the_sample_has_every_kind_and_every_field() -> None:
    assert [r.kind for r in EVERY_KIND] == list(model.STRUCTS)
    for resource in EVERY_KIND:
        # what is left out of the JSON is what has its default
        assert set(msgspec.to_builtins(resource)) | {"source"} == {
            "kind",
            "source",
            *type(resource).__struct_encode_fields__,
        }, resource.kind


@pytest.mark.parametrize(
    ("name", "encode"),
    [("own.json", own_json), ("own.jsonl", own_lines), ("own.yaml", own_yaml)],
    ids=["json", "json lines", "yaml"],
)
def test_what_tagweave_prints_it_reads_back(
    tmp_path: Path, name: str, encode: Callable[[Iterable[model.Resource]], bytes]
) -> None:
    (tmp_path / name).write_bytes(encode(EVERY_KIND))
    seen = read(tmp_path, "again")
    assert seen.reasons == ""
    for resource in EVERY_KIND:
        assert seen.of(resource.kind) == [msgspec.structs.replace(resource, source="again")], resource.kind
    assert {part for _, part in seen.scopes} == {""}
    assert seen.tallies == dict.fromkeys(model.STRUCTS, (1, 1, 0))


def test_a_resource_keeps_the_source_that_reads_it_not_the_one_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_bytes(own_json([model.Vpc(source="elsewhere", id="v")]))
    assert [v.source for v in read(tmp_path, "here").of("vpc")] == ["here"]


def test_a_resource_that_stands_twice_is_repeated_not_kept_twice(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_bytes(own_json([model.Vpc(id="v", name="a"), model.Vpc(id="v", name="b")]))
    seen = read(tmp_path)
    assert [v.name for v in seen.of("vpc")] == ["b"]
    assert seen.tallies == {"vpc": (2, 1, 1)}


def test_resources_and_kubernetes_objects_may_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_bytes(own_json([model.VM(id="i-1", interfaces=(model.Interface("e"),))]))
    (tmp_path / "pods.json").write_bytes(dumps(listing(pod("a"))))
    seen = read(tmp_path)
    assert (seen.names("pod"), [v.id for v in seen.of("vm")]) == (["a"], ["i-1"])


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("vm", {"interfaces": [{"private_ips": ["hello"]}]}, "'hello'"),
        ("vpc", {"cidrs": ["10.0.0.0/99"]}, "'10.0.0.0/99'"),
        ("pod", {"ips": ["10.1.1.300"]}, "'10.1.1.300'"),
        ("public_ip", {"ip": "x"}, "'x'"),
        ("rds", {"ips": ["db.example.com"]}, "'db.example.com'"),
    ],
)
def test_a_resource_whose_address_is_none_is_reported(tmp_path: Path, kind: str, fields: Wire, reason: str) -> None:
    (tmp_path / "own.json").write_bytes(dumps([{"kind": kind, "id": "x", **fields}]))
    assert reason in read(tmp_path).reasons


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("FD00:0:0::0001", "fd00::1"), ("::ffff:10.1.1.1", "10.1.1.1"), ("fe80::1%eth0", "fe80::1")],
)
def test_an_address_of_a_resource_file_is_canonical(tmp_path: Path, written: str, canonical: str) -> None:
    (tmp_path / "own.json").write_bytes(dumps([{"kind": "pod", "id": "x", "ips": [written]}]))
    assert [p.ips for p in read(tmp_path).of("pod")] == [(canonical,)]


def test_a_resource_whose_time_has_no_zone_is_reported(tmp_path: Path) -> None:
    """A naive time is no moment: the inventory could not place it."""
    (tmp_path / "own.json").write_bytes(dumps([{"kind": "vpc", "id": "v", "created_at": "2024-03-05T12:00:00"}]))
    seen = read(tmp_path)
    assert [v.created_at for v in seen.of("vpc") if v.created_at and v.created_at.tzinfo is None] == []
    assert "created_at" in seen.reasons


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "vpc", "id": ""},
        {"kind": "vpc", "id": None},
        {"kind": "vpc", "id": "v", "cidrs": "10.0.0.0/8"},
        {"kind": "vpc", "id": "v", "labels": {"a": 1}},
        {"kind": "nothing-known", "id": "v"},
    ],
    ids=["empty id", "no id", "not a list", "not text", "no such kind"],
)
def test_a_resource_of_a_wrong_shape_is_counted_or_reported_and_the_rest_taken(tmp_path: Path, row: Wire) -> None:
    (tmp_path / "own.json").write_bytes(dumps([row, {"kind": "vpc", "id": "good"}]))
    seen = read(tmp_path)
    assert [v.id for v in seen.of("vpc")] == ["good"]
    assert len(seen.defects) == 1 or seen.tallies.get("nothing-known") == (1, 0, 0)
