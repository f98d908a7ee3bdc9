"""How each of Tencent Cloud's services pages. Every answer says how many items there are in all."""

from typing import Final

from tagweave.sources.clouds import WHOLE, Paging, numbered, offset, token
from tagweave.sources.clouds.paging import Page, Params

TOTAL: Final = "TotalCount"
"""Where an answer says how many items there are in all."""


def _in_text(numbers: Paging, start: str, size: str) -> Paging:
    """Offset and limit as text, which the older actions of VPC ask for."""

    def first(wanted: int | None) -> Params:
        return {key: str(value) for key, value in numbers.first(wanted).items()}

    def following(params: Params, page: Page, got: int, so_far: int) -> Params | None:
        more = numbers.following({**params, size: int(params[size])}, page, got, so_far)
        return None if more is None else {**params, start: str(more[start])}

    return Paging(first, following, numbers.total)


def _in_steps(numbers: Paging, start: str, size: str) -> Paging:
    """An offset that must be a multiple of the limit."""

    def following(params: Params, page: Page, got: int, so_far: int) -> Params | None:
        more = numbers.following(params, page, got, so_far)
        return None if more is None else {**params, start: params[start] + params[size]}

    return Paging(numbers.first, following, numbers.total)


ALL: Final = WHOLE._replace(total=TOTAL)
"""For actions that give everything at once."""
OFFSET: Final = offset("Offset", "Limit", most=100, total=TOTAL)
SMALL: Final = offset("Offset", "Limit", most=20, total=TOTAL)
"""For actions whose largest page is not documented: their default is 20."""
TEXT: Final = _in_text(OFFSET, "Offset", "Limit")
CDB: Final = offset("Offset", "Limit", most=2000, total=TOTAL)
SQLSERVER: Final = numbered("Offset", "Limit", most=100, total=TOTAL, start=0)
REDIS: Final = _in_steps(offset("Offset", "Limit", most=1000, total=TOTAL), "Offset", "Limit")
MEMBERS: Final = _in_steps(offset("Offset", "Limit", most=50, total="Total"), "Offset", "Limit")
ALB: Final = token("NextToken", "NextToken", "MaxResults", most=100)._replace(total=TOTAL)
