"""What the items of all services share."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
UIN, APP = "100000000001", 1250000001
MADE = "2026-01-15 08:30:00"
MADE_UTC = "2026-01-15T00:30:00Z"
"""The same moment: some services tell the time in China, some in UTC."""
NONE: Mapping[str, str] = {}
"""No tags."""


def tag_set(tags: Mapping[str, str]) -> list[Item]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_list(tags: Mapping[str, str]) -> list[Item]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
