"""What is served is found by the aggregated answer and by the older ones, and the best version of it is taken."""

import asyncio

import pytest

from tagweave.sources.kubernetes import Config, discovery
from tagweave.sources.kubernetes.client import JSON, Client
from tagweave.sources.kubernetes.clock import Clock
from tagweave.sources.kubernetes.discovery import Served, discover, is_absent, place_of
from tagweave.sources.kubernetes.kinds import APIS, Api
from tagweave.sources.kubernetes.session import Session
from tagweave.sources.kubernetes.survey import Survey

from .controlplane import ControlPlane


def api(resource: str, group: str = "") -> Api:
    return next(one for one in APIS if one.resource == resource and one.versions[0].startswith(group))


def served(config: Config) -> Served:
    async def ask() -> Served:
        client = Client(config, Clock())
        try:
            return await discover(client, APIS)
        finally:
            await client.close()

    return asyncio.run(ask())


def test_the_aggregated_answer_and_the_older_ones_tell_the_same(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(name="c", kubeconfig=str(control_plane.admin_kubeconfig))
    aggregated = served(config)
    monkeypatch.setattr(discovery, "_AGGREGATED", JSON)
    one_by_one = served(config)
    assert [place_of(one, aggregated) for one in APIS] == [place_of(one, one_by_one) for one in APIS]
    assert place_of(api("pods"), aggregated) == ("v1", True)
    assert place_of(api("nodes"), aggregated) == ("v1", False)
    assert is_absent(api("routes"), aggregated)
    assert is_absent(api("routes"), one_by_one)


@pytest.mark.parametrize(
    ("versions", "best"),
    [
        (["batch/v1", "batch/v1beta1"], "batch/v1"),
        (["batch/v1beta1"], "batch/v1beta1"),
        (["batch/v2"], None),
    ],
)
def test_the_best_version_that_is_served_is_taken(versions: list[str], best: str | None) -> None:
    place = place_of(api("cronjobs"), Served({version: {"cronjobs": True} for version in versions}))
    assert (place.version if place else None) == best


def test_what_the_server_cannot_tell_is_not_absent() -> None:
    assert is_absent(api("routes"), Served({}))
    assert not is_absent(api("routes"), Served({}, frozenset({"route.openshift.io/v1"})))


@pytest.mark.parametrize(
    ("resources", "watched"),
    [
        ({"v1": {"endpoints": True}, "discovery.k8s.io/v1": {"endpointslices": True}}, "EndpointSlice"),
        ({"v1": {"endpoints": True}, "discovery.k8s.io/v1beta1": {"endpointslices": True}}, "EndpointSlice"),
        ({"v1": {"endpoints": True}}, "Endpoints"),
    ],
)
def test_endpoints_are_watched_where_there_are_no_slices(resources: dict[str, dict[str, bool]], watched: str) -> None:
    session = Session(Config(name="c"), lambda: 0.0)
    session.found = Survey("uid", "v1.20.0", streams=False, served=Served(resources))
    kinds = {watch.api.object_kind for watch in session.watches()}
    assert kinds & {"Endpoints", "EndpointSlice"} == {watched}
