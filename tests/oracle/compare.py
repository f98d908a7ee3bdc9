"""What an index says against what the oracle says, as lines to read.

    lines = differences(ask, estate.oracle(), probes_of(estate.versions, Random(1), 500))
    assert not lines, report(lines)

`ask` takes a `Probe` and gives what was answered, in whatever way: by batch, by look-up, by an index that followed
the changes. Only what it gives is compared.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypedDict

from tagweave.model.times import BEGINNING, FOREVER, rfc3339

from .case import Case, Question, Right
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


def by_hand(ask: Callable[[Probe], Answered | None], case: Case, *, batch: bool = False) -> list[str]:
    """Everything in which answers differ from those that a case has; `ask` asks an index of the case's estate.

    `batch` as in `differences`. A question to which `ask` gives None is left out.
    """
    found = []
    for question, right in case.asks:
        probe = probe_of(question)
        answered = ask(probe)
        if answered is not None:
            found += [str(Difference(probe, *one)) for one in _not_right(answered, right, batch=batch)]
    return found


def probe_of(question: Question) -> Probe:
    """A question of a case, with its times in ns."""
    q = question
    until = None if q.until is None else at(q.until)
    return Probe(q.key, at(q.at), q.network, q.port, q.protocol, q.side, until, q.rule)


def _not_right(answered: Answered, right: Right, *, batch: bool) -> Iterator[tuple[str, object, object]]:
    """What an answer says that is not so: what, what is said, and what is right."""
    wanted: dict[str, object] = {
        "reason": right.reason,
        "owner": right.owner,
        "rule": right.rule,
        "disputed": right.disputed,
        "age_seconds": right.age,
        "candidates": right.candidates,
    }
    if right.interval:
        start, end = right.interval
        wanted["interval"] = (BEGINNING if start is None else at(start), FOREVER if end is None else at(end))
    for what, value in wanted.items():
        if what in answered and value is not None:
            said: object = answered[what]  # type: ignore[literal-required]
            if what == "owner":
                said = (answered["owner"] or [None])[-1]
            elif what == "candidates":
                said = tuple(sorted(one[-1] for one in answered["candidates"]))
            if said != value:
                yield what, said, value
    tags = {**right.tags, **({"tagweave.instance.type": right.itself} if batch and right.itself else {})}
    for tag, text in tags.items():
        if _values(answered["tags"].get(tag)) != (text.split(",") if text else []):
            yield tag, answered["tags"].get(tag), text


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
        shown = sorted({tuple(c) for c in answered["candidates"]})
        size = len(shown[0]) if shown else 3
        right_ones = sorted({c[3 - size :] for c in said.candidates})
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
