"""What the items of Aliyun's answers have in common."""

import zlib
from collections.abc import Mapping
from typing import Any, Final

Row = dict[str, Any]
Tags = Mapping[str, str]

ACCOUNT: Final = 1234567890123456
GROUP: Final = "rg-acfmxazb4ph6aiy"
SECONDS: Final = "2024-03-05T06:07:08Z"
MINUTES: Final = "2024-03-05T06:07Z"
MILLISECONDS: Final = 1709618828000
NONE: Final[Tags] = {}


def tags(given: Tags, key: str = "Key", value: str = "Value") -> Row:
    return {"Tag": flat_tags(given, key, value)}


def flat_tags(given: Tags, key: str = "Key", value: str = "Value") -> list[Row]:
    return [{key: one, value: text} for one, text in given.items()]


def tag_keys(given: Tags) -> Row:
    """As ECS, classic load balancers and NAT gateways have them."""
    return tags(given, "TagKey", "TagValue")


def number_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return zlib.crc32(text.encode())
