"""No secret gets out: not in a log, an answer, a metric or a message, whatever fails and wherever."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import requests

from tagweave.errors import ConfigError, StoreError
from tagweave.inventory import Inventory
from tagweave.server import tokens

from .service import PROGRAM, Service, begin, until, write

TOKEN: Final = "tok-en-7f3a91-of-one"
OTHER: Final = "tok-en-c4d2e8-of-another"
PASSWORD: Final = "hunter2-password"
IN_HANDLER: Final = "secret-in-a-handler"
IN_SOURCE: Final = "secret-in-a-source"
HEADER: Final = "secret-in-a-header"
SECRETS: Final = (TOKEN, OTHER, PASSWORD, IN_HANDLER, IN_SOURCE, HEADER)

DEFECTS: Final = f"""\
from sqlalchemy import create_engine
from tagweave.inventory import reading
from tagweave.sources.files.source import Source

def defective(*arguments):
    secret = "{IN_HANDLER}"
    nested = {{"key": [secret]}}
    raise RuntimeError("a planted defect")

def unreachable(*arguments):
    engine = create_engine("postgresql+psycopg://tagweave:{PASSWORD}@127.0.0.1:1/inventory")
    with engine.connect():
        pass

async def crashing(self):
    secret = "{IN_SOURCE}"
    raise RuntimeError("a planted crash")
    yield

reading.source_rows = defective
reading.Rows = unreachable
Source.batches = crashing
from tagweave.cli.main import run
run()
"""


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Service]:
    """A service of which a handler is defective, a store is gone and the source crashes."""
    write(tmp_path, "server: {token_file: tokens}\n")
    (tmp_path / "tokens").write_text(f"# {OTHER}\n{TOKEN}\n\n{OTHER}\n")
    (tmp_path / "failing.py").write_text(DEFECTS)
    running = begin(tmp_path, ready=False, program=(sys.executable, str(tmp_path / "failing.py")))
    yield running
    running.process.kill()
    running.process.wait()


def test_no_secret_is_in_any_log_answer_or_metric_whatever_fails(failing: Service) -> None:
    named = {"authorization": f"Bearer {TOKEN}", "x-api-key": HEADER, "cookie": f"session={HEADER}"}
    asked = {
        "/api/v1/sources": 500,
        "/api/v1/resources/pod": 500,
        "/api/v1/lookup?key=10.0.0.1&at=never": 400,
        "/api/v1/nothing": 404,
        "/metrics": 200,
        "/readyz": 503,
        "/api/v1/lookup?key=10.0.0.1": 200,
    }
    answers = []
    for path, status in asked.items():
        answer = failing.get(path, headers=named)
        assert answer.status_code == status, answer.text
        answers.append(answer)
    answers.append(failing.post("/api/v1/tag", b"{}", **named, content_type="application/xml"))
    answers.append(failing.get("/api/v1/sources", headers={"authorization": f"Bearer {TOKEN}x"}))
    answers.append(failing.get("/api/v1/sources", headers={"authorization": "Bearer p\xe4".encode("latin-1")}))
    assert [answer.status_code for answer in answers[-2:]] == [401, 401]
    answers.append(failing.get("/metrics"))
    until(lambda: "a planted crash" in (failing.folder / "log").read_text())
    log = (failing.folder / "log").read_text()
    assert log.count("a request failed") == 2
    assert "psycopg" in log  # the connection was tried, and its frames told
    told = [log, *(answer.text for answer in answers), *(str(answer.headers) for answer in answers)]
    assert {secret for secret in SECRETS if any(secret in text for text in told)} == set()
    assert '"locals"' not in log


def test_no_frame_that_the_command_shows_tells_its_variables(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "failing.py").write_text(DEFECTS)

    for arguments in (["sync", "--data-dir", "data"], ["sources", "--data-dir", "data"]):
        done = subprocess.run(
            [sys.executable, "failing.py", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert "a planted" in done.stderr
        # a frame shows its line of code, never what a variable holds
        assert not any(secret in done.stdout + done.stderr for secret in SECRETS)


# ---- the store's URL


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tagweave:{}@127.0.0.1:1/inventory",
        "postgresql://tagweave@127.0.0.1:1/inventory?password={}",
        "postgresql//tagweave:{}@127.0.0.1/inventory",
        "postgresql://tagweave:a@{}@127.0.0.1/inventory",
        "postgresql://tagweave:a/{}@127.0.0.1/inventory",
        "postgresql://tagweave@127.0.0.1:{}/inventory",
        "mysql://tagweave:{}@127.0.0.1/inventory",
        "{}",
    ],
)
def test_a_store_that_cannot_be_opened_hides_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised:
        Inventory.open(url.format(PASSWORD))
    assert PASSWORD not in str(raised.value)
    write(tmp_path, f"store: '{url.format(PASSWORD)}'\n")
    done = subprocess.run([PROGRAM, "sync"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n"), PASSWORD in done.stdout + done.stderr) == (1, 1, False)
    assert done.stderr.startswith("tagweave: ")


# ---- the file of tokens


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_comments_and_blank_lines_are_no_tokens_and_a_mark_is_no_part_of_one(end: bytes, tmp_path: Path) -> None:
    lines = [b"\xef\xbb\xbffirst", b"# a comment", b"", b"   ", b"  second  ", b"#third", b"a token#4"]
    (tmp_path / "tokens").write_bytes(end.join(lines))
    assert tokens.read(str(tmp_path / "tokens")) == [b"first", b"second", b"a token#4"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"first\n# t\xc3\xb6ken\nsecr\xc3\xa4t\n", ":3: a token has visible ASCII characters only"),
        (b"secret\x0bmore\n", ":1: a token has visible ASCII"),
        ("secret\n".encode("utf-16"), ":1: a token has visible ASCII"),
        (b"secret\x00\n", ":1: a token has visible ASCII"),
        (b"\n# only this\n", "holds no token"),
        (b"", "holds no token"),
        (None, "cannot read"),
    ],
)
def test_a_file_of_tokens_that_cannot_be_right_is_refused_with_its_line(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "tokens").write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        tokens.read(str(tmp_path / "tokens"))
    assert words in str(raised.value)
    assert "secr" not in str(raised.value)


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ("Bearer first", True),
        ("bearer  second ", True),
        ("Bearer f\u0131rst", False),
        ("Bearer p\xc3\xa4", False),
        ("Bearer \udcff", False),
        ("Bearer firs", False),
        ("Bearer ", False),
        ("Basic first", False),
        ("first", False),
        ("", False),
    ],
)
def test_a_request_has_a_token_or_has_not_and_any_header_can_be_told(header: str, right: bool) -> None:
    assert tokens.has_one(header, [b"first", b"second"]) is right


def test_a_comment_is_no_token_to_the_service(tmp_path: Path) -> None:
    write(tmp_path, "server: {token_file: tokens}\n")
    (tmp_path / "tokens").write_bytes(b"\xef\xbb\xbffirst\n# a comment\n")
    running = begin(tmp_path)

    def status(token: str) -> int:
        sent = {"authorization": f"Bearer {token}".encode()}
        return requests.get(f"{running.url}/api/v1/sources", headers=sent, timeout=10).status_code

    try:
        statuses = [status(token) for token in ("first", "# a comment", "\ufefffirst", "f\xefrst", "")]
    finally:
        assert running.end() == 0
    assert statuses == [200, 401, 401, 401, 401]
