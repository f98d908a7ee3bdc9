"""A case: a small estate, what is asked of it, and the right answers by hand. Any index can be held to it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tagweave.model import Resource

from .hand import Held


class Question(NamedTuple):
    """What is asked; `at` and `until` in minutes after the beginning."""

    key: str
    at: float
    network: str | None = None
    port: int | None = None
    protocol: str = "tcp"
    side: str = "destination"
    until: float | None = None
    rule: str | None = None


class Right(NamedTuple):
    """What the answer must be. Tags that are not named are not asked for; one that is None must not be there.

    Several values of a tag are joined by a comma, in alphabetical order. An `interval` is in minutes, None for ever.
    """

    reason: str = "matched"
    owner: str | None = None
    rule: str | None = None
    tags: Mapping[str, str | None] = {}
    disputed: bool | None = None
    age: int | None = None
    interval: tuple[float | None, float | None] | None = None
    candidates: tuple[str, ...] | None = None
    itself: str | None = None
    """In a batch: the type of the instance that an address is which is not matched."""


class Case(NamedTuple):
    name: str
    estate: Sequence[Resource | Held]
    asks: Sequence[tuple[Question, Right]]
    accounts: Mapping[str, tuple[str, str]] = {}
    groups: Mapping[str, Sequence[str]] = {}

    def __repr__(self) -> str:
        return self.name


def asking(key: str, at: float = 100, **how: object) -> Question:
    return Question(key, at, **how)  # type: ignore[arg-type]


def is_(owner: str, tags: Mapping[str, str | None] | None = None, **more: object) -> Right:
    """It is matched, and is that resource (by its id), with those tags."""
    return Right("matched", owner, tags=tags or {}, **more)  # type: ignore[arg-type]


def not_(reason: str, *candidates: str, **more: object) -> Right:
    return Right(reason, candidates=candidates or None, **more)  # type: ignore[arg-type]
