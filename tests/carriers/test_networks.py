"""Which network a record is of: its own word first, then where it was seen, then what was said for all of them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tagweave.carriers.columns import Options, Report, tag
from tagweave.errors import LookupKeyError
from tagweave.index.opening import TagIndex
from tagweave.model import VM, Cluster, Interface, Node, Pod, Subnet, Vpc
from tagweave.model.times import FOREVER, to_ns

from .making import index_of_spans

TEN: Final = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOST: Final = "host.name"
SAME: Final = "10.0.0.5"
"""An address that there is in both VPCs."""


def minute(n: int) -> int:
    return to_ns(TEN + timedelta(minutes=n))


def vm(n: int) -> VM:
    card = Interface(id=f"eni-{n}", mac=f"02:00:00:00:00:0{n}", subnet=f"subnet-{n}", private_ips=(SAME, f"10.0.{n}.9"))
    return VM(source="acme", id=f"i-{n}", name=f"db-{n}", vpc=f"vpc-{n}", interfaces=(card,))


def vpc(n: int, name: str) -> Vpc:
    return Vpc(source="acme", id=f"vpc-{n}", name=name, cidrs=("10.0.0.0/16",))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> TagIndex:
    """Two VPCs with the same ranges, whose names are swapped at 10:30; a cluster in the first one."""
    spans = [
        (vpc(1, "blue"), minute(0), minute(30)),
        (vpc(1, "green"), minute(30), FOREVER),
        (vpc(2, "green"), minute(0), minute(30)),
        (vpc(2, "blue"), minute(30), FOREVER),
        *((Subnet(source="acme", id=f"subnet-{n}", vpc=f"vpc-{n}", cidrs=("10.0.0.0/16",)), minute(0), FOREVER)
          for n in (1, 2)),
        (vm(1), minute(0), FOREVER),
        (vm(2), minute(0), FOREVER),
        (Vpc(source="acme", id="vpc-3", name="twin", cidrs=("10.3.0.0/16",)), minute(0), FOREVER),
        (Vpc(source="acme", id="vpc-4", name="twin", cidrs=("10.4.0.0/16",)), minute(0), FOREVER),
        (Cluster(source="k", id="k", name="k", vpc="vpc-1", cloud_source="acme"), minute(0), FOREVER),
        (Node(source="k", id="n-1", name="node-1", cluster="k", ips=("10.0.1.9",), provider_id="aws:///a/i-1"),
         minute(0), FOREVER),
        (Pod(source="k", id="p-1", name="web", cluster="k", namespace="shop", node="node-1", ips=("172.20.0.2",),
             phase="Running"), minute(0), FOREVER),
    ]  # fmt: skip
    return index_of_spans(tmp_path_factory.mktemp("networks"), spans, minute(600))


Ask = Callable[..., tuple[list[Any], Report]]


@pytest.fixture
def ask(index: TagIndex, tmp_path: Path) -> Ask:
    """The sources' hosts of records, and the reasons."""

    def asked(*records: Mapping[str, Any], **options: Any) -> tuple[list[str | None], Report]:
        rows = [{"time": "2026-01-01T10:10:00Z", "src_ip": SAME, **record} for record in records]
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        report = tag(str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), index, Options(tags=(HOST,), **options))
        out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        return [row.get(f"source.{HOST}") for row in out], report

    return asked


LATER: Final = "2026-01-01T10:40:00Z"


def test_a_network_is_the_one_that_had_the_name_at_the_time_of_the_record(ask: Ask) -> None:
    records = [{"network": "blue"}, {"network": "blue", "time": LATER}, {"network": "green", "time": LATER}]
    assert ask(*records)[0] == ["db-1", "db-2", "db-1"]


def test_so_is_the_network_that_was_named_for_all_records(ask: Ask) -> None:
    assert ask({}, {"time": LATER}, network="blue")[0] == ["db-1", "db-2"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "^no network is named 'nowhere'; there are: .*vpc-1"),
        ("twin", "^2 networks are named 'twin'; name one of: acme/vpc-3, acme/vpc-4"),
    ],
)
def test_a_name_that_never_means_one_network_is_refused_with_the_choices(name: str, message: str, ask: Ask) -> None:
    with pytest.raises(LookupKeyError, match=message):
        ask({}, network=name)


def test_a_record_that_names_no_network_that_there_is_gets_no_tags_and_is_counted(ask: Ask) -> None:
    hosts, report = ask({"network": "nowhere"}, {"network": "twin"}, {"vpc_id": "vpc-2"})
    assert hosts == [None, None, "db-2"]
    assert report.sides["source"] == {"unknown_network": 2, "matched": 1}


def test_without_a_network_an_address_of_two_is_ambiguous(ask: Ask) -> None:
    hosts, report = ask({})
    assert hosts == [None]
    assert report.sides["source"] == {"ambiguous": 1}


@pytest.mark.parametrize("column", ["interface-id", "interface_id", "eni", "eni-id", "eniId", "interfaceId"])
def test_an_interface_says_in_which_network_both_ends_were_seen(column: str, ask: Ask) -> None:
    assert ask({column: "eni-1"}, {column: "eni-2"})[0] == ["db-1", "db-2"]


@pytest.mark.parametrize("column", ["subnet-id", "vswitch-id"])
def test_so_does_a_subnet(column: str, ask: Ask) -> None:
    assert ask({column: "subnet-1"}, {column: "subnet-2"})[0] == ["db-1", "db-2"]


def test_the_network_that_a_record_names_goes_before_where_it_was_seen(ask: Ask) -> None:
    assert ask({"vpc_id": "vpc-2", "interface-id": "eni-1"})[0] == ["db-2"]


def test_where_it_was_seen_goes_before_what_was_named_for_all(ask: Ask) -> None:
    assert ask({"interface-id": "eni-2"}, {"interface-id": "eni-9"}, network="vpc-1")[0] == ["db-2", "db-1"]


def test_an_interface_that_nobody_lists_is_as_if_it_were_not_there(ask: Ask) -> None:
    hosts, report = ask({"interface-id": "eni-9", "src_ip": "10.0.2.9"}, {"interface-id": "eni-9"})
    assert hosts == ["db-2", None]
    assert report.sides["source"] == {"matched": 1, "ambiguous": 1}


def test_an_agent_is_known_by_the_address_of_its_node(ask: Ask) -> None:
    """NetObserv's AgentIP."""
    assert ask({"AgentIP": "10.0.1.9"}, {"AgentIP": "192.0.2.1"})[0] == ["db-1", None]


def test_an_end_may_name_a_network_of_its_own(ask: Ask) -> None:
    records = [{"vpc_id": "vpc-1", "mine": None}, {"vpc_id": "vpc-1", "mine": "vpc-2"}]
    assert ask(*records, mapping={"mine": "source.network"})[0] == ["db-1", "db-2"]


def test_a_record_may_name_its_network_in_one_of_several_columns(ask: Ask) -> None:
    records = [{"cluster": "k", "vpc_id": None}, {"cluster": None, "vpc_id": "vpc-2"}, {"node": "node-1"}]
    assert ask(*records)[0] == ["db-1", "db-2", "db-1"]
