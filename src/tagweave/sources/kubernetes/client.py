"""The connection to an API server: credentials, one GET, one stream, and what its refusals mean.

Authentication and transport are kubernetes_asyncio's; the bytes are handed on as they come.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import yaml
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes_asyncio.config.incluster_config import SERVICE_HOST_ENV_NAME, SERVICE_TOKEN_FILENAME

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.kubernetes.clock import Clock
from tagweave.sources.kubernetes.config import Config

JSON: Final = "application/json"
_PARTIAL: Final = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"
METADATA: Final = _PARTIAL.format("")
METADATA_LIST: Final = _PARTIAL.format("List")
"""What to accept for objects of which only the metadata is needed."""

_CONNECT_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 60.0
"""How long an answer's next bytes may take; a watch has a guard of its own."""

Query = Sequence[tuple[str, str]]


class Gone(Transient):
    """410: the resourceVersion or continue token is older than what the server remembers."""


class Absent(Terminal):
    """404: the server has no such resource, or no longer."""


class Refused(Terminal):
    """Any other refusal, such as of a parameter that the server does not know."""


class Busy(Throttled):
    """429, or 503 with a Retry-After; `after` is how long to wait, in seconds."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class Status(msgspec.Struct, gc=False):
    """meta/v1 Status, as an error's body and in a watch."""

    message: str = ""
    reason: str = ""
    code: int = 0


_status = msgspec.json.Decoder(Status).decode


def error_of(code: int, what: str, body: bytes, retry_after: str | None = None) -> SourceError:
    """What a refusal means. `what` says what was tried."""
    try:
        status = _status(body)
        said = status.message or status.reason
    except msgspec.DecodeError:
        said = body[:200].decode("utf-8", "replace").strip()
    text = f"cannot {what}: {code} {said}".rstrip()
    after = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    if code == 401:
        return Denied(f"{text}; the credentials are not accepted: renew them")
    if code == 403:
        return Denied(f"{text}; grant it as deploy/kubernetes/rbac.yaml does")
    if code == 404:
        return Absent(text)
    if code == 410:
        return Gone(text)
    if code == 429 or (code == 503 and after is not None):
        return Busy(text, after or 0.0)
    return Refused(text) if 400 <= code < 500 else Transient(text)


class _Login:
    """A client with its credentials: one that others have replaced is closed by the last request that uses it."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api
        self._users = 0
        self._replaced = False

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            await self._close_if_done()

    async def replace(self) -> None:
        self._replaced = True
        await self._close_if_done()

    async def _close_if_done(self) -> None:
        if self._replaced and not self._users:
            await self.api.close()


class Client:
    """One API server. It logs in by itself, and again once when its credentials are refused; `close` at last."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._login: _Login | None = None
        self._renewing = asyncio.Lock()

    async def close(self) -> None:
        """Let go of every connection."""
        if self._login is not None:
            await self._login.api.close()
            self._login = None

    async def get(self, path: str, query: Query = (), accept: str = JSON, patience: float = _ANSWER_SECONDS) -> bytes:
        """The body of an answer, no part of which takes longer than `patience` seconds. Raises SourceError."""
        async with self._answer(path, query, accept, patience, patience) as response:
            return await response.read()

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query, accept: str, patience: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The body of an answer that goes on, and begins within `patience` seconds. Raises SourceError.

        Who reads it looks after its silence.
        """
        async with self._answer(path, query, accept, patience, None) as response:
            yield response.content

    @asynccontextmanager
    async def _answer(
        self, path: str, query: Query, accept: str, begins: float, goes_on: float | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        what = f"watch {path}" if ("watch", "1") in query else f"get {path}"
        login = self._login or await self._renew(None)
        for last in (False, True):
            async with (
                login.in_use(),
                _as_source_errors(what),
                await self._request(login, path, query, accept, begins, goes_on) as response,
            ):
                if response.status == 200:
                    yield response
                    return
                body, retry_after = await response.read(), response.headers.get("Retry-After")
            if response.status != 401 or last:
                raise error_of(response.status, what, body, retry_after)
            login = await self._renew(login)

    async def _request(
        self, login: _Login, path: str, query: Query, accept: str, begins: float, goes_on: float | None
    ) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(connect=_CONNECT_SECONDS, sock_connect=_CONNECT_SECONDS, sock_read=goes_on)
        asked = self._clock.machine()
        async with asyncio.timeout(begins):
            response: aiohttp.ClientResponse = await login.api.call_api(
                path,
                "GET",
                query_params=list(query),
                header_params={"Accept": accept, "Accept-Encoding": "identity"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=timeout,
            )
        self._clock.heard(response.headers.get("Date", ""), asked, self._clock.machine())
        return response

    async def _renew(self, refused: _Login | None) -> _Login:
        """Load the credentials anew, once for all requests that were refused with the same ones."""
        async with self._renewing:
            if self._login is not None and self._login is not refused:
                return self._login
            fresh = _Login(await _api(self._config))
            old, self._login = self._login, fresh
            if old is not None:
                await old.replace()
            return fresh


@asynccontextmanager
async def _as_source_errors(what: str) -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise Transient(f"cannot {what}: no answer in time") from error
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise Terminal(f"cannot {what}: {error}; name the server's certificates with `ca_file`") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Transient(f"cannot {what}: {error or type(error).__name__}") from error


async def _api(config: Config) -> ApiClient:
    """A client with fresh credentials. Raises Terminal, without what a kubeconfig holds, where there are none."""
    try:
        api = ApiClient(await configuration(config))
    except ConfigException as error:
        # kubernetes_asyncio names a node of a kubeconfig by all that it holds, secrets too.
        said = str(error).partition(" in ")[0] if "kube-config" in str(error) else str(error)
        raise Terminal(f"cannot log in: {said}") from None
    except OSError as error:
        raise Terminal(f"cannot log in: {error}") from error
    except _MALFORMED as error:
        raise Terminal(f"cannot log in: the kubeconfig is malformed ({type(error).__name__})") from None
    api.user_agent = "tagweave"
    return api


_MALFORMED: Final = (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, AssertionError)


async def configuration(config: Config) -> Configuration:
    """kubernetes_asyncio's configuration, with credentials as they are now. Raises what it raises."""
    made = Configuration()
    kubeconfig = config.kubeconfig or os.environ.get("KUBECONFIG")
    if config.server is not None and config.kubeconfig is None:
        made.host = config.server.rstrip("/")
    elif kubeconfig is None and SERVICE_HOST_ENV_NAME in os.environ and Path(SERVICE_TOKEN_FILENAME).exists():
        load_incluster_config(made)  # type: ignore[no-untyped-call]
    else:
        path = kubeconfig or str(Path.home() / ".kube/config")
        if not any(Path(one).expanduser().exists() for one in path.split(os.pathsep)):
            raise FileNotFoundError(f"there is no kubeconfig {path}")
        await load_kube_config(path, config.context, made)
        made.host = str(config.server or made.host).rstrip("/")
    if config.token_file is not None:
        made.api_key["BearerToken"] = f"Bearer {Path(config.token_file).read_text('ascii').strip()}"
    if config.ca_file is not None:
        made.ssl_ca_cert = config.ca_file
    made.connection_pool_maxsize = 0  # every watch holds one
    return made
