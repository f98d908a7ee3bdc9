"""`tagweave run` as a process of its own: what it answers over HTTP, what it refuses, and what it does when it ends."""

import gzip
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families

from .service import PROGRAM, Service, begin, dump, free_port, pod, until, write

NOON = "2026-01-01T12:00:00Z"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that only ask."""
    folder = tmp_path_factory.mktemp("run")
    write(folder, "server: {max_body_bytes: 100000}\ngroups: {team: [k8s.namespace.name]}\n")
    running = begin(folder)
    yield running
    assert running.end() == 0


# ---- refused


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/lookup", 400, "key"),
        ("/api/v1/lookup?key=10.0.0.1&at=yesterday", 400, "at=yesterday"),
        ("/api/v1/lookup?key=10.0.0.1&network=nowhere", 400, "no network is named 'nowhere'"),
        ("/api/v1/lookup?key=10.0.0.1&names=latin", 400, "otel, deepflow, ecs"),
        ("/api/v1/lookup?key=10.0.0.1&port=70000", 400, "port"),
        ("/api/v1/history?key=10.0.0.1&network=nowhere", 400, "no network is named 'nowhere'"),
        ("/api/v1/resources/colour", 400, "there is no kind 'colour'"),
        ("/api/v1/resources/pod?where=colour", 400, "expected FIELD=VALUE"),
        ("/api/v1/nothing", 404, ""),
        ("/nothing", 404, ""),
    ],
)
def test_a_wrong_request_says_what_is_wrong(path: str, status: int, words: str, service: Service) -> None:
    answer = service.get(path)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("data", "headers", "status", "words"),
    [
        (b"<a/>", {"content_type": "application/xml"}, 415, "expected application/x-ndjson or "),
        (b"x", {"content_type": "application/x-ndjson", "content_encoding": "br"}, 415, "gzip"),
        (b"no gzip", {"content_encoding": "gzip"}, 400, "no gzip"),
        (gzip.compress(b'{"time":1}\n')[:-9], {"content_encoding": "gzip"}, 400, "breaks off"),
        (b"x" * 100_001, {}, 413, ""),
        (gzip.compress(b" " * 100_001), {"content_encoding": "gzip"}, 413, "100,000 bytes unpacked"),
        (gzip.compress(b'{"time":1}\n'), {}, 415, "Content-Encoding: gzip"),
        (b"", {}, 400, "empty"),
        (b'{"a":1}\n', {}, 400, "no column is known to be"),
    ],
    ids=["a type", "a coding", "no gzip", "half a gzip", "too large", "a bomb", "packed, not said", "empty", "columns"],
)  # fmt: skip
def test_records_that_cannot_be_taken_are_refused_with_the_reason(
    data: bytes, headers: dict[str, str], status: int, words: str, service: Service
) -> None:
    answer = service.post("/api/v1/tag", data, **headers)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


# ---- answered


def command(service: Service, *arguments: str) -> Any:
    done = subprocess.run(
        [PROGRAM, *arguments, "--data-dir", "data", "-o", "json"],
        cwd=service.folder, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        (f"/api/v1/lookup?key=10.244.0.5&at={NOON}", ("lookup", "10.244.0.5", "--at", NOON)),
        (f"/api/v1/lookup?key=web/a&at={NOON}&names=ecs", ("lookup", "web/a", "--at", NOON, "--names", "ecs")),
        (
            f"/api/v1/lookup?key=192.0.2.1&at={NOON}&network=shop",
            ("lookup", "192.0.2.1", "--at", NOON, "--network", "shop"),
        ),
        ("/api/v1/history?key=10.244.0.6", ("history", "10.244.0.6")),
        ("/api/v1/resources/pods?where=name=a", ("resources", "pods", "--where", "name=a")),
        (f"/api/v1/resources/pod?at={NOON}&source=shop", ("resources", "pod", "--at", NOON, "--source", "shop")),
    ],
)  # fmt: skip
def test_http_answers_as_the_command_does(path: str, arguments: tuple[str, ...], service: Service) -> None:
    answer = service.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == command(service, *arguments)
    assert answer.json()


def test_resources_come_page_by_page_with_a_link_to_the_next(service: Service) -> None:
    path, found = "/api/v1/resources/pods?limit=1&where=namespace=web&contains=", []
    whole = service.get("/api/v1/resources/pods?where=namespace=web").json()
    while path:
        answer = service.get(path)
        assert len(answer.json()) == 1
        found += answer.json()
        link = answer.headers.get("link", "")
        assert not link or link.startswith("</api/v1/resources/pods?limit=1&where=namespace%3Dweb")
        path = link.removeprefix("<").removesuffix('>; rel="next"')
    assert found == whole
    assert len(whole) == 2


@pytest.mark.parametrize(
    ("asked", "words"), [("limit=0", "limit"), ("limit=10001", "limit"), ("after=pod-a", "the cursor of a page before")]
)
def test_a_page_that_is_none_is_refused(asked: str, words: str, service: Service) -> None:
    answer = service.get(f"/api/v1/resources/pods?{asked}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_sources_are_those_of_the_command(service: Service) -> None:
    found, expected = service.get("/api/v1/sources").json(), command(service, "sources")
    for row in (*found, *expected):
        row.pop("age_seconds")
    assert found == expected
    assert {row["kind"]: row["count"] for row in found} == {"cluster": 1, "pod": 2, "replica_set": 0, "workload": 0}


RECORDS = [
    {"time": NOON, "src_ip": "10.244.0.5", "dst_ip": "10.244.0.6", "n": 1},
    {"time": NOON, "src_ip": "10.244.0.6", "dst_ip": "192.0.2.1", "n": 2},
]
LINES = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)
TAGGED = [
    {**RECORDS[0], "source.k8s.pod.name": "a", "destination.k8s.pod.name": "b"},
    {**RECORDS[1], "source.k8s.pod.name": "b"},
]


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_json_lines_come_back_with_their_tags_and_a_report(coding: str, service: Service) -> None:
    data = gzip.compress(LINES) if coding else LINES
    headers = {"content_encoding": coding} if coding else {}
    answer = service.post("/api/v1/tag?tag=k8s.pod.name", data + b"", **headers)
    assert answer.status_code == 200
    assert [json.loads(line) for line in answer.content.splitlines()] == TAGGED
    report = json.loads(answer.headers["tagweave-report"])
    assert report["records"] == 2
    assert report["sides"] == {"source": {"matched": 2}, "destination": {"matched": 1, "unknown_address": 1}}


def test_a_bad_line_comes_back_as_it_was_and_is_in_the_report(service: Service) -> None:
    answer = service.post("/api/v1/tag?tag=k8s.pod.name", LINES + b"{broken\n")
    assert answer.content.splitlines()[2] == b"{broken"
    assert json.loads(answer.headers["tagweave-report"])["first_bad"][0]["record"] == 3


def test_an_arrow_stream_comes_back_as_one_or_as_json_lines(service: Service) -> None:
    table = pa.Table.from_pylist(RECORDS)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    arrow = "application/vnd.apache.arrow.stream"
    same = service.post("/api/v1/tag?tag=k8s.pod.name", out.getvalue(), content_type=arrow)
    assert same.headers["content-type"] == arrow
    rows = pa.ipc.open_stream(same.content).read_all().to_pylist()
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == TAGGED
    other = service.post(
        "/api/v1/tag?tag=k8s.pod.name", out.getvalue(), content_type=arrow, accept="application/x-ndjson"
    )
    assert [json.loads(line) for line in other.content.splitlines()] == TAGGED


def test_metrics_tell_what_each_scope_holds_and_what_was_asked(service: Service) -> None:
    service.get("/api/v1/lookup?key=10.244.0.5")
    service.post("/api/v1/tag", LINES)
    families = {f.name: f for f in text_string_to_metric_families(service.get("/metrics").text)}
    held = {s.labels["kind"]: s.value for s in families["tagweave_resources"].samples}
    assert held["pod"] == 2
    statuses = {(s.labels["kind"], s.labels["status"]): s.value for s in families["tagweave_scope_status"].samples}
    assert (statuses["pod", "fresh"], statuses["pod", "stale"]) == (1, 0)
    asked = [
        s for s in families["tagweave_request_seconds"].samples
        if s.name.endswith("_count") and s.labels == {"path": "/api/v1/lookup", "status": "200"}
    ]  # fmt: skip
    assert asked[0].value >= 1
    assert {s.labels["reason"] for s in families["tagweave_tagged_ends"].samples} >= {"matched", "unknown_address"}


def test_openapi_describes_every_route(service: Service) -> None:
    schema = service.get("/api/v1/schema/openapi.json").json()
    assert set(schema["paths"]) >= {
        "/api/v1/sources", "/api/v1/resources/{kind}", "/api/v1/lookup", "/api/v1/history", "/api/v1/tag",
        "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    assert all(
        operation.get("description") or operation.get("summary")
        for path in schema["paths"].values()
        for operation in path.values()
    )


def test_the_log_is_one_json_object_a_line(service: Service) -> None:
    assert {"event": "serving", "level": "info"}.items() <= service.log()[0].items()


# ---- tokens


def test_the_api_asks_for_a_token_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("first-secret\nsecond-secret\n")
    write(tmp_path, "server: {token_file: tokens}\n")
    running = begin(tmp_path)
    try:
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic first-secret"}):
            refused = running.get("/api/v1/sources", headers=header)
            assert refused.status_code == 401
            assert "Authorization: Bearer" in refused.json()["error"]
        for token in ("first-secret", "second-secret"):
            assert running.get("/api/v1/sources", headers={"authorization": f"Bearer {token}"}).ok
        assert running.get("/healthz").ok
    finally:
        running.end()
    assert "secret" not in (tmp_path / "log").read_text()


# ---- change, end, restart


def test_what_changes_is_answered_after_the_next_pass(tmp_path: Path) -> None:
    write(tmp_path, interval=0.2)
    running = begin(tmp_path)

    def owner() -> str | None:
        tags = running.get("/api/v1/lookup?key=10.244.0.5").json()["tags"]
        return tags.get("k8s.pod.name")

    try:
        assert owner() == "a"
        new = tmp_path / "new.json"
        new.write_text(dump(pod("c", "10.244.0.5"), pod("b", "10.244.0.6")))
        new.replace(tmp_path / "shop.json")
        until(lambda: owner() == "c")
        holders = [one["name"] for one in running.get("/api/v1/history?key=10.244.0.5").json()]
        assert holders[-1] == "c"
    finally:
        assert running.end() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_after_a_restart_the_last_known_tags_are_there_at_once_and_said_to_be_stale(
    how: signal.Signals, tmp_path: Path
) -> None:
    write(tmp_path)
    code = begin(tmp_path).end(how)
    assert code == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    (tmp_path / "shop.json").unlink()
    running = begin(tmp_path, ready=False)
    try:
        assert running.get("/readyz").ok
        assert running.get("/api/v1/lookup?key=10.244.0.5").json()["tags"]["k8s.pod.name"] == "a"
        until(lambda: any(row["error"] for row in running.get("/api/v1/sources").json()))
        assert running.get("/api/v1/lookup?key=10.244.0.5").json()["tags"]["k8s.pod.name"] == "a"
    finally:
        running.end()


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_refused(listen: str, tmp_path: Path) -> None:
    write(tmp_path)
    done = subprocess.run(
        [PROGRAM, "run", "--listen", listen, "--data-dir", "data"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"expected HOST:PORT" in done.stderr


def test_a_second_writer_is_refused_by_name_and_readers_are_not(tmp_path: Path) -> None:
    write(tmp_path)
    running = begin(tmp_path)

    def tagweave(*arguments: str) -> "subprocess.CompletedProcess[str]":
        program = [PROGRAM, "--config", "tagweave.yaml", "--data-dir", "data", *arguments]
        return subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    try:
        for second in (("sync",), ("run", "--listen", f"127.0.0.1:{free_port()}"), ("index", "rebuild")):
            refused = tagweave(*second)
            assert refused.returncode == 1
            assert f"is being written to by process {running.process.pid} on " in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
        assert tagweave("lookup", "10.244.0.5").returncode == 0
    finally:
        assert running.end() == 0
    assert tagweave("sync").returncode == 0
