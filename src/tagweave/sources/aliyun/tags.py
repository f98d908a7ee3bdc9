"""Aliyun's tags, lists, owners and times, which each of its services writes in a way of its own."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from tagweave.sources.clouds.listing import Raw

_KEYS: Final = (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"))


def items(wrapped: Raw, *inner: str) -> Sequence[Raw]:
    """A list that stands in a mapping of its own, as `{"Tag": […]}`; also one that stands alone, or a lone item.

    ECS, VPC and others wrap lists, newer services do not, and what was XML once may give one item without a list.
    """
    found = wrapped
    for name in inner:
        found = found.get(name) if isinstance(found, dict) else found
    if not found:
        return ()
    return found if isinstance(found, list) else (found,)


def tags(raw: Raw) -> dict[str, str]:
    """The tags of an item: in `Tags`, `TagSet` or `tags`, wrapped or not."""
    found = raw.get("Tags") or raw.get("TagSet") or raw.get("tags")
    return labels(items(found, "Tags") if isinstance(found, dict) and "Tags" in found else items(found, "Tag"))


def labels(pairs: Iterable[Raw]) -> dict[str, str]:
    """Pairs of `TagKey`, `Key` or `key` and its value, as a dict. Raises KeyError for what is none."""
    out = {}
    for pair in pairs:
        key, value = next((names for names in _KEYS if names[0] in pair), _KEYS[0])
        out[str(pair[key])] = str(pair.get(value) or "")
    return out


def owner(value: object) -> str:
    """An account id, which is written as a number or as text; empty where there is none, or 0."""
    return "" if value in {None, "", 0, "0"} else str(value)


def time(text: str | int | None) -> datetime | None:
    """A time in ISO 8601, or in milliseconds since 1970. Raises ValueError for anything else."""
    if not text:
        return None
    if isinstance(text, int):
        return datetime.fromtimestamp(text / 1000, UTC)
    found = datetime.fromisoformat(text.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
