"""Bodies in Arrow's format: what is not sound is refused, and what ends its reader ends nothing else."""

import asyncio
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest
import requests

from tagweave.errors import InputError
from tagweave.server.gate import BodyCrash, Gate

from .service import Service, begin, write

ARROW: Final = "application/vnd.apache.arrow.stream"
JSON_LINES: Final = "application/x-ndjson"
NOON: Final = "2026-01-01T12:00:00Z"
DYING: Final = """\
import json, os, signal, sys, time
for line in sys.stdin:
    with open(json.loads(line), "rb") as body:
        text = body.read()
    if b"die" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"leave" in text:
        sys.exit(3)
    if b"wait" in text:
        time.sleep(60)
    print(json.dumps("refused" if b"bad" in text else ""), flush=True)
"""
"""A process that reads bodies, and does what they say: no body is known that ends the real one."""


def stream(*values: bytes | None, times: int = 1) -> bytes:
    columns = {"time": [NOON] * len(values), "src_ip": ["10.244.0.5"] * len(values), "x": pa.array(values, pa.binary())}
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(times):
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


GOOD: Final = stream(b"one", b"two", None)
FAR: Final = 8 << 20
LYING: Final = GOOD.replace(struct.pack("<4i", 0, 3, 6, 6), struct.pack("<4i", 0, 3, FAR, 6))
"""The end of the second value is 8 MB behind the data: the record would hold what is in the memory of the service."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("bodies")
    write(folder)
    running = begin(folder)
    yield running
    assert running.end() == 0


def tagged(service: Service, body: bytes, accept: str = JSON_LINES) -> requests.Response:
    return service.post("/api/v1/tag?tag=k8s.pod.name", body, content_type=ARROW, accept=accept)


@pytest.mark.parametrize("accept", [JSON_LINES, ARROW])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (LYING, "batch 1, behind record 0, is not sound: In column 2: "),
        (stream(b"one", b"two", None, times=2)[:-120], "batch 2, behind record 3, is not sound: "),
        (GOOD[:100], "the body is no Arrow stream: "),
        (b"not an Arrow stream", "the body is no Arrow stream: "),
        (GOOD.replace(b"src_ip", b"src_\xffp"), "the body is no Arrow stream: 'utf-8' codec"),
    ],
    ids=["it lies", "cut in the second batch", "cut in the schema", "no stream", "a name that is no text"],
)
def test_a_body_that_is_not_sound_is_refused_whole_with_the_reason(
    body: bytes, words: str, accept: str, service: Service
) -> None:
    answer = tagged(service, body, accept)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert len(answer.content) < 1000
    assert "/tmp" not in answer.text
    assert tagged(service, GOOD).status_code == 200


def test_the_records_of_others_never_come_out_with_ones_own(service: Service) -> None:
    theirs = b"a secret of somebody else"
    for _ in range(4):
        assert tagged(service, stream(theirs * 1000, None)).status_code == 200
        assert theirs not in tagged(service, LYING).content


def test_a_time_beyond_every_calendar_is_a_bad_record_of_a_good_answer(service: Service) -> None:
    moments = pa.array([2**63 - 1, -(2**63)], pa.int64()).cast(pa.timestamp("us", "UTC"))
    batch = pa.RecordBatch.from_pydict({"time": moments, "src_ip": ["10.244.0.5"] * 2})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    answer = tagged(service, sink.getvalue().to_pybytes())
    assert answer.status_code == 200
    assert json.loads(answer.headers["tagweave-report"])["bad"] == 2


def test_json_lines_need_no_process_of_their_own(tmp_path: Path) -> None:
    write(tmp_path)
    running = begin(tmp_path)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    try:
        record = json.dumps({"time": NOON, "src_ip": "10.244.0.5"}).encode()
        assert running.post("/api/v1/tag", record, content_type=JSON_LINES).status_code == 200
        assert children.read_text().split() == []
        assert tagged(running, GOOD).status_code == 200
        assert len(children.read_text().split()) == 1
        (child,) = children.read_text().split()
    finally:
        assert running.end() == 0
    assert not Path(f"/proc/{child}").exists()


def test_a_body_that_ends_its_reader_is_a_500_for_its_request_and_the_service_goes_on(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "dying.py").write_text(DYING)
    (tmp_path / "serving.py").write_text(
        "import functools, sys\n"
        "from tagweave.server import api\n"
        "api.Gate = functools.partial(api.Gate, program=(sys.executable, 'dying.py'))\n"
        "from tagweave.cli.main import run\nrun()\n"
    )
    running = begin(tmp_path, program=(sys.executable, str(tmp_path / "serving.py")))
    try:
        for times in (1, 2):
            answer = tagged(running, stream(b"die"))
            assert answer.status_code == 500
            assert answer.json() == {
                "error": "the body ended the process that reads it, by SIGSEGV: it is no sound Arrow stream"
            }
            assert tagged(running, GOOD).status_code == 200
            assert f"tagweave_body_crashes_total {times}.0" in running.get("/metrics").text
            assert running.get("/healthz").ok
        assert [line["event"] for line in running.log()].count("a body crashed its reader") == 2
    finally:
        assert running.end() == 0


# ---- the gate by itself


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    (tmp_path / "dying.py").write_text(DYING)
    for word in ("good", "bad", "die", "leave", "wait"):
        (tmp_path / word).write_text(word)
    return tmp_path


class Crashes:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def gate(bodies: Path, crashes: Crashes, patience: float = 20.0) -> Gate:
    return Gate(crashes, (sys.executable, str(bodies / "dying.py")), patience)


def test_only_the_body_that_ends_its_reader_fails_however_many_are_read_at_once(bodies: Path) -> None:
    async def many() -> list[BaseException | None]:
        crashes = Crashes()
        one = gate(bodies, crashes)
        words = ["good", "die", "good", "bad", "good", "die", "good"] * 3
        found = await asyncio.gather(*(one.check(bodies / word) for word in words), return_exceptions=True)
        await one.close()
        assert crashes.count == 6
        expected = {"good": type(None), "die": BodyCrash, "bad": InputError}
        assert [type(what) for what in found] == [expected[word] for word in words]
        return found

    asyncio.run(many())


def test_a_reader_that_ended_while_nobody_asked_is_replaced(bodies: Path) -> None:
    async def twice() -> None:
        crashes = Crashes()
        one = gate(bodies, crashes)
        await one.check(bodies / "good")
        os.kill(one._idle[0].pid, signal.SIGKILL)
        await one._idle[0].wait()
        await one.check(bodies / "good")
        await one.close()
        assert crashes.count == 0

    asyncio.run(twice())


def test_a_body_that_takes_for_ever_is_refused_and_its_reader_ended(bodies: Path) -> None:
    async def slow() -> None:
        one = gate(bodies, Crashes(), patience=0.5)
        with pytest.raises(InputError, match="could not be read in"):
            await one.check(bodies / "wait")
        assert one._idle == []
        one._patience = 20.0
        await one.check(bodies / "good")
        await one.close()

    asyncio.run(slow())


def test_a_reader_that_ends_by_itself_is_a_defect_and_no_crash_of_the_body(bodies: Path) -> None:
    async def left() -> None:
        crashes = Crashes()
        one = gate(bodies, crashes)
        with pytest.raises(RuntimeError, match="exit code 3"):
            await one.check(bodies / "leave")
        assert crashes.count == 0
        await one.close()

    asyncio.run(left())


def test_a_request_that_is_given_up_ends_its_reader(bodies: Path) -> None:
    async def given_up() -> None:
        one = gate(bodies, Crashes())
        task = asyncio.create_task(one.check(bodies / "wait"))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one._idle == []
        await one.check(bodies / "good")
        await one.close()

    asyncio.run(given_up())
