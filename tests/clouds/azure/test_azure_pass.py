"""What Azure alone can do to a pass, beyond what every cloud can."""

from collections.abc import Iterator

import pytest

from clouds import passes
from clouds.azure.arm import SUBSCRIPTION, WEST
from clouds.azure.estate import standard
from clouds.azure.running import REGIONS, Running, start
from clouds.server import Fault
from tagweave.model import Batch, Defect, Failure

OTHER = "fe2d1c0b-a987-4654-8321-0fedcba98765"


@pytest.fixture
def running() -> Iterator[Running]:
    made = start()
    yield made
    made.close()


def broken(batches: list[Batch]) -> list[Batch]:
    return [batch for batch in batches if isinstance(batch, Failure | Defect)]


def test_every_subscription_of_the_tenant_is_read_as_an_account_of_its_own() -> None:
    running = Running(standard(OTHER), REGIONS, 100)
    try:
        batches = passes.read(running.source(passes.POLITE))
    finally:
        running.close()
    assert broken(batches) == []
    found = passes.by_kind(batches)
    assert {kind: set(ids) for kind, ids in found.items()} == running.expected
    assert len(found["vm"]) == 2 * sum(SUBSCRIPTION in native for native in found["vm"])


def test_a_subscription_that_has_gone_is_a_failure_of_its_scopes_and_the_others_are_read(running: Running) -> None:
    """The list of subscriptions names one that has gone, as it does for a while."""
    gone = {**running.arm.estate.lists["/subscriptions"][0], "subscriptionId": OTHER, "id": f"/subscriptions/{OTHER}"}
    running.arm.estate.lists["/subscriptions"].append(gone)
    running.arm.gone = frozenset({OTHER})
    batches = passes.read(running.source(passes.POLITE))
    failed = passes.failures(batches)
    assert failed
    assert {scope.part.partition("/")[0] for scope in failed} == {OTHER}
    assert {kind: set(ids) for kind, ids in passes.by_kind(batches).items()} == running.expected


def test_no_subscription_at_all_is_a_missing_role_and_not_an_empty_tenant(running: Running) -> None:
    running.arm.estate.lists["/subscriptions"] = []
    batches = passes.read(running.source(passes.POLITE))
    assert passes.by_kind(batches) == {}
    assert any("grant" in said for said in passes.failures(batches).values())


def test_a_token_that_expires_on_the_way_is_renewed(running: Running) -> None:
    running.arm.tokens.stale = 1
    batches = passes.read(running.source(passes.POLITE))
    assert broken(batches) == []
    assert len(running.server.made("Microsoft.Entra/token")) == 2


@pytest.mark.parametrize("fault", ["throttled", "error", "cut"])
def test_a_token_service_that_fails_once_is_asked_again_and_nothing_is_lost(running: Running, fault: Fault) -> None:
    with running.server.fault("Microsoft.Entra/token", fault, times=1):
        batches = passes.read(running.source(passes.POLITE))
    assert broken(batches) == []
    assert set(passes.by_kind(batches)["vm"]) == running.expected["vm"]


def test_a_namespace_that_the_subscription_does_not_use_is_empty(running: Running) -> None:
    running.arm.unregistered = frozenset({"microsoft.sql"})
    batches = passes.read(running.source(passes.POLITE))
    assert broken(batches) == []
    rest = {native for native in running.expected["rds"] if "microsoft.sql" not in native}
    assert set(passes.by_kind(batches)["rds"]) == rest


def test_a_wrong_secret_is_told_and_not_shown(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "a-secret-of-another-year")
    failed = passes.failures(passes.read(running.source(passes.POLITE)))
    assert failed
    assert all("AADSTS7000215" in said for said in failed.values())
    assert not any("another-year" in said for said in failed.values())


def test_machines_are_in_the_physical_zones_that_their_subscription_means(running: Running) -> None:
    """Logical zones are numbered by each subscription; a flexible set's machines are machines; edges are zones."""
    found = {one.name: one for one in passes.by_kind(passes.read(running.source(passes.POLITE)))["vm"].values()}
    zones = {name: one.az for name, one in found.items()}  # type: ignore[attr-defined]
    assert zones == {
        "web-1": f"{WEST}-az1",
        "web-2": f"{WEST}-az3",
        "north-1": "northeurope-az3",
        "edge-1": "edgeamsterdam1",
        "scale-web_0": f"{WEST}-az1",
        "scale-web_3": f"{WEST}-az3",
        "scale-flex_1a2b3c4d": "",
        "scale-north_12": "",
        "aks-nodepool1-20517384-vmss_0": "",
    }
    states = {name: one.state for name, one in found.items()}  # type: ignore[attr-defined]
    assert (states["web-1"], states["web-2"], states["scale-web_3"]) == ("running", "deallocated", "stopped")
