"""A stream as whole lines, with patience for its silence."""

import asyncio
from typing import Final, Self

import aiohttp

from tagweave.sources.kubernetes.wire import Lines

_TURN: Final = 0.1
"""Seconds in which what came while the loop was busy elsewhere is seen."""


class Feed:
    """The whole lines of a stream, as they come. `end` says how it came to its end."""

    def __init__(self, content: aiohttp.StreamReader, interrupted: asyncio.Event) -> None:
        self.end = ""
        self._content = content
        self._interrupted = interrupted
        self._lines = Lines()
        self._waiting: list[bytes] = []
        self._tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [self._read(), asyncio.ensure_future(self._interrupted.wait())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def unread(self, lines: list[bytes]) -> None:
        """Have these lines come first."""
        self._waiting = lines

    async def lines(self, patience: float) -> list[bytes] | None:
        """The lines that came, at least one; [] at the end, None after so many seconds without a word."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            return lines
        while True:
            for seconds in (patience, _TURN):
                done, _ = await asyncio.wait(self._tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    break
            reading, interrupted = self._tasks
            if not done:
                self.end = "fell silent"
                return None
            if interrupted in done:
                self.end = "was interrupted"
                return []
            chunk = reading.result()
            assert isinstance(chunk, bytes)
            if not chunk:
                self.end = "broke off" if self._lines.rest else "ended"
                return []
            self._tasks[0] = self._read()
            if lines := self._lines.split(chunk):
                return lines

    def _read(self) -> asyncio.Task[object]:
        return asyncio.ensure_future(self._content.readany())
