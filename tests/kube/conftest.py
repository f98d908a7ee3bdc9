"""The control plane as a fixture, one for the whole run."""

import os
import shutil
import uuid
from collections.abc import Iterator

import pytest

from . import build
from .controlplane import ControlPlane
from .proxy import Proxy


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running cluster without nodes; skips where it is not built, but fails in CI."""
    if not build.is_built():
        _do_without(_what_to_do())
    with ControlPlane(build.folder(), tmp_path_factory.mktemp("kube")) as running:
        yield running


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own, in which pods can be created."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.api.apply(manifest)
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    control_plane.wait_until(lambda: control_plane.api.request("GET", account).status == 200, f"{account} is there")
    yield name
    control_plane.mend()
    control_plane.api.delete(manifest)


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[Proxy]:
    """A proxy before the API server, which knows its callers as the administrator."""
    with control_plane.proxy() as running:
        yield running


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has killed or paused runs again before the next test."""
    yield
    if "control_plane" in request.fixturenames:
        running: ControlPlane = request.getfixturevalue("control_plane")
        running.mend()


def _what_to_do() -> str:
    if shutil.which("go") is None:
        return f"Go is not installed: install Go ≥ {build.least_go()} and run `make kube`"
    return "the Kubernetes control plane is not built: run `make kube` first"


def _do_without(reason: str) -> None:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
