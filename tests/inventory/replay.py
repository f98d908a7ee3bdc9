"""Batches that chance makes, and what becomes of them by brute force. It shares no code with the store."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from tagweave.model import Change, Failure, Scope, Snapshot, Vpc
from tagweave.model.times import FOREVER, to_ns

Batch = Snapshot | Change | Failure

START = datetime(2026, 1, 1, tzinfo=UTC)
PARTS = ("", "eu", "us")
IDS = "abcd"


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def ns(n: int) -> int:
    return to_ns(minute(n))


def vpc(source: str, native: str, name: str, created: int | None) -> Vpc:
    return Vpc(source=source, id=native, name=name, created_at=None if created is None else minute(created))


class Said(NamedTuple):
    """A batch before it has a source: times are minutes."""

    what: str
    part: str
    at: int
    since: int | None
    upserts: dict[str, tuple[str, int | None]]
    deletes: tuple[str, ...]

    def batch(self, source: str) -> Batch:
        scope = Scope(source, "vpc", self.part)
        resources = tuple(vpc(source, native, *of) for native, of in self.upserts.items())
        if self.what == "snapshot":
            return Snapshot(scope, resources, minute(self.at))
        if self.what == "failure":
            return Failure(scope, "", minute(self.at))
        since = None if self.since is None else minute(self.since)
        return Change(scope, resources, self.deletes, minute(self.at), since)


@st.composite
def said(draw: st.DrawFn, steps: tuple[int, ...] = (-2, -1, 0, 0, 0, 1, 3)) -> list[Said]:
    """Batches of several parts: time stands still, goes on, and goes back."""
    out = []
    at = 10
    for _ in range(draw(st.integers(1, 14))):
        at += draw(st.sampled_from(steps))
        of = st.tuples(st.sampled_from("xy"), st.sampled_from([None, None, at - 5, at, at + 2]))
        upserts = draw(st.dictionaries(st.sampled_from(IDS), of, max_size=3))
        what = draw(st.sampled_from(["snapshot", "snapshot", "change", "change", "failure"]))
        late = draw(st.sampled_from([None, None, None, at - 3, at - 1, at]))
        gone = tuple(draw(st.sets(st.sampled_from(IDS), max_size=2)) - {*upserts})
        out.append(Said(what, draw(st.sampled_from(PARTS)), at, late, upserts, gone))
    return out


class Span:
    """What a resource was, from a minute to another."""

    def __init__(self, of: tuple[str, int | None], start: int) -> None:
        self.of, self.start, self.part = of, start, ""
        self.end: int | None = None
        self.seen: int | None = None


class Row(NamedTuple):
    """A version, as it is compared."""

    id: str
    name: str
    start: int
    end: int
    seen: int
    part: str


class Replay:
    """The whole history of one kind of one source, minute by minute."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        self.success: dict[str, int] = {}
        self.first: dict[str, int] = {}
        self.stale: dict[str, bool] = {}

    def take(self, said: Said) -> None:
        part, at = said.part, said.at
        if said.what == "failure":
            self.stale[part] = True
            return
        if at < self.success.get(part, at):
            return
        self.stale.setdefault(part, False)
        since = said.since if said.what == "change" else None
        there = {native for native in self.spans if self.open(native)}
        for native, of in said.upserts.items():
            now = self.open(native)
            if now is None:
                before = [span.end for span in self.spans.get(native, ())]
                created = at if of[1] is None else min(of[1], at)
                self.spans.setdefault(native, []).append(Span(of, max([created, *before])))
            elif now.of != of:
                start = max(at, now.start)
                self.end(native, start, said, since)
                self.spans[native].append(Span(of, start))
            self.open(native).part = part
        if said.what == "snapshot":
            gone = [n for n in there if self.open(n).part == part and n not in said.upserts]
        else:
            gone = [n for n in said.deletes if n in there]
        for native in gone:
            self.end(native, max(at, self.open(native).start), said, since)
        if since is None:
            self.success[part], self.stale[part] = at, False
            self.first.setdefault(part, at)

    def open(self, native: str) -> Span | None:
        """What it is now, if it is there."""
        return next((span for span in self.spans.get(native, ()) if span.end is None), None)

    def end(self, native: str, at: int, said: Said, since: int | None) -> None:
        span = self.open(native)
        if at == span.start:
            self.spans[native].remove(span)
            return
        if said.what == "change" and since is None:
            seen = at
        elif since is not None:
            seen = since
        else:
            seen = max(self.success.get(part, -99) for part in (said.part, span.part))
        span.end, span.seen = at, max(span.start, min(seen, said.at, at))

    def rows(self) -> list[Row]:
        out = []
        for native, spans in self.spans.items():
            for span in spans:
                latest = max(span.start, self.success.get(span.part, span.start))
                seen = latest if span.end is None else span.seen
                end = FOREVER if span.end is None else ns(span.end)
                out.append(Row(native, span.of[0], ns(span.start), end, ns(seen), span.part))
        return sorted(out)
