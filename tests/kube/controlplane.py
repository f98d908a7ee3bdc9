"""etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK as one test cluster."""

import base64
import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from . import layout, manifests
from .api import Api, Object, Response, answers_ok, fetch
from .certificates import Authority, Pair, write_signing_key
from .component import Component, ComponentError
from .proxy import Proxy
from .tokens import with_expiry
from .waiting import wait_until

__all__ = ["Api", "Component", "ComponentError", "ControlPlane", "Object", "Response", "wait_until"]

T = TypeVar("T")

SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
KEEPER = Path(__file__).with_name("keeper.py")


class ControlPlane:
    """A cluster whose state lives in `folder`; as a context manager it runs and then is gone.

    Each component can be started, stopped, killed, paused and restarted on its own: `etcd`,
    `api_server`, `controller_manager`, `scheduler`, `kwok`. `api` is the administrator's client.
    """

    def __init__(self, binaries: Path, folder: Path, api_server_flags: Sequence[str] = ()) -> None:
        self.folder = folder
        self._authority = Authority(folder / "certificates")
        self._token_key = write_signing_key(folder / "service-accounts.key")
        self._layout = self._lay_out(binaries)
        self._keeper: subprocess.Popen[str] | None = None
        self._api_server_known: int | None = None
        self.url = self._layout.api_url
        self.etcd_url = self._layout.etcd_url
        self.ca_file = self._authority.pair.certificate
        admin = self._admin = self._authority.issue("admin", ["system:masters"])
        self.api = Api(self.url, self._tls(admin))
        self.admin_kubeconfig = self._write_kubeconfig("admin", _certificate_login(admin))
        self._make_components(api_server_flags)

    @property
    def components(self) -> tuple[Component, ...]:
        """All components, in the order in which they start."""
        return (self.etcd, self.api_server, *self._clients)

    def start(self) -> None:
        """Start what does not run, and wait until pods can be created; on failure stop all."""
        try:
            self._start_keeper()
            self.etcd.start()
            self.api_server.start()
            self._start_clients()
            self.wait_until(self._has_default_account, "the default service account", timeout=60)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all components; the data stay, so that `start` brings the same cluster back."""
        for component in reversed(self.components):
            component.resume()
            component.kill()
        self._stop_keeper()

    def mend(self) -> None:
        """Bring back what a test has killed or paused.

        After an outage of the API server its clients back off for up to half a minute; they are
        restarted, so that the next test does not have to wait for them.
        """
        for component in self.components:
            component.resume()
        if self.api_server.pid != self._api_server_known:
            for client in self._clients:
                client.kill()
        if any(component.pid is None for component in self.components):
            self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def api_as(self, token: str) -> Api:
        """The API server as the bearer of `token` sees it."""
        return Api(self.url, self._tls(), token)

    def proxy(self, *, as_admin: bool = True) -> Proxy:
        """A proxy before the API server; its callers need no credentials where it is `as_admin`."""
        return Proxy(self.url, self._tls(self._admin if as_admin else None))

    def kubeconfig_for_user(self, user: str, groups: Iterable[str] = ()) -> Path:
        """A kubeconfig with a client certificate of a user, who has no rights but RBAC's."""
        return self._write_kubeconfig(user, _certificate_login(self._authority.issue(user, groups)))

    def kubeconfig_for_token(self, token: str) -> Path:
        """A kubeconfig with a bearer token."""
        return self._write_kubeconfig("token", {"token": token})

    def token(self, account: str, namespace: str = "default", seconds: int = 3600) -> str:
        """A token of a service account, from the TokenRequest API (600 seconds at least)."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        token: str = self.api.create(path, body)["status"]["token"]
        return token

    def short_token(self, account: str, namespace: str = "default", seconds: int = 0) -> str:
        """A token that ends sooner than the API grants, or, with `seconds` below 0, has ended.

        The API server allows for clocks that differ by a minute and remembers a good token for ten
        seconds: it refuses a token between 60 and 70 s after its end.
        """
        token = self.token(account, namespace, 600)
        return with_expiry(token, time.time() + seconds, self._token_key)

    def etcd_revision(self) -> int:
        """The revision of etcd, which is the newest resourceVersion of the cluster."""
        key = base64.b64encode(b"/").decode()
        response = self._call_etcd("/v3/kv/range", {"key": key, "count_only": True})
        return int(response.json()["header"]["revision"])

    def compact_etcd(self) -> int:
        """Forget all history before this moment; the revision that is now the oldest.

        The API server goes on answering from its own watch cache (events, which it does not cache,
        excepted) until it restarts; `forget_history` does both.
        """
        revision = self.etcd_revision()
        response = self._call_etcd("/v3/kv/compaction", {"revision": revision, "physical": True})
        if response.status != 200 and b"has been compacted" not in response.body:
            raise ComponentError(f"etcd refuses to compact: {response.body.decode()}")
        return revision

    def forget_history(self) -> int:
        """Make every resourceVersion before now too old: compact etcd, restart the API server."""
        revision = self.compact_etcd()
        self.api_server.restart()
        return revision

    def ensure_nodes(self, count: int) -> list[str]:
        """See to it that ``node-0`` … ``node-<count - 1>`` are there and ready; their names."""
        existing = {node["metadata"]["name"] for node in self.api.items("/api/v1/nodes")}
        wanted = [manifests.node(number) for number in range(count)]
        names = [node["metadata"]["name"] for node in wanted]
        for node in wanted:
            if node["metadata"]["name"] not in existing:
                self.api.create("/api/v1/nodes", node)
        self.wait_until(lambda: set(names) <= self._ready_nodes(), f"{count} nodes are ready", 120)
        return names

    def deploy(self, name: str, replicas: int, namespace: str = "default") -> list[Object]:
        """Apply a Deployment and wait until just its pods run and have addresses; the pods."""
        self.api.apply(manifests.deployment(name, replicas, namespace))
        return self.wait_for_pods(f"app={name}", replicas, namespace)

    def wait_for_pods(self, selector: str, count: int, namespace: str = "default", timeout: float = 60) -> list[Object]:
        """The pods that a label selector selects, once they are `count` and all of them run."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        found: list[Object] = []

        def all_run() -> bool:
            found[:] = self.api.items(path, labelSelector=selector)
            return len(found) == count and all(_runs(pod) for pod in found)

        self.wait_until(all_run, f"{count} pods with {selector} run", timeout)
        return found

    def wait_until(self, predicate: Callable[[], T | None], what: str, timeout: float = 30) -> T:
        """As `wait_until` of this module; the error also says which components run."""
        try:
            return wait_until(predicate, what, timeout)
        except TimeoutError as error:
            running = ", ".join(each.name for each in self.components if each.pid) or "nothing"
            raise TimeoutError(f"{error} (running: {running}; logs in {self.folder})") from None

    @property
    def _clients(self) -> tuple[Component, ...]:
        return (self.controller_manager, self.scheduler, self.kwok)

    def _start_clients(self) -> None:
        for client in self._clients:
            client.launch()
        for client in self._clients:
            client.wait_ready()
        self._api_server_known = self.api_server.pid

    def _lay_out(self, binaries: Path) -> layout.Layout:
        hosts = (layout.HOST, "::1", layout.KUBERNETES_SERVICE_IP, *SERVER_NAMES)
        return layout.Layout(
            binaries=binaries,
            folder=self.folder,
            ports=layout.Ports(*layout.free_ports(6)),
            authority=self._authority.pair,
            serving=self._authority.issue("kube-apiserver", hosts=hosts),
            token_key=self.folder / "service-accounts.key",
        )

    def _make_components(self, api_server_flags: Sequence[str]) -> None:
        where, ports = self._layout, self._layout.ports
        tls = self._tls()

        def component(command: Sequence[str | Path], is_ready: Callable[[], bool]) -> Component:
            log = self.folder / f"{Path(command[0]).name}.log"
            return Component(command, log, is_ready, self._note_process)

        def healthy(port: int) -> Callable[[], bool]:
            return lambda: answers_ok(f"https://{layout.HOST}:{port}/healthz", tls)

        def login(user: str, groups: Iterable[str] = ()) -> Path:
            return self.kubeconfig_for_user(user, groups)

        self.etcd = component(layout.etcd(where), lambda: answers_ok(f"{where.etcd_url}/health"))
        self.api_server = component(
            layout.api_server(where, api_server_flags),
            lambda: answers_ok(f"{self.url}/readyz", tls),
        )
        self.controller_manager = component(
            layout.controller_manager(where, login("system:kube-controller-manager")),
            healthy(ports.controller_manager),
        )
        self.scheduler = component(layout.scheduler(where, login("system:kube-scheduler")), healthy(ports.scheduler))
        # KWOK ships no role for its own use outside a cluster, so it is an administrator.
        self.kwok = component(
            layout.kwok(where, login("kwok", ["system:masters"])),
            lambda: answers_ok(f"http://{layout.HOST}:{ports.kwok}/healthz"),
        )

    def _tls(self, client: Pair | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._authority.pair.certificate)
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context

    def _write_kubeconfig(self, name: str, login: Object) -> Path:
        path = _unused(self.folder / "kubeconfigs", name.replace(":", "-"))
        cluster = {"server": self.url, "certificate-authority-data": _base64(self.ca_file)}
        context = {"cluster": "tests", "user": name}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": name, "user": login}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))
        return path

    def _call_etcd(self, path: str, body: Object) -> Response:
        url = f"{self.etcd_url}{path}"
        return fetch(url, "POST", body=json.dumps(body).encode())

    def _has_default_account(self) -> bool:
        path = "/api/v1/namespaces/default"
        account = self.api.request("GET", f"{path}/serviceaccounts/default")
        authority = self.api.request("GET", f"{path}/configmaps/kube-root-ca.crt")
        return account.status == authority.status == 200

    def _ready_nodes(self) -> set[str]:
        nodes = self.api.items("/api/v1/nodes")
        return {node["metadata"]["name"] for node in nodes if _is_ready(node)}

    def _start_keeper(self) -> None:
        if self._keeper is None:
            command = [sys.executable, "-I", "-S", str(KEEPER)]
            self._keeper = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True
            )

    def _stop_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None

    def _note_process(self, line: str) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.write(f"{line}\n")


def _certificate_login(pair: Pair) -> Object:
    return {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _unused(folder: Path, stem: str) -> Path:
    folder.mkdir(exist_ok=True)
    taken = sum(1 for _ in folder.glob(f"{stem}*.kubeconfig"))
    return folder / f"{stem}{f'-{taken}' if taken else ''}.kubeconfig"


def _is_ready(node: Object) -> bool:
    conditions = {row["type"]: row["status"] for row in node["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and len(node["spec"].get("podCIDRs", ())) == 2


def _runs(pod: Object) -> bool:
    return pod["status"].get("phase") == "Running" and bool(pod["status"].get("podIPs"))
