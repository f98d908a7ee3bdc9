"""What an index says against what the oracle says, as lines to read.

    lines = differences(ask, estate.oracle(), probes_of(estate.versions, Random(1), 500))
    assert not lines, report(lines)

`ask` takes a `Probe` and gives what was answered, in whatever way: by batch, by look-up, by an index that followed
the changes. Only what it gives is compared.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypedDict

from tagweave.model.times import BEGINNING, FOREVER, rfc3339

from .case import Case
from .estates import Probe
from .hand import at
from .oracle import Identity, Oracle, Said


class Answered(TypedDict, total=False):
    """An answer, or as much of it as there is: a batch has no interval, a look-up has no source of its owner.

    `owner` is (source, kind, id), or (kind, id). Times are in ns. A tag's several values may be joined by commas.
    """

    reason: str
    owner: Sequence[str] | None
    rule: str | None
    disputed: bool
    interval: tuple[int, int] | None
    age_seconds: int | None
    candidates: Collection[Sequence[str]]
    tags: Mapping[str, str | Sequence[str]]


class Difference(NamedTuple):
    """One thing that was said and is not so."""

    probe: Probe
    what: str
    said: object
    expected: object

    def __str__(self) -> str:
        p = self.probe
        how = [f"{word}={value}" for word, value in zip(p._fields[2:6], p[2:6], strict=True) if value not in {None, ""}]
        until = [f"until={rfc3339(p.until)}"] if p.until is not None else []
        asked = " ".join([p.key, "at", rfc3339(p.at) or str(p.at), *how, *until])
        return f"{asked}: {self.what}: said {_shown(self.said)}, expected {_shown(self.expected)}"


def differences(
    ask: Callable[[Probe], Answered | None],
    oracle: Oracle,
    probes: Iterable[Probe],
    *,
    batch: bool = False,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> list[Difference]:
    """Everything in which answers differ from the oracle's.

    `batch` says that an address which is not matched has the tags of what it is itself. `only` are the tags that were
    asked for, where it is not all; `without` are tags, or other parts of an answer, that are not compared. A probe to
    which `ask` gives None is left out.
    """
    found: list[Difference] = []
    for probe in probes:
        answered = ask(probe)
        if answered is None:
            continue
        said = probe.put_to(oracle)
        found += _of_one(probe, answered, said, batch=batch, only=only, without=without)
    return found


def by_hand(ask: Callable[[Probe], Answered], case: Case) -> list[str]:
    """Everything in which answers differ from those that a case has; `ask` asks an index of the case's estate."""
    found = []
    for q, right in case.asks:
        until = None if q.until is None else at(q.until)
        probe = Probe(q.key, at(q.at), q.network, q.port, q.protocol, q.side, until, q.rule)
        answered = ask(probe)
        said: dict[str, object] = {"reason": answered["reason"]}
        expected: dict[str, object] = {"reason": right.reason}
        for what in ("rule", "disputed", "age", "interval"):
            key = {"age": "age_seconds"}.get(what, what)
            wanted = getattr(right, what)
            if wanted is not None and key in answered:
                said[what], expected[what] = answered[key], wanted  # type: ignore[literal-required]
        if right.interval:
            start, end = right.interval
            expected["interval"] = (BEGINNING if start is None else at(start), FOREVER if end is None else at(end))
        if right.owner:
            said["owner"], expected["owner"] = (answered["owner"] or [None])[-1], right.owner
        if right.candidates and "candidates" in answered:
            said["candidates"] = tuple(sorted(c[-1] for c in answered["candidates"]))
            expected["candidates"] = right.candidates
        for tag, wanted in right.tags.items():
            said[tag] = _values(answered["tags"].get(tag))
            expected[tag] = wanted.split(",") if wanted else []
        found += [
            str(Difference(probe, what, said.get(what), wanted))
            for what, wanted in expected.items()
            if said.get(what) != wanted
        ]
    return found


def report(found: Sequence[Difference], most: int = 10) -> str:
    """How many of what differ, and the first of each."""
    counts = Counter(one.what for one in found)
    lines = [f"{len(found)} differences in {len({one.probe for one in found})} answers"]
    for what, count in counts.most_common():
        these = [one for one in found if one.what == what]
        lines += [f"  {what}: {count}", *(f"    {one}" for one in these[: max(1, most // len(counts))])]
    return "\n".join(lines)


def _of_one(
    probe: Probe,
    answered: Answered,
    said: Said,
    *,
    batch: bool,
    only: Collection[str] | None,
    without: Collection[str],
) -> Iterable[Difference]:
    for what in ("reason", "rule", "disputed", "interval", "age_seconds"):
        if what in answered and what not in without:
            right: object = getattr(said, what)
            if answered[what] != right:  # type: ignore[literal-required]
                yield Difference(probe, what, answered[what], right)  # type: ignore[literal-required]
    if "owner" in answered and "owner" not in without and not _same(answered["owner"], said.owner):
        yield Difference(probe, "owner", answered["owner"], said.owner)
    if "candidates" in answered and "candidates" not in without:
        shown = sorted(tuple(c) for c in answered["candidates"])
        size = len(shown[0]) if shown else 3
        right_ones = sorted(c[3 - size :] for c in said.candidates)
        if shown != right_ones:
            yield Difference(probe, "candidates", shown, right_ones)
    if "tags" in answered:
        expected = said.tags or (said.itself if batch else {})
        tags = answered["tags"]
        for tag in sorted({*tags, *expected} if only is None else only):
            if tag not in without and _values(tags.get(tag)) != sorted(expected.get(tag, ())):
                yield Difference(probe, tag, tags.get(tag), expected.get(tag))


def _same(owner: Sequence[str] | None, right: Identity | None) -> bool:
    return owner is right is None or (
        owner is not None and right is not None and tuple(owner) == right[3 - len(owner) :]
    )


def _values(said: str | Sequence[str] | None) -> list[str]:
    if said is None:
        return []
    return sorted(said.split(",") if isinstance(said, str) else said)


def _shown(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        return f"{rfc3339(value[0])} to {rfc3339(value[1])}"
    return ",".join(value) if isinstance(value, tuple) and value else repr(value)
