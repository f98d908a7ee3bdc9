"""The API server's clock, as far as its answers tell it.

Everything that a cluster's objects say of time is by that clock; what is observed is dated by it too, so that a
machine whose own clock is off by minutes still puts things in the right order.
"""

import email.utils
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

NOTEWORTHY: Final = 5.0
"""Seconds of difference that a person is told of."""


class Clock:
    """Tells the API server's time. It never goes back, and differs from the machine's no more than was shown."""

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self.machine = machine
        self.ahead = 0.0
        """By how much the server's clock is ahead of the machine's, in seconds."""
        self._last = 0.0

    def heard(self, date: str, asked: float, answered: float) -> None:
        """Take in an answer's Date header (whole seconds) and the machine's time before and after it."""
        try:
            second = email.utils.parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        self.ahead = min(max(self.ahead, second - answered), second + 1 - asked)

    def now(self) -> datetime:
        """The server's time."""
        self._last = max(self._last, self.machine() + self.ahead)
        return datetime.fromtimestamp(self._last, UTC)

    def of_machine(self, moment: datetime) -> datetime:
        """A time of the server's as the machine's clock had it."""
        return datetime.fromtimestamp(moment.timestamp() - self.ahead, UTC)
