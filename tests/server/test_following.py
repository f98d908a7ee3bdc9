"""Following in this process: when it is ready, how scopes fare, and what it forgets."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tagweave import config
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory, Life
from tagweave.model import Batch, Failure, Pod, Pulse, Scope, Snapshot
from tagweave.server.following import Following, lived
from tagweave.server.metrics import Metrics

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * 10**9
PODS = Scope("shop", "pod", "pods")


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Inventory]:
    opened = Inventory.open(f"sqlite:///{tmp_path}/inventory.db")
    yield opened
    opened.close()


def following(folder: Path, inventory: Inventory, text: str = "") -> Following:
    path = folder / "tagweave.yaml"
    path.write_text(f"{text}sources:\n  - {{name: shop, type: files, path: nowhere}}\n")
    place = Folder(folder / "index")
    place.path.mkdir(exist_ok=True)
    return Following(config.load(path), inventory, place, Metrics())


def until_ready(one: Following) -> None:
    end = time.monotonic() + 20
    while not one.ready():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_is_ready_when_every_source_was_tried_and_a_broken_one_holds_nobody_up(
    tmp_path: Path, inventory: Inventory
) -> None:
    one = following(tmp_path, inventory)
    assert not one.ready()
    one.start()
    until_ready(one)
    one.stop()
    (state,) = inventory.scopes()
    assert (state.status, state.life.failures) == ("stale", 1)


def test_it_is_ready_at_once_where_every_source_is_known_from_before(tmp_path: Path, inventory: Inventory) -> None:
    inventory.observe(Snapshot(PODS, (Pod(source="shop", id="a", ips=("10.0.0.1",)),), NOON))
    one = following(tmp_path, inventory)
    assert one.ready()
    assert one.index.lookup("10.0.0.1", at=NOON).match is not None


@pytest.mark.parametrize(
    ("batch", "life"),
    [
        (Pulse(PODS, NOON, "listed", 1.5), Life(list_seconds=1.5)),
        (Pulse(PODS, NOON, "bookmark"), Life(last_bookmark=NOON_NS)),
        (Pulse(PODS, NOON, "restarted", 3.0), Life(restarts=1)),
        (Pulse(PODS, NOON, "event"), Life(last_event=NOON_NS)),
        (
            Pulse(PODS, NOON, "event", happened_at=NOON - timedelta(seconds=2)),
            Life(last_event=NOON_NS, lag_seconds=2.25),
        ),
        (Pulse(PODS, NOON, "event", happened_at=NOON + timedelta(hours=1)), Life(last_event=NOON_NS, lag_seconds=0.0)),
        (Failure(PODS, "denied", NOON), Life(failures=1)),
    ],
)
def test_each_sign_of_life_says_its_own(batch: Pulse | Failure, life: Life) -> None:
    """A clock that is ahead of ours makes no event negative in age."""
    assert lived(Life(), batch, NOON_NS + 250_000_000) == life


def test_how_scopes_fare_outlives_the_process(tmp_path: Path, inventory: Inventory) -> None:
    inventory.observe(Snapshot(PODS, (), NOON))
    first = following(tmp_path, inventory)
    for batch in (Pulse(PODS, NOON, "restarted"), Pulse(PODS, NOON, "listed", 0.5), Failure(PODS, "denied", NOON)):
        first._take(batch, "shop")
    first.stop()
    again = following(tmp_path, inventory)
    again._take(Pulse(PODS, NOON, "restarted"), "shop")
    again.stop()
    (state,) = inventory.scopes()
    assert state.life == Life(list_seconds=0.5, restarts=2, failures=1)


def test_what_ended_before_the_retention_is_forgotten_by_store_and_index(tmp_path: Path, inventory: Inventory) -> None:
    then = datetime.now(UTC) - timedelta(days=40)
    inventory.observe(Snapshot(PODS, (Pod(source="shop", id="a", name="a", ips=("10.0.0.1",)),), then))
    inventory.observe(
        Snapshot(PODS, (Pod(source="shop", id="b", name="b", ips=("10.0.0.2",)),), then + timedelta(days=1))
    )
    one = following(tmp_path, inventory, "retention_days: 30\n")
    assert [h.name for h in one.index.history("10.0.0.1")] == ["a"]
    one.start()
    end = time.monotonic() + 20
    while one.index.history("10.0.0.1"):
        assert time.monotonic() < end
        time.sleep(0.02)
    one.stop()
    assert [v.resource.name for v in inventory.versions()] == ["b"]
    assert [h.name for h in one.index.history("10.0.0.2")] == ["b"]


class Clocked:
    """A followed source whose clock went back: what it says is older than what is known."""

    name = "shop"

    def __init__(self) -> None:
        self.asked: list[Scope] = []

    async def batches(self) -> AsyncIterator[Batch]:
        raise NotImplementedError
        yield

    async def follow(self) -> AsyncIterator[Batch]:
        for minute in range(3):
            yield Snapshot(PODS, (), NOON - timedelta(minutes=minute + 1))
        while not self.asked:
            await asyncio.sleep(0.01)

    def again(self, scope: Scope) -> None:
        self.asked.append(scope)


def test_what_comes_too_late_to_be_applied_is_listed_again_once(
    tmp_path: Path, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory.observe(Snapshot(PODS, (Pod(source="shop", id="a"),), NOON))
    one, source = following(tmp_path, inventory), Clocked()
    monkeypatch.setattr("tagweave.server.following._LATE_WAIT", 0.05)
    monkeypatch.setattr("tagweave.server.following.sources.make", lambda *_: source)
    asyncio.run(one._once(one.config.sources[0]))
    assert source.asked == [PODS]
    assert [v.resource.id for v in inventory.versions()] == ["a"]
