"""One server a cloud for the whole session, what passes over it gave, and everything that was written meanwhile."""

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from clouds import passes, rigs
from clouds.rig import Rig, Running
from tagweave.model import Batch


class Estate(NamedTuple):
    """A cloud under test, running, and a pass over it while nothing is wrong."""

    rig: Rig
    running: Running
    batches: list[Batch]


class Written:
    """Everything that the suite wrote: logs, streams, failures of tests, errors and answers."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, *things: object) -> None:
        self.texts += [text for thing in things for text in (str(thing), repr(thing))]


WRITTEN = Written()


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        WRITTEN.texts.append(self.format(record))


@pytest.fixture(scope="session")
def written() -> Written:
    return WRITTEN


@pytest.fixture(scope="session", autouse=True)
def _logs() -> Iterator[None]:
    handler = _Handler(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    WRITTEN.texts += [report.longreprtext, *(text for _, text in report.sections)]


@pytest.fixture(scope="session", params=sorted(rigs.TITLES))
def estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    cloud = request.param
    if find_spec(f"clouds.{cloud}") is None or find_spec(f"clouds.{cloud}.running") is None:
        pytest.skip(f"{cloud} has no rig yet")
    rig = rigs.rig(cloud)
    running = rig.start()
    try:
        batches = passes.read(running.source(passes.POLITE))
        WRITTEN.add(batches)
        yield Estate(rig, running, batches)
    finally:
        running.close()


@pytest.fixture(scope="session")
def walked(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> list[passes.Fallen]:
    folder: Path = tmp_path_factory.mktemp(f"walk-{estate.rig.cloud}")
    fallen = list(passes.walk(estate.rig, estate.running, f"sqlite:///{folder}/inventory.db"))
    WRITTEN.add(fallen)
    return fallen
