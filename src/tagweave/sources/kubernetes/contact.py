"""Whether what a watch says is news, or was learned late and when it may have happened: pure, by the server's clock.

A watch that was opened again first repeats what happened meanwhile. Until an event is prompt, a bookmark comes, or it
says nothing more, what it says happened since the watch before was last known to be up to date. Events come in the
order in which they happened, and most objects tell when they changed, in whole seconds: so each event happened after
those before it and before those after it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

PROMPT: Final = timedelta(seconds=3)
"""How old news may be."""
QUIET: Final = 1.0
"""Seconds without a word, after which a watch that was opened has said what happened before."""
SECOND: Final = timedelta(seconds=1)
"""What objects tell times by."""


class Bounds(NamedTuple):
    """Something happened after `since` and by `at`."""

    since: datetime
    at: datetime


class Contact:
    """When a kind was last known to be up to date, and whether its watch is still behind."""

    def __init__(self) -> None:
        self.current: datetime | None = None
        self.behind = False

    def opened(self, now: datetime, *, troubled: bool) -> None:
        """A watch was opened from where the one before ended, in order or, where `troubled`, not."""
        self.behind = self.behind or troubled or (self.current is not None and now - self.current > PROMPT)

    def caught_up(self, now: datetime) -> None:
        """Everything up to now is known: a listing, a bookmark, a watch without more to say, or its orderly end."""
        self.current = now
        self.behind = False

    def heard(self, now: datetime, times: Sequence[datetime | None]) -> list[Bounds] | None:
        """Events came, of these times; when each happened, or None where they are news."""
        known = [time for time in times if time is not None]
        prompt = any(now - time <= PROMPT for time in known)
        if self.current is None or not (self.behind or (known and not prompt)):
            self.caught_up(now)
            return None
        found = bounds(self.current, now, times)
        self.current = found[-1].since
        if prompt:
            self.caught_up(now)
        return found


def bounds(since: datetime, now: datetime, times: Sequence[datetime | None]) -> list[Bounds]:
    """Between which moments each of some events happened, that happened in this order after `since` and by `now`.

    A time that is older than that of an event before it says nothing: not every change is stamped.
    """
    lower, upper = since, now
    after: list[datetime] = []
    stamped: list[datetime | None] = []
    for time in times:
        told = time is not None and lower < time + SECOND and time <= now
        lower = max(lower, time) if told and time is not None else lower
        after.append(lower)
        stamped.append(lower if told else None)
    out = []
    for low, stamp in zip(reversed(after), reversed(stamped), strict=True):
        if stamp is not None:
            upper = min(upper, stamp + SECOND)
        out.append(Bounds(low, upper))
    return out[::-1]
