"""Every error that Tagweave raises on purpose.

    TagweaveError
    ├── ConfigError        a configuration file or option is wrong: names file, line and key
    ├── InputError         a telemetry input cannot be read at all: names the file and what is expected
    ├── OutputError        an output cannot be written: names it and why
    ├── LookupKeyError     a key or a network that somebody named is none, or is several
    ├── StoreError         the inventory's database cannot be opened or is of another version
    │   └── Forgotten      changes that somebody follows are not kept any more: derive anew
    ├── BrokenIndex        the folder of the tag index cannot be read: says to make it again from the inventory
    │   └── BrokenSegment  one of its files is cut off, damaged or of another format
    ├── WriterRunning      another process writes to the inventory or the tag index: names it
    └── SourceError        a source could not be read; the border of every source raises one of
        ├── Denied         not allowed: says which permission to grant
        ├── Throttled      too many calls, after every retry
        ├── Transient      may go away by itself: timeouts, 5xx, cut connections, after every retry
        └── Terminal       will not go away by itself: malformed answers, unknown accounts

Messages say what was tried, on what, what came back and what to do. They hold no secret.
"""

from pathlib import Path


class TagweaveError(Exception):
    """The root: catch this to catch everything of ours."""


class ConfigError(TagweaveError):
    """A configuration file or option is wrong."""


class InputError(TagweaveError):
    """A telemetry input cannot be read at all."""


class OutputError(TagweaveError):
    """An output cannot be written."""


class LookupKeyError(TagweaveError):
    """A key or network that somebody named is not one, or is several."""


class StoreError(TagweaveError):
    """The inventory's database cannot be opened, or is of another version."""


class Forgotten(StoreError):
    """The changes after the number that a follower has are not kept any more: it must derive anew."""


class BrokenIndex(TagweaveError):
    """The folder of the tag index cannot be read; nothing is lost, since it derives from the inventory."""


class BrokenSegment(BrokenIndex):
    """A file of the tag index is cut off, damaged or of another format."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}; make the index again: tagweave index rebuild")


class WriterRunning(TagweaveError):
    """Another process writes to the inventory or the tag index."""


class SourceError(TagweaveError):
    """A source could not be read."""


class Denied(SourceError):
    """The source refused: a permission is missing."""


class Throttled(SourceError):
    """The source answered too many requests, after every retry."""


class Transient(SourceError):
    """The source failed in a way that may go away by itself, after every retry."""


class Terminal(SourceError):
    """The source failed in a way that will not go away by itself."""
