"""One process of the control plane: start, stop, kill, pause, and its log."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .waiting import wait_until

READY_WITHIN = 90.0
STOPPED_WITHIN = 30.0
LOG_LINES = 25


class ComponentError(Exception):
    """A component ended or did not become ready; the message has the tail of its log."""


class Component:
    """A program with its arguments, its log file and the question whether it is ready.

    `keeper` is told the pid of each process that runs, so that none survives the test run.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        is_ready: Callable[[], bool],
        keeper: Callable[[str], None],
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        self._command = command
        self._is_ready = is_ready
        self._keeper = keeper
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def launch(self) -> None:
        """Start the process if it does not run, without waiting until it is ready."""
        if self.pid is not None:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._keeper(f"+{self._process.pid}")

    def wait_ready(self, timeout: float = READY_WITHIN) -> None:
        """Wait until it serves; ComponentError as soon as it has ended, or at the deadline."""
        try:
            wait_until(self._ready_or_ended, self.name, timeout)
        except TimeoutError:
            raise self._error(f"is not ready after {timeout:g} s") from None
        if self._process is None or self._process.poll() is not None:
            code = self._process.returncode if self._process else "never started"
            raise self._error(f"ended ({code}) before it was ready")

    def start(self) -> None:
        """Start the process if it does not run, and wait until it is ready."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """End it as an administrator would; kill it when it does not heed that."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again, on the same port and with the same data."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it: its connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)
        if self.pid is not None:
            os.waitpid(self.pid, os.WUNTRACED)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """The last lines of its log, over all its runs."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _ready_or_ended(self) -> bool:
        return self.pid is None or self._is_ready()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(number)
        self._signal(signal.SIGCONT)
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._keeper(f"-{self._process.pid}")
        self._process = None

    def _error(self, what: str) -> ComponentError:
        return ComponentError(f"{self.name} {what}; {self.log} ends with:\n{self.log_tail()}")
