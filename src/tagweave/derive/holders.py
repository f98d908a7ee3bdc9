"""Who held a key, when, as what: the claims of one address or name in one network, resolved into pieces."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tagweave.derive.claims import SHARED_RANKS, AddressClaim, Held
from tagweave.derive.flatten import Claim, Piece, flatten
from tagweave.derive.machines import Row
from tagweave.derive.services import Services
from tagweave.derive.timeline import at as value_at
from tagweave.derive.timeline import pieces as cuts
from tagweave.index.columns import SEVERAL
from tagweave.index.draft import Piece as Told

_NODE_RANK: Final = 20
_INGRESS_RANK: Final = 36
_OF_SERVICES_RANKS: Final = frozenset({30, *SHARED_RANKS})
"""What a service or an ingress knows of an address is of the service, not of whoever else has it."""
_OF_SERVICES: Final = ("service", "ingress")


def resolved(claims: Sequence[AddressClaim], services: Services) -> list[Told]:
    """The pieces of one address or prefix in one network, disjoint and ascending."""
    if len(claims) == 1:
        claim = claims[0]
        return [Told(start, end, held.row, held.ports, claim.seen, (), False, False) for start, end, held in claim.held]
    plain = [Claim(c.start, c.end, c.seen_until, c.rank, c.owner) for c in claims]
    return list(_merged(claims, flatten(plain, SHARED_RANKS), services))


def _merged(claims: Sequence[AddressClaim], flat: Iterable[Piece], services: Services) -> Iterator[Told]:
    for piece in flat:
        holders = [claims[i] for i in piece.holders]
        winner = holders[0]
        others = tuple(dict.fromkeys(c.owner for c in holders[1:] if c.owner != winner.owner))
        for start, end in cuts([c.held for c in holders], piece.start, piece.end):
            held = _together(holders, [value_at(c.held, start) for c in holders], services)
            yield Told(start, end, held.row, held.ports, winner.seen, others, piece.disputed, False)


def _together(holders: Sequence[AddressClaim], held: Sequence[Held], services: Services) -> Held:
    """The winner's row, with what the other holders know of the address and the winner does not say."""
    winner, rank = held[0], holders[0].rank
    row, ports = winner.row, winner.ports
    holding = {holders[0].owner} if rank == _INGRESS_RANK else set()
    for claim, other in zip(holders[1:], held[1:], strict=True):
        if claim.rank in SHARED_RANKS and (rank in SHARED_RANKS or rank == _NODE_RANK):
            row = _shared(row, other.row, on_node=rank == _NODE_RANK)
            ports = services.union(ports, other.ports)
            holding |= {claim.owner} if claim.rank == _INGRESS_RANK else set()
        elif claim.rank not in _OF_SERVICES_RANKS and claim.rank != rank and not _contradicts(row, other.own):
            row = {**{k: v for k, v in other.own.items() if k not in _NOT_LENT}, **row}
    if rank == _NODE_RANK and row.get("ingress"):
        ports = services.led_by(ports, row["ingress"])
    return Held(row, services.also_led(ports, holding) if holding else ports, row)


_NOT_LENT: Final = frozenset({"owner", *_OF_SERVICES})
"""What the winner of an address does not take over from those that lost."""


def _shared(row: Row, other: Row, *, on_node: bool) -> Row:
    """The row of what several services or ingresses share: all of them, and of the rest what all of them have."""
    out = dict(row) if on_node else {k: v for k, v in row.items() if k == "owner" or other.get(k) == v}
    for column in _OF_SERVICES:
        members = {*row.get(column, ()), *other.get(column, ())}
        if members:
            out[column] = tuple(sorted(members))
    return out


def _contradicts(row: Row, other: Row) -> bool:
    """Whether two rows differ in a column of one resource that both have."""
    return any(
        other[column] != value
        for column, value in row.items()
        if column in other and column not in SEVERAL and column not in _NOT_LENT
    )
