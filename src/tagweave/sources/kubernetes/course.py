"""What a reflector does next: a pure function of what came back, after client-go's Reflector.

https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go. Where we differ:

- A stream that says nothing for longer than a bookmark takes is dropped. A consistent read then shows whether the
  server's history went back (etcd restored from a backup): if so, what is known is listed anew.
- What is denied is asked for again as any failure is, so that a restored permission is noticed.
"""

import random
from typing import Final, Literal

FIRST_WAIT: Final = 0.8
LONGEST_WAIT: Final = 30.0
LONGEST_ASKED: Final = 300.0
"""The longest Retry-After that is heeded, in seconds."""
HEALTHY: Final = 30.0
"""How long a watch lives before its end is no failure, though it said nothing; in seconds."""

Step = Literal["stream", "list", "watch", "probe"]
"""List by a watch that begins with what there is; list by pages; watch on; ask where the server's history is."""


class Course:
    """Where a reflector stands. `version` is the resourceVersion up to which everything is known; empty for nothing."""

    def __init__(self, *, streams: bool, chance: random.Random) -> None:
        self.version = ""
        self._streams = streams
        self._chance = chance
        self._failures = 0
        self._doubt = False

    def step(self) -> Step:
        """What to do now."""
        if not self.version:
            return "stream" if self._streams else "list"
        return "probe" if self._doubt else "watch"

    def listed(self, version: str) -> None:
        """Everything is known as of a version."""
        self.version = version
        self._doubt = False

    def moved(self, version: str) -> None:
        """An event or a bookmark: everything is known up to its version."""
        self.version = version or self.version
        self._failures = 0
        self._doubt = False

    def ended(self, lived: float, *, said: bool) -> float:
        """A watch came to its end after so many seconds; how long to wait before the next."""
        if said or lived >= HEALTHY:
            self._failures = 0
            return 0.0
        return self.failed() if lived < 1 else 0.0

    def silent(self) -> None:
        """A watch said nothing for too long."""
        self._doubt = True

    def probed(self, version: str) -> None:
        """A consistent read shows the server's version: one that is less than what is known is of another history."""
        self._doubt = False
        if version.isdecimal() and self.version.isdecimal() and int(version) < int(self.version):
            self.version = ""

    def forget(self) -> None:
        """What is known is to be listed anew."""
        self.version = ""

    def gone(self) -> float:
        """The server has forgotten the version; how long to wait before what is known is listed anew."""
        self.version = ""
        return self.failed()

    def refused_stream(self) -> None:
        """The server cannot begin a watch with what there is: pages from now on."""
        self._streams = False

    def failed(self, after: float = 0.0) -> float:
        """Something failed; how long to wait, with full jitter. `after` is what the server asks for at least."""
        most = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, 10))
        self._failures += 1
        return min(after, LONGEST_ASKED) + self._chance.uniform(0, most)

    @property
    def in_doubt(self) -> bool:
        """Whether the last watch said nothing, and nothing else has answered since."""
        return self._doubt

    @property
    def failures(self) -> int:
        """How many failures there were in a row."""
        return self._failures
