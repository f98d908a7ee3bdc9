"""Tencent Cloud's tags, times and short names of regions."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from tagweave.sources.clouds.values import labels

_BEIJING: Final = timezone(timedelta(hours=8))
_NEVER: Final = ("0000", "0001", "1970")


def tags(pairs: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """A list of TagKey and TagValue as labels."""
    return labels(pairs, "TagKey", "TagValue")


def when(text: str | None) -> datetime | None:
    """A time in UTC. One without a zone is Beijing's, in whatever region; one long ago says that there is none."""
    if not text or text.startswith(_NEVER):
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=_BEIJING)).astimezone(UTC)


_REGIONS: Final = {
    "gz": "ap-guangzhou",
    "sh": "ap-shanghai",
    "nj": "ap-nanjing",
    "bj": "ap-beijing",
    "cd": "ap-chengdu",
    "cq": "ap-chongqing",
    "hk": "ap-hongkong",
    "tpe": "ap-taipei",
    "qy": "ap-qingyuan",
    "szx": "ap-shenzhen",
    "tsn": "ap-tianjin",
    "sg": "ap-singapore",
    "jkt": "ap-jakarta",
    "th": "ap-bangkok",
    "in": "ap-mumbai",
    "kr": "ap-seoul",
    "jp": "ap-tokyo",
    "use": "na-ashburn",
    "usw": "na-siliconvalley",
    "ca": "na-toronto",
    "sao": "sa-saopaulo",
    "de": "eu-frankfurt",
    "ru": "eu-moscow",
    "shjr": "ap-shanghai-fsi",
    "szjr": "ap-shenzhen-fsi",
    "bjjr": "ap-beijing-fsi",
}
"""The short names of regions, by which DescribeVpcPeeringConnections names them."""


def region_of(name: str | None) -> str:
    """The code of a region that is named by it or by its short name."""
    return _REGIONS.get(name or "", name or "")
