"""Which regions a source reads: shell patterns that include and exclude."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def chosen(regions: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """The regions that a pattern of `include` matches (all, where it is empty) and none of `exclude`; in order."""
    return [
        region
        for region in regions
        if (not include or _matches(region, include)) and not _matches(region, exclude)
    ]  # fmt: skip


def exact(patterns: Iterable[str]) -> list[str]:
    """The names among some patterns: those of one region each."""
    return [pattern.strip() for pattern in patterns if not set(pattern) & set("*?[")]


def unmatched(regions: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The patterns that match no region: a slip of the pen, mostly."""
    return [pattern for pattern in patterns if not any(_matches(region, [pattern]) for region in regions)]


def _matches(region: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(region, pattern.strip()) for pattern in patterns)
