"""The gate: a body in Arrow's format is read by a process that may die, before the service reads it."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tagweave.errors import InputError, TagweaveError

PROGRAM: Final = (sys.executable, "-P", "-m", "tagweave.carriers.foreign")
AT_ONCE: Final = 2
PATIENCE: Final = 120.0
"""How long a body may be read, in seconds."""


class BodyCrash(TagweaveError):
    """A body ended the process that read it."""


class Gate:
    """Keeps the processes between requests; they begin with the first body, and a dead one is replaced."""

    def __init__(
        self, crashed: Callable[[], None], program: Sequence[str] = PROGRAM, patience: float = PATIENCE
    ) -> None:
        self._crashed = crashed
        self._program = program
        self._patience = patience
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._idle: list[Process] = []

    async def check(self, body: Path) -> None:
        """Return for a sound Arrow stream. Raises InputError for any other, BodyCrash where it ended the process."""
        async with self._turns:
            process = await self._one()
            try:
                answer = await asyncio.wait_for(_asked(process, body), self._patience)
            except TimeoutError:
                await _ended(process)
                raise InputError(f"the body could not be read in {self._patience:.0f} s: send less at a time") from None
            except BaseException:
                await _ended(process)
                raise
            if not answer.endswith(b"\n"):
                await self._lost(process)
            self._idle.append(process)
        reason = json.loads(answer)
        if reason:
            raise InputError(reason)

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _ended(self._idle.pop())

    async def _one(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return await asyncio.create_subprocess_exec(*self._program, stdin=PIPE, stdout=PIPE)

    async def _lost(self, process: Process) -> None:
        code = await process.wait()
        if code >= 0:
            raise RuntimeError(f"the process that reads bodies ended by itself, with exit code {code}")
        self._crashed()
        raise BodyCrash(
            f"the body ended the process that reads it, by {signal.Signals(-code).name}: it is no sound Arrow stream"
        )


async def _asked(process: Process, body: Path) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(str(body)).encode() + b"\n")
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):  # it has ended: its exit code says how
        return b""
    return await process.stdout.readline()


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
