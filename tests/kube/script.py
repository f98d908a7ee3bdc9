"""An API server that follows a script: each request gets the next answer, whatever it asks for."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from aiohttp import web


class Answer(NamedTuple):
    """What is answered: whole, or in the given chunks; then the connection ends in order, breaks off, or stays."""

    body: bytes | Sequence[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})
    then: str = "end"


class Script:
    """The server, from `async with`. After its last answer it is silent; `asked` are the queries of all requests."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[dict[str, str]] = []
        self.accepted: list[str] = []
        self._answers = list(answers)
        self.over = asyncio.Event()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._app = web.Application()
        self._app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(self._app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        self.accepted.append(request.headers["Accept"])
        if not self._answers:
            self.over.set()
            await self._closing.wait()
        answer = self._answers.pop(0)
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        for chunk in [answer.body] if isinstance(answer.body, bytes) else answer.body:
            await response.write(chunk)
        if answer.then == "break":
            assert request.transport is not None
            request.transport.abort()
        if answer.then == "stay":
            await self._closing.wait()
        return response


def line(kind: str, /, **fields: Any) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": kind, "object": fields}).encode() + b"\n"


def pod(name: str, version: int, **fields: Any) -> dict[str, Any]:
    """A pod."""
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": meta, **fields}


def status(code: int, reason: str) -> dict[str, Any]:
    """A Status."""
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": f"{reason} indeed"}


def page(version: int, *pods: dict[str, Any], more: str = "") -> bytes:
    """A page of a list."""
    meta = {"resourceVersion": str(version), "continue": more}
    return json.dumps({"kind": "PodList", "metadata": meta, "items": pods}).encode()


def refusal(code: int, reason: str, **headers: str) -> Answer:
    """A refusal with its Status."""
    return Answer(json.dumps(status(code, reason)).encode(), code, {k.replace("_", "-"): v for k, v in headers.items()})
