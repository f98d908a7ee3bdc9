"""A TCP proxy before the API server that cuts, stalls and refuses; plain HTTP before, TLS behind."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Relays bytes from `url` to an API server while in `with`. Its methods may be called from any thread."""

    def __init__(self, upstream: str, tls: ssl.SSLContext) -> None:
        parts = urlsplit(upstream)
        assert parts.hostname, upstream
        assert parts.port, upstream
        self._upstream = (parts.hostname, parts.port)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._flowing: asyncio.Event
        self._refusing = False
        self._allowance: int | None = None
        self._links: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._abort)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def stall(self) -> None:
        """Keep every connection and take new ones, but relay nothing."""
        self._do(self._flowing.clear)

    def cut(self) -> None:
        """Reset every connection, and each new one."""
        self._refusing = True
        self._do(self._abort)

    def cut_within(self, count: int) -> None:
        """Relay so many more bytes of answers, then reset every connection."""
        self._allowance = count

    def resume(self) -> None:
        """Relay again."""
        self._refusing = False
        self._allowance = None
        self._do(self._flowing.set)

    @property
    def spent(self) -> bool:
        """Whether the allowance of `cut_within` was used up."""
        return self._allowance == 0

    # ---- in the loop's thread

    def _do(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_forever()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._server.close()
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, sock=self._listener)
        self._ready.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._link(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            behind, ahead = await asyncio.open_connection(*self._upstream, ssl=self._tls)
        except OSError:
            writer.transport.abort()
            return
        link = (writer, ahead)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._relay(reader, ahead, answers=False))
                both.create_task(self._relay(behind, writer, answers=True))
        except* OSError:
            pass
        finally:
            self._links.discard(link)
            for one in link:
                one.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(4096):
            await self._flowing.wait()
            if answers and self._allowance is not None:
                data = data[: self._allowance]
                self._allowance -= len(data)
            writer.write(data)
            await writer.drain()
            if answers and self._allowance == 0:
                self._refusing = True
                self._abort()
                return
        writer.close()

    def _abort(self) -> None:
        for link in list(self._links):
            for one in link:
                one.transport.abort()
