"""`tagweave check` and `tagweave sync` as a person runs them, against the rig of AWS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clouds.aws.running import Running
from clouds.conftest import Written

CONFIG = """\
sources:
  - name: prod
    type: aws
    regions: [eu-west-1]
    home_region: eu-west-1
    endpoint: {url}
  - name: dump
    type: files
    path: dump.jsonl
"""


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.close()


@pytest.fixture
def folder(running: Running, tmp_path: Path) -> Path:
    (tmp_path / "tagweave.yaml").write_text(CONFIG.format(url=running.server.url))
    (tmp_path / "dump.jsonl").write_text(json.dumps({"kind": "vpc", "id": "vpc-1"}) + "\n")
    return tmp_path


def tagweave(folder: Path, written: Written, *arguments: str) -> Done:
    program = Path(sys.executable).parent / "tagweave"
    done = subprocess.run(
        [program, *arguments, "--data-dir", "data"] if arguments[0] != "check" else [program, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    written.add(done.stdout, done.stderr)
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_check_of_what_is_allowed_ends_well(running: Running, folder: Path, written: Written) -> None:
    done = tagweave(folder, written, "check", "-o", "json")
    rows = json.loads(done.out)
    assert done.code == 0, done.err
    assert rows[0] == {
        "source": "prod", "what": "identity", "where": "", "state": "ok", "detail": f"account {running.account}",
        "grant": "",
    }  # fmt: skip
    assert {row["state"] for row in rows} == {"ok"}
    assert {row["source"] for row in rows} == {"prod", "dump"}
    assert not (folder / "data").exists()


def test_a_check_says_what_to_grant_and_ends_partly(running: Running, folder: Path, written: Written) -> None:
    with running.server.fault("elbv2:DescribeRules", "denied"), running.server.fault("ec2:DescribeVpcs", "denied"):
        done = tagweave(folder, written, "check", "prod", "-o", "jsonl")
    assert done.code == 3
    failed = [row for row in map(json.loads, done.out.splitlines()) if row["state"] == "failed"]
    assert {row["grant"] for row in failed} == {"ec2:DescribeVpcs", "elasticloadbalancing:DescribeRules"}
    assert "prod: grant ec2:DescribeVpcs, elasticloadbalancing:DescribeRules" in done.err


def test_a_check_of_credentials_that_are_refused_ends_with_nothing(
    running: Running, folder: Path, written: Written
) -> None:
    with running.server.fault("sts:GetCallerIdentity", "denied"):
        done = tagweave(folder, written, "check", "prod")
    assert done.code == 1
    assert "identity" in done.out
    assert "AccessDenied" in done.out


def test_a_source_without_a_check_is_read_once_and_what_is_broken_is_told(folder: Path, written: Written) -> None:
    (folder / "dump.jsonl").write_text('{"kind": "vpc", "id": "vpc-1"}\n{"kind": "vpc"}\n')
    done = tagweave(folder, written, "check", "dump", "-o", "csv")
    assert done.code == 3
    assert "dump,vpc,,ok,1 resources," in done.out
    assert 'dump,objects,,failed,"1 broken, the first: ' in done.out


def test_a_source_that_is_not_configured_is_a_slip_of_the_pen(folder: Path, written: Written) -> None:
    done = tagweave(folder, written, "check", "nobody")
    assert done.code == 2
    assert done.out == ""
    assert "there is no source 'nobody'" in done.err


def test_a_sync_with_a_denied_call_is_partly_done_and_says_so(running: Running, folder: Path, written: Written) -> None:
    assert tagweave(folder, written, "sync", "prod").code == 0
    with running.server.fault("ec2:DescribeVpcs", "denied"):
        done = tagweave(folder, written, "sync", "prod", "-o", "json")
    assert done.code == 3
    rows = {(row["kind"], row["status"]): row for row in json.loads(done.out)["scopes"]}
    assert "grant ec2:DescribeVpcs" in rows["vpc", "failed"]["error"]
    listed = tagweave(folder, written, "resources", "vpc", "-o", "json")
    assert {one["id"] for one in json.loads(listed.out)} == {
        vpc for vpc in running.expected["vpc"] if running.region_of(vpc) == "eu-west-1"
    }


def test_nothing_of_it_holds_the_secret(running: Running, written: Written) -> None:
    assert [text[:200] for text in written.texts for secret in running.secrets if secret in text] == []
