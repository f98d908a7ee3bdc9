"""JSON paths into custom objects: names, quoted names, positions and `[*]`, as in a CRD's printer columns."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

_STEP: Final = re.compile(r"\.([^.\[\]']+)|\[(\d+)\]|\[(\*)\]|\['([^']+)'\]")
_ROOTS: Final = ("metadata", "spec", "status")

Step = str | int | None
"""A name, a position, or None for each element."""


@cache
def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError for what is none, or begins with neither metadata, spec nor status."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(f"{text!r} is no JSON path: it breaks at {text[at:]!r}; expected such as .status.ips[*]")
        name, position, star, quoted = match.groups()
        steps.append(None if star else int(position) if position else name or quoted)
        at = match.end()
    if not steps or steps[0] not in _ROOTS:
        raise ValueError(f"{text!r} is no path that begins with {', '.join(f'.{root}' for root in _ROOTS)}")
    return tuple(steps)


def follow(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Every value that a path leads to; none where it leads nowhere."""
    if not steps:
        if value is not None:
            yield value
        return
    step, rest = steps[0], steps[1:]
    if step is None:
        for one in value if isinstance(value, list) else ():
            yield from follow(one, rest)
    elif isinstance(step, int):
        if isinstance(value, list) and step < len(value):
            yield from follow(value[step], rest)
    elif isinstance(value, dict) and step in value:
        yield from follow(value[step], rest)
