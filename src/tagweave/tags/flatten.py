"""Claims of one address in one network → who held it when: disjoint pieces, each with its winner.

At a moment, of the claims that are live:

1. the smaller rank wins (a pod's claim before that of the VM whose interface carries the address);
2. of equal ranks a sure claim wins over an unsure one: a claim that has ended is unsure in [seen_until, end),
   the time in which it ended nobody knows when. Another owner that starts in that time ends it for good, and
   so does one that starts after a claim was last seen that is still open;
3. then the one that started later, then the larger owner id.

Two sure claims of one rank and different owners dispute the address: the winner's piece says so.
The live claims that lost, in that order, follow the winner in its piece: they may know more of the address.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tagweave.model.times import FOREVER


class Claim(NamedTuple):
    """One owner's claim of an address during [start, end); times in ns."""

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


def flatten(claims: Sequence[Claim], shared_ranks: Iterable[int] = ()) -> list[Piece]:
    """Disjoint pieces in ascending order, neighbours with equal holders joined.

    Owners of a rank in `shared_ranks` may hold an address together (services on one load balancer): that
    is no dispute.
    """
    if len(claims) == 1:
        claim = claims[0]
        return [Piece(claim.start, claim.end, (0,), disputed=False)] if claim.start < claim.end else []
    shared = frozenset(shared_ranks)
    ends = [_settled_end(claim, claims, shared) for claim in claims]
    moments = sorted({c.start for c in claims} | set(ends) | {c.seen_until for c in claims if c.seen_until < c.end})
    pieces: list[Piece] = []
    for start, end in itertools.pairwise(moments):
        live = [i for i, claim in enumerate(claims) if claim.start <= start < ends[i]]
        if not live:
            continue
        live.sort(key=lambda i: _order(claims[i], start))
        winner = claims[live[0]]
        disputed = winner.rank not in shared and any(
            claims[i].rank == winner.rank
            and claims[i].owner != winner.owner
            and _sure(claims[i], start)
            and _sure(winner, start)
            for i in live[1:]
        )
        _append(pieces, Piece(start, end, tuple(live), disputed))
    return pieces


def _settled_end(claim: Claim, claims: Sequence[Claim], shared: frozenset[int]) -> int:
    """When a claim ended at the latest: once no longer seen, at the first start of another owner."""
    if claim.seen_until >= claim.end or claim.rank in shared:
        return claim.end
    return min(
        (
            other.start
            for other in claims
            if other.rank == claim.rank
            and other.owner != claim.owner
            and claim.seen_until + (claim.end == FOREVER) <= other.start < claim.end
            and claim.start < other.start
        ),
        default=claim.end,
    )


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
