"""HTTP: health, metrics, and the same questions as on the command line under /api/v1.

Errors are `{"error": "what was asked, what is wrong, what there is"}`. With a token file, /api asks for a bearer token.
"""

import asyncio
import json
import tempfile
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from litestar import Litestar, Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException, NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.params import Parameter
from litestar.response import Stream
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tagweave.carriers.columns import Options, Report, tag
from tagweave.errors import ConfigError, InputError, LookupKeyError, TagweaveError
from tagweave.inventory import reading
from tagweave.model.times import parse_time
from tagweave.server import tokens
from tagweave.server.following import Following
from tagweave.server.gate import BodyCrash, Gate

JSON_LINES: Final = "application/x-ndjson"
ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
_FORMATS: Final = {JSON_LINES: "jsonl", ARROW_STREAM: "arrow-stream"}
_AS_JSON_LINES: Final = ("application/json", "application/jsonl", "application/x-www-form-urlencoded", "")
"""What else is taken for JSON lines: the last but one is what curl says of any data."""
_PACKED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_CHUNK: Final = 1 << 20
_ROWS, _MOST_ROWS = 1000, 10_000
"""How many resources a page has, and at most."""
_BAD_REQUEST, _TOO_LARGE, _UNSUPPORTED, _UNAVAILABLE = 400, 413, 415, 503

log = structlog.get_logger("tagweave")

AtParameter = Annotated[str | None, Parameter(query="at", description="RFC 3339; else now.")]
NetworkParameter = Annotated[str | None, Parameter(query="network", description="A VPC, cluster or node: id or name.")]
NamesParameter = Annotated[
    str | None, Parameter(query="names", description="otel, deepflow or ecs; else as configured.")
]


def application(following: Following) -> Litestar:
    """The ASGI application around what follows the sources."""
    token_file = following.config.settings.server.token_file
    known = tokens.read(token_file) if token_file is not None else []
    following.metrics.watch(following.inventory.scopes)
    gate = Gate(following.metrics.body_crashes.inc)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        following.start()
        yield
        await asyncio.to_thread(following.stop)
        await gate.close()

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if known and not tokens.has_one(connection.headers.get("authorization", ""), known):
            raise NotAuthorizedException("this needs `Authorization: Bearer TOKEN` with a token of the token file")

    api = Router(
        path="/api/v1", route_handlers=[sources, resources, lookup, history, tag_records], guards=[guard], tags=["v1"]
    )
    return Litestar(
        route_handlers=[healthz, readyz, metrics, api],
        lifespan=[lifespan],
        middleware=[_measured(following)],
        exception_handlers={BodyCrash: _crashed, TagweaveError: _refused, HTTPException: _told, Exception: _failed},
        openapi_config=OpenAPIConfig(title="Tagweave", version="1", path="/api/v1/schema"),
        request_max_body_size=following.config.settings.server.max_body_bytes,
        state=State({"following": following, "gate": gate}),
        logging_config=None,
    )


# ---- health


@get("/healthz", sync_to_thread=False, media_type="text/plain")
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@get("/readyz", media_type="text/plain", sync_to_thread=True)
def readyz(state: State) -> Response[str]:
    """Every source was gone through once, or is known from before: answers are as whole as they can be."""
    if state.following.ready():
        return Response("ready\n")
    return Response("not every source was gone through yet: see /api/v1/sources\n", status_code=_UNAVAILABLE)


@get("/metrics", sync_to_thread=True)
def metrics(state: State) -> Response[bytes]:
    """Prometheus metrics."""
    return Response(generate_latest(state.following.metrics.registry), media_type=CONTENT_TYPE_LATEST)


# ---- questions


@get("/sources", sync_to_thread=True)
def sources(state: State) -> list[dict[str, Any]]:
    """Each source and scope: status, last success, age, count, last error."""
    following: Following = state.following
    return reading.source_rows(following.inventory, following.config.source_names())


@get("/resources/{kind:str}", sync_to_thread=True)
def resources(
    request: Request[Any, Any, State],
    state: State,
    kind: str,
    source: str | None = None,
    at: AtParameter = None,
    where: list[str] | None = None,
    contains: Annotated[str | None, Parameter(description="A part of the name or the id, in any case.")] = None,
    limit: Annotated[int, Parameter(ge=1, le=_MOST_ROWS, description="How many a page has at most.")] = _ROWS,
    after: Annotated[str | None, Parameter(description="The cursor of the page before.")] = None,
) -> Response[list[dict[str, Any]]]:
    """The resources of a kind, as of now or of a time, page by page; `where` is FIELD=VALUE, repeatable.

    Where there are more, the header `Link` has the address of the next page: `<…>; rel="next"`.
    """
    following: Following = state.following
    rows = reading.Rows(
        following.inventory, reading.kind_of(kind), source, _moment(at), where or [], limit, after, contains
    )
    page = [*rows]
    return Response(page, headers={} if rows.next is None else {"link": _next(request, rows.next)})


def _next(request: Request[Any, Any, State], cursor: str) -> str:
    """The same question behind a cursor, for a Link header: its path on this server."""
    given = parse_qsl(request.url.query, keep_blank_values=True)
    asked = [(name, value) for name, value in given if name != "after"]
    return f'<{request.url.path}?{urlencode([*asked, ("after", cursor)])}>; rel="next"'


@get("/lookup", sync_to_thread=False)
def lookup(
    state: State,
    key: str,
    network: NetworkParameter = None,
    at: AtParameter = None,
    port: Annotated[int | None, Parameter(ge=0, le=65535)] = None,
    protocol: str = "tcp",
    names: NamesParameter = None,
    why: bool = False,
) -> Response[bytes]:
    """What a key was at a time: its match, its tags, or the reason why there is none."""
    following: Following = state.following
    vocabulary = names or following.config.settings.names
    answer = following.index.lookup(
        key, network=network, at=_moment(at), port=port, protocol=protocol, names=vocabulary
    )
    value = msgspec.structs.asdict(answer)
    if not why:
        del value["why"]
    return Response(msgspec.json.encode(value), media_type="application/json")


@get("/history", sync_to_thread=False)
def history(state: State, key: str, network: NetworkParameter = None) -> Response[bytes]:
    """Who held a key, and when."""
    following: Following = state.following
    found = following.index.history(key, network=network)
    return Response(msgspec.json.encode(found), media_type="application/json")


# ---- tagging


@post("/tag", status_code=200)
async def tag_records(
    request: Request[Any, Any, State],
    state: State,
    network: NetworkParameter = None,
    at: AtParameter = None,
    names: NamesParameter = None,
    tags: Annotated[list[str] | None, Parameter(query="tag", description="Repeatable; else the usual ones.")] = None,
    mapped: Annotated[list[str] | None, Parameter(query="map", description="COLUMN=ROLE, repeatable.")] = None,
    encode: Annotated[str, Parameter(query="encode", pattern="^(names|ids)$")] = "names",
    strict: Annotated[bool, Parameter(query="strict", description="As the option of `tagweave tag`.")] = False,
) -> Stream:
    """Records in, the same with the tags of both ends out: JSON lines or an Arrow IPC stream.

    `Tagweave-Report` tells how many were tagged, how many not and why, and how many were bad.
    """
    following: Following = state.following
    given = _format(request.headers.get("content-type", JSON_LINES))
    accepted = request.headers.get("accept", "*/*").partition(",")[0].partition(";")[0].strip()
    wanted = _FORMATS.get(accepted, given)
    mapping = dict(one.rpartition("=")[::2] for one in mapped or [])
    vocabulary = names or following.config.settings.names
    options = Options(
        given, wanted, mapping, encode, network, _moment(at), tags=tags or None, names=vocabulary, strict=strict
    )
    folder = tempfile.TemporaryDirectory(prefix="tagweave-")
    try:
        source, target = Path(folder.name) / "in", Path(folder.name) / "out"
        await _spool(request, source, following.config.settings.server.max_body_bytes)
        if given == _FORMATS[ARROW_STREAM]:
            await state.gate.check(source)
        report = await asyncio.to_thread(tag, str(source), str(target), following.index, options)
    except BaseException:
        folder.cleanup()
        raise
    for counts in report.sides.values():
        for reason, count in counts.items():
            following.metrics.tagged.labels(reason).inc(count)
    media = next(media for media, form in _FORMATS.items() if form == wanted)
    return Stream(_chunks(target, folder), media_type=media, headers={"tagweave-report": _summary(report)})


def _format(content_type: str) -> str:
    media = content_type.partition(";")[0].strip().lower()
    found = {**_FORMATS, **dict.fromkeys(_AS_JSON_LINES, "jsonl")}.get(media)
    if found is None:
        raise HTTPException(f"Content-Type {media}: expected {' or '.join(_FORMATS)}", status_code=_UNSUPPORTED)
    return found


async def _spool(request: Request[Any, Any, State], target: Path, limit: int) -> None:
    """The body in a file, unpacked, within the limit on both sides of unpacking."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise HTTPException(f"Content-Encoding {coding}: expected gzip or none", status_code=_UNSUPPORTED)
    unpacking = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    size = 0
    with target.open("wb") as file:
        async for sent in request.stream():
            rest = sent
            while rest:
                piece, rest = (rest, b"") if unpacking is None else _unpacked(unpacking, rest)
                size += len(piece)
                if size > limit:
                    raise HTTPException(f"the body is over {limit:,} bytes unpacked", status_code=_TOO_LARGE)
                file.write(piece)
    if unpacking is not None and not unpacking.eof:
        raise ClientException("the gzip body breaks off")
    with target.open("rb") as file:
        if file.read(4).startswith(_PACKED):
            raise HTTPException("send a packed body with Content-Encoding: gzip", status_code=_UNSUPPORTED)


def _unpacked(unpacking: "zlib._Decompress", data: bytes) -> tuple[bytes, bytes]:
    try:
        piece = unpacking.decompress(data, _CHUNK)
    except zlib.error as error:
        raise ClientException(f"the body is no gzip: {error}") from error
    return piece, unpacking.unconsumed_tail


async def _chunks(path: Path, folder: "tempfile.TemporaryDirectory[str]") -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while data := await asyncio.to_thread(file.read, _CHUNK):
                yield data
    finally:
        folder.cleanup()


def _summary(report: Report) -> str:
    bad = [{"record": one.number, "reason": one.reason} for one in report.bad_records]
    return json.dumps({"records": report.records, "sides": report.sides, "bad": report.bad.total(), "first_bad": bad})


# ---- what is common


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise ClientException(f"at={text}: {error}; expected RFC 3339, such as 2026-01-31T14:05:00Z") from None


def _refused(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    asked = isinstance(error, ConfigError | LookupKeyError | InputError)
    return Response({"error": str(error)}, status_code=_BAD_REQUEST if asked else 500)


def _crashed(_: Request[Any, Any, Any], error: BodyCrash) -> Response[dict[str, str]]:
    log.error("a body crashed its reader", error=str(error))
    return Response({"error": str(error)}, status_code=500)


def _told(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    extra = f": {error.extra}" if getattr(error, "extra", None) else ""
    return Response({"error": f"{error.detail}{extra}"}, status_code=error.status_code, headers=error.headers)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    log.error("a request failed", path=request.url.path, exc_info=error)
    return Response({"error": "the server failed: its log says how"}, status_code=500)


def _measured(following: Following) -> Any:  # noqa: ANN401 - a factory of ASGI middleware
    """Time and status of each request, by its route."""

    def around(app: ASGIApp) -> ASGIApp:
        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            started = time.perf_counter()
            status = 500

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                path = scope.get("path_template", "")
                following.metrics.requests.labels(path, status).observe(time.perf_counter() - started)

        return measured

    return around
