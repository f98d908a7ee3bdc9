"""Talking: which networks could have talked with which at a time, of many at once.

Two can where one reaches the other (docs/laws.md, 4.5; `index.networks.tiers` is for one): they have a *centre* in
common, or centres that share a group. The centres of a cluster are the VPCs that it runs in then, that of any other
network is itself. The internet talks with everybody.
"""

from typing import Final, NamedTuple

import numpy as np

from tagweave.index.columns import I32, I64, INTERNET, Bools
from tagweave.index.networks import Networks

UNLISTED: Final = -1
"""The number of a network that nobody lists."""
_MOST_SPELLS: Final = 64


class _Spell(NamedTuple):
    """What is joined to what in a time in which nothing of that changes; centres and groups by number.

    Network `network[i]` has the centre `centre[i]`, and centre `joined[k]` is in group `group[k]`.
    """

    network: I64
    centre: I64
    joined: I64
    group: I64


class Talking:
    """Who could have talked with whom, of the networks of a view."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        times = (networks.home_since, networks.home_until, networks.group_since, networks.group_until)
        self._changes: I64 = np.unique(np.concatenate(times))
        self._centres = np.unique(np.concatenate([networks.rid, networks.home]))
        self._groups = np.unique(networks.group)
        self._spells: dict[int, _Spell] = {}

    def __len__(self) -> int:
        return len(self._networks.rid)

    def numbers(self, networks: I32) -> I64:
        """The positions of networks among all, UNLISTED for one that is not among them."""
        every = self._networks.rid
        place = np.minimum(np.searchsorted(every, networks), len(every) - 1)
        return np.where(every[place] == networks, place, UNLISTED)

    def spells(self, at: I64) -> I64:
        """Numbers of times (ns): two in which all is joined alike have one."""
        return np.searchsorted(self._changes, at, side="right")

    def partners(self, numbers: I64, spell: int, at: int) -> Bools:
        """Which networks, by number, could have talked with one of some, at a time of a spell."""
        if (numbers == UNLISTED).any() or (self._networks.rid[numbers] == INTERNET).any():
            return np.ones(len(self), np.bool_)
        now = self._spell(spell, at)
        mine = np.zeros(len(self), np.bool_)
        mine[numbers] = True
        centres = np.zeros(len(self._centres), np.bool_)
        centres[now.centre[mine[now.network]]] = True
        groups = np.zeros(len(self._groups), np.bool_)
        groups[now.group[centres[now.joined]]] = True
        centres[now.joined[groups[now.group]]] = True
        out: Bools = self._networks.rid == INTERNET
        out[now.network[centres[now.centre]]] = True
        return out

    def _spell(self, number: int, at: int) -> _Spell:
        if number not in self._spells:
            if len(self._spells) >= _MOST_SPELLS:
                self._spells.clear()
            self._spells[number] = self._made(at)
        return self._spells[number]

    def _made(self, at: int) -> _Spell:
        these = self._networks
        every = np.arange(len(these.rid))
        live = (these.home_since <= at) & (at < these.home_until)
        network = np.repeat(every, np.diff(these.home_first))[live]
        alone = np.setdiff1d(every, network)
        centre = np.searchsorted(self._centres, np.concatenate([these.home[live], these.rid[alone]]))
        network = np.concatenate([network, alone])
        live = (these.group_since <= at) & (at < these.group_until)
        joined = np.searchsorted(self._centres, np.repeat(these.rid, np.diff(these.group_first))[live])
        return _Spell(network, centre, joined, np.searchsorted(self._groups, these.group[live]))
