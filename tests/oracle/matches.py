"""The row of a match, and what the port makes of it: laws 5.5, 6.3 to 6.5 and 7.5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from tagweave.model import VM, Interface
from tagweave.model.times import FOREVER

from .claims import SHARED, Claim, Claims
from .facts import INTERNET, Facts, Ident
from .names import as_mac
from .networks import Networks
from .rows import SETS, Row, Rows, lay
from .services import Served, Services

NODE: Final = 20


@dataclass(frozen=True)
class Found:
    """Who holds a key, found in one network: all that the rest of the answer is made of."""

    owner: Ident
    rule: str
    network: Ident
    key: str
    disputed: bool
    seen: int
    held: Callable[[int], bool]
    """Whether the owner held the key, at a moment."""
    last: int = FOREVER
    """The last moment at which it did."""


class Matches:
    """Rows of what was found, at each moment."""

    def __init__(self, facts: Facts, rows: Rows, networks: Networks, claims: Claims, services: Services) -> None:
        self.facts = facts
        self.rows = rows
        self.networks = networks
        self.claims = claims
        self.services = services
        self.address_row = cache(self._address_row)

    def row(
        self, found: Found, t: int, port: int | None, words: frozenset[str], side: str
    ) -> tuple[Row, frozenset[Ident]]:
        """The row of a match, and the services that the port picks."""
        if found.rule in {"ip", "prefix"}:
            row, sharing = self.address_row(found.key, found.network, t)
        else:
            row, sharing = self._name_row(found, t), frozenset()
        return self._settled(found, row, sharing, t, port, words, side)

    # ---- law 5.5

    def own_row(self, owner: Ident, key: str, t: int) -> Row:
        """What the holder of an address says itself: its row, with the interface that carries the address."""
        row = self.rows.row(owner, t)
        vm = self.facts.resource(owner, t)
        if isinstance(vm, VM):
            carrying = [i for i in vm.interfaces if key in i.private_ips + i.public_ips]
            return self._with_interfaces(owner, row, carrying[:1], t)
        if owner.kind == "service":
            return {**row, "ingress": self.services.leading_to(owner, t)}
        return row

    def _with_interfaces(self, vm: Ident, row: Row, interfaces: Sequence[Interface], t: int) -> Row:
        groups = [group for i in interfaces for group in i.security_groups]
        subnets = {i.subnet for i in interfaces}
        if len(subnets) == 1 and (subnet := subnets.pop()):
            row = lay(self.rows.row(Ident(vm.source, "subnet", subnet), t), row)
        return {**row, "security_group": self.rows.groups(vm.source, groups)} if groups else row

    def _address_row(self, key: str, network: Ident, t: int) -> tuple[Row, frozenset[Ident]]:
        """The row of the winner of an address or a range, and the services and ingresses that share the address."""
        live = self.claims.live(key, network, t)
        winner = live[0]
        sharing = (
            frozenset(c.owner for c in live if c.rank in SHARED) if winner.rank in {*SHARED, NODE} else frozenset()
        )
        row = self.own_row(winner.owner, key, t)
        if sharing:
            row = self._shared(row, winner, sharing, key, t)
        where = self.networks.own(winner.owner, key, t)[0] if network == INTERNET else network
        if "subnet" not in row and (subnet := self.networks.subnet_of(key, where, t)):
            row = lay(self.rows.row(subnet, t), row)
        for loser in live:
            if loser.rank != winner.rank and loser.owner.kind not in {"service", "ingress"}:
                row = _adding(row, self.own_row(loser.owner, key, t))
        return row, sharing

    def _shared(self, row: Row, winner: Claim, sharing: frozenset[Ident], key: str, t: int) -> Row:
        """All services and ingresses that share an address; of the rest what all of them have."""
        rows = [self.own_row(it, key, t) for it in sharing]
        if winner.rank in SHARED:
            row = {column: value for column, value in row.items() if all(r.get(column) == value for r in rows)}
        union = {c: frozenset().union(*(r.get(c, frozenset()) for r in rows)) for c in ("service", "ingress")}
        return {**row, **union}

    # ---- laws 6.3 to 6.5: the port decides

    def _settled(
        self,
        found: Found,
        row: Row,
        sharing: frozenset[Ident],
        t: int,
        port: int | None,
        words: frozenset[str],
        side: str,
    ) -> tuple[Row, frozenset[Ident]]:
        """The row with the services that the port picks, and those."""
        kind = found.owner.kind
        if found.rule == "prefix" or kind not in {"pod", "node", "service", "ingress"}:
            return row, frozenset()
        if kind == "pod":
            services = self.services.of_pod(found.owner, t)
            row = {**row, "service": services, "ingress": self.services.ingresses(services, t)}
        if port is None:
            return row, frozenset()
        serves = self._serves(found, sharing, t)
        picked = frozenset(s.service for s in serves if s.port == port and s.protocol in words)
        if picked:
            held = frozenset(it for it in sharing | {found.owner} if it.kind == "ingress")
            leading = self.services.ingresses(picked, t) & row.get("ingress", frozenset())
            row = {**row, "service": picked, "ingress": leading | held}
            return row if kind == "pod" else self._of_these(row, picked, t), picked
        if kind == "node" or (kind == "pod" and side != "source"):
            row = {**row, "service": frozenset(), "ingress": frozenset()}
        return row, picked

    def _serves(self, found: Found, sharing: frozenset[Ident], t: int) -> frozenset[Served]:
        if found.owner.kind == "pod":
            return self.services.at_pod(found.owner, t)
        holding = self.services.at_address(sharing | {found.owner}, t)
        return holding | (self.services.at_node(found.owner, t) if found.owner.kind == "node" else frozenset())

    def _of_these(self, row: Row, services: frozenset[Ident], t: int) -> Row:
        """A row whose namespace and cluster are those of its services."""
        rows = [self.rows.row(it, t) for it in services]
        for column in ("namespace", "cluster"):
            values = {r.get(column) for r in rows}
            if rows:
                row = {c: v for c, v in row.items() if c != column}
                if len(values) == 1 and (value := values.pop()):
                    row = {**row, column: value}
        return row

    def _name_row(self, found: Found, t: int) -> Row:
        """A VM that is asked by name has what its interfaces have, by an interface's name what that one has."""
        row = self.own_row(found.owner, "", t)
        vm = self.facts.resource(found.owner, t)
        if not isinstance(vm, VM):
            return row
        said = {"mac": lambda i: as_mac(i.mac), "interface_id": lambda i: i.id}.get(found.rule)
        mine = [i for i in vm.interfaces if said is None or said(i) == found.key]
        return self._with_interfaces(found.owner, row, mine, t)


def _adding(row: Row, loser: Row) -> Row:
    """A loser of another rank adds what the winner's row lacks, where it contradicts nothing."""
    single = {column: value for column, value in loser.items() if column not in SETS and column != "workloads"}
    if any(column in row and row[column] != value for column, value in single.items()):
        return row
    return {**loser, **row}
