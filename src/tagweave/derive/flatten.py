"""Claims of one key in one network → who held it when: disjoint pieces, each with its winner.

At a moment, of the claims that are live:

1. the smaller rank wins (a pod's claim before that of the VM whose interface carries the address);
2. of equal ranks a sure claim wins over an unsure one: a claim that has ended is unsure in [seen_until, end),
   the time in which it ended nobody knows when. Another owner that starts in that time ends it for good, and
   so does one that starts after a claim was last seen that is still open;
3. then the one that started later, then the larger owner id.

Two sure claims of one rank and different owners dispute the key: the winner's piece says so.
The live claims that lost, in that order, follow the winner in its piece: they may know more of the address.
"""

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from tagweave.model.times import FOREVER


class Claim(NamedTuple):
    """One owner's claim of a key during [start, end); times in ns."""

    start: int
    end: int
    seen_until: int
    rank: int
    owner: int


class Piece(NamedTuple):
    """During [start, end) the claims `holders` are live: indexes into the claims, the winner first."""

    start: int
    end: int
    holders: tuple[int, ...]
    disputed: bool


def flatten(claims: Sequence[Claim], shared: Collection[int] = (), unique: Collection[int] = ()) -> list[Piece]:
    """Disjoint pieces in ascending order, neighbours with equal holders joined.

    Owners of a rank in `shared` may hold a key together (services on one load balancer): that is no dispute. Of a
    rank in `unique` there is only one at a time (pods of one name): the one that began later ends the earlier.
    """
    if len(claims) == 1:
        claim = claims[0]
        return [Piece(claim.start, claim.end, (0,), disputed=False)] if claim.start < claim.end else []
    ends = _settled_ends(claims, shared, unique)
    moments = sorted({c.start for c in claims} | set(ends) | {c.seen_until for c in claims if c.seen_until < c.end})
    begins = sorted(range(len(claims)), key=lambda i: claims[i].start)
    live: list[int] = []
    position = 0
    pieces: list[Piece] = []
    for start, end in itertools.pairwise(moments):
        while position < len(begins) and claims[begins[position]].start <= start:
            live.append(begins[position])
            position += 1
        live = [i for i in live if ends[i] > start]
        if not live:
            continue
        ordered = sorted(live, key=lambda i: _order(claims[i], start)) if len(live) > 1 else live
        winner = claims[ordered[0]]
        disputed = winner.rank not in shared and any(
            claims[i].rank == winner.rank
            and claims[i].owner != winner.owner
            and _sure(claims[i], start)
            and _sure(winner, start)
            for i in ordered[1:]
        )
        _append(pieces, Piece(start, end, tuple(ordered), disputed))
    return pieces


def _settled_ends(claims: Sequence[Claim], shared: Collection[int], unique: Collection[int]) -> list[int]:
    """When each claim ended at the latest: once no longer seen, at the first start of another owner of its rank."""
    starts: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for claim in claims:
        starts[claim.rank].append((claim.start, claim.owner))
    for ordered in starts.values():
        ordered.sort()
    return [claim.end if claim.rank in shared else _settled_end(claim, starts[claim.rank], unique) for claim in claims]


def _settled_end(claim: Claim, starts: list[tuple[int, int]], unique: Collection[int]) -> int:
    earliest = claim.start + 1
    if claim.rank not in unique:
        if claim.seen_until >= claim.end:
            return claim.end
        earliest = max(earliest, claim.seen_until + (claim.end == FOREVER))
    for start, owner in itertools.islice(starts, bisect_left(starts, (earliest, -1)), None):
        if start >= claim.end:
            break
        if owner != claim.owner:
            return start
    return claim.end


def _sure(claim: Claim, moment: int) -> bool:
    return claim.end == FOREVER or moment < claim.seen_until or claim.seen_until >= claim.end


def _order(claim: Claim, moment: int) -> tuple[int, bool, int, int]:
    return (claim.rank, not _sure(claim, moment), -claim.start, -claim.owner)


def _append(pieces: list[Piece], piece: Piece) -> None:
    if pieces:
        last = pieces[-1]
        if last.end == piece.start and last.holders == piece.holders and last.disputed == piece.disputed:
            pieces[-1] = last._replace(end=piece.end)
            return
    pieces.append(piece)
