"""How an API gives out a long list in pages, as pure functions that know no vendor.

A `Paging` says what the first request carries and, from a request and its answer, what the next one carries:
None where that was the last page. Nothing here stops an API that goes round in circles; the reader does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

Params = Mapping[str, Any]
Page = Any
"""A decoded answer."""

NOTHING: Final[Params] = MappingProxyType({})
"""No parameters."""
LINK: Final = "@link"
"""The parameter by which a session is asked for a whole address that the last answer gave."""


class Paging(NamedTuple):
    """A paging style.

    `first(size)` are the parameters of the first page of at most `size` items, None for the API's largest.
    `following(params, page, got, so_far)` are all parameters of the next request: `got` items were on this page,
    `so_far` on all of them together. `total` is where an answer says how many there are in all. Where that and the
    first page of `got` items tell all other requests, `rest(params, page, got)` gives them; None where they do not.
    """

    first: Callable[[int | None], Params]
    following: Callable[[Params, Page, int, int], Params | None]
    total: str = ""
    rest: Callable[[Params, Page, int], Sequence[Params] | None] | None = None


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def at(value: Any, path: str) -> Any:  # noqa: ANN401 - any decoded answer
    """What stands at a dotted path of mappings; None where nothing does."""
    for step in _steps(path):
        if not isinstance(value, dict) and not isinstance(value, Mapping):  # the first is many times as fast
            return None
        value = value.get(step)
    return value


def token(request: str, answer: str, size: str = "", most: int = 0, least: int = 1) -> Paging:
    """A token or marker: the answer's path `answer` holds it, the next request sends it as `request`.

    `size` is the parameter for the page size, within [least, most]; empty where the API has none.
    """

    def following(params: Params, page: Page, _got: int, _so_far: int) -> Params | None:
        found = at(page, answer)
        return {**params, request: found} if found else None

    return Paging(_sized(size, most, least), following)


def numbered(page: str, size: str, most: int, total: str = "", start: int = 1) -> Paging:
    """Page numbers from `start`: on while pages are full or, where the answer has a `total`, until it is reached."""
    first = _sized(size, most)

    def begin(wanted: int | None) -> Params:
        return {**first(wanted), page: start}

    def following(params: Params, answer: Page, got: int, so_far: int) -> Params | None:
        more = _more(at(answer, total) if total else None, params[size], got, so_far)
        return {**params, page: params[page] + 1} if more else None

    def rest(params: Params, answer: Page, got: int) -> list[Params] | None:
        starts = _starts(at(answer, total), params[size], got)
        return None if starts is None else [{**params, page: start + one // params[size]} for one in starts]

    return Paging(begin, following, total, rest if total else None)


def offset(start: str, size: str, most: int, total: str = "") -> Paging:
    """The number of items to leave out: on as with `numbered`."""
    first = _sized(size, most)

    def begin(wanted: int | None) -> Params:
        return {**first(wanted), start: 0}

    def following(params: Params, answer: Page, got: int, so_far: int) -> Params | None:
        more = _more(at(answer, total) if total else None, params[size], got, so_far)
        return {**params, start: so_far} if more else None

    def rest(params: Params, answer: Page, got: int) -> list[Params] | None:
        starts = _starts(at(answer, total), params[size], got)
        return None if starts is None else [{**params, start: one} for one in starts]

    return Paging(begin, following, total, rest if total else None)


def next_link(answer: str = "nextLink", size: str = "", most: int = 0) -> Paging:
    """The answer's path `answer` holds the whole address of the next page: the request is that and nothing else."""

    def following(_params: Params, page: Page, _got: int, _so_far: int) -> Params | None:
        link = at(page, answer)
        return {LINK: link} if link else None

    return Paging(_sized(size, most), following)


def _sized(name: str, most: int, least: int = 1) -> Callable[[int | None], Params]:
    def first(wanted: int | None) -> Params:
        return {name: max(least, min(wanted or most, most))} if name else {}

    return first


def _starts(total: object, size: int, got: int) -> range | None:
    """Where the pages after the first one start; None where that one was not full, or no total tells."""
    if got != size or not isinstance(total, int | str) or not str(total).isdecimal():
        return None
    return range(size, int(total), size)


def _more(total: int | None, size: int, got: int, so_far: int) -> bool:
    """Whether there is a next page. An empty page is the last one, whatever the total says: that is checked later."""
    if not got:
        return False
    return got >= size if total is None else so_far < int(total)


WHOLE: Final = Paging(lambda _size: {}, lambda _params, _page, _got, _so_far: None)
"""The API gives everything at once."""
