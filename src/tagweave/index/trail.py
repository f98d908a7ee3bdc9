"""How an answer was found, in sentences: where a key was sought, who held it there, what the port decided."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tagweave.index.columns import NETWORK_UNNAMED, NO_SERVICE
from tagweave.index.find import Found
from tagweave.index.holders import Run, described, label, labels
from tagweave.index.networks import tiers
from tagweave.index.view import View
from tagweave.model.times import rfc3339

MOST: Final = 8
"""So many networks are named one by one."""


class Trail:
    """The way of one look-up from a network (or from any) at a time; `why` is what has been said of it."""

    def __init__(self, view: View, where: int, at: int) -> None:
        self.why: list[str] = []
        self._view = view
        self._where = where
        self._at = at

    def seek(self, runs: Sequence[Run]) -> list[Run]:
        """Tell the way tier by tier, exact before ranges; the runs that hold the key where that ended."""
        tier_of = self.tiers([run.network for run in runs])
        for tier, members in self._sought():
            self.why.append(f"sought in {members}")
            mine = [run for run, its in zip(runs, tier_of, strict=True) if its == tier]
            mine.sort(key=lambda run: label(self._view, run.network))
            for exact in (True, False):
                hits: dict[int, Run] = {}
                for run in mine:
                    if run.exact == exact:
                        self._tell(run)
                        if run.at(self._at) >= 0:
                            hits.setdefault(run.network, run)
                if hits:
                    return list(hits.values())
        return []

    def tiers(self, networks: Sequence[int]) -> list[int]:
        """The tier in which each network is sought, -1 for none."""
        if self._where == NETWORK_UNNAMED:
            return [0] * len(networks)
        found: list[int] = tiers(self._view.networks, self._where, np.array(networks, np.int32), self._at).tolist()
        return found

    def _sought(self) -> Iterator[tuple[int, str]]:
        """The tiers that there are, the nearest first, and what is in them."""
        if self._where == NETWORK_UNNAMED:
            yield 0, "all networks"
            return
        every = self._view.networks.rid
        tier_of = tiers(self._view.networks, self._where, every, self._at)
        for tier in range(4):
            members = every[tier_of == tier]
            if len(members):
                more = f" and {len(members) - MOST:,} more" if len(members) > MOST else ""
                yield tier, ", ".join(labels(self._view, members[:MOST].tolist())) + more

    def _tell(self, run: Run) -> None:
        where = label(self._view, run.network)
        k, stretches = run.at(self._at), run.stretches()
        if k >= 0:
            losers = ", ".join(map(self.describe, self._view.others(int(run.pieces[k]))))
            span = span_text(*stretches.around(self._at))
            self.why.append(
                f"{where}: {run.what} held by {self.describe(int(run.owner[k]))} {span}"
                + (f", before {losers}" if losers else "")
            )
        elif len(stretches.owner):
            last = zip(*stretches.take(slice(-3, None)), strict=True)
            spans = "; ".join(f"{self.describe(int(o))} {span_text(int(a), int(b))}" for o, a, b in last)
            self.why.append(f"{where}: held at other times: {spans}")

    def tell_port(self, found: Found, port: int) -> None:
        """Tell what the port of one end decided."""
        segment = int(np.searchsorted(self._view.offsets, found.tagsets[0], side="right")) - 1
        pick = int(found.picks[0]) and int(found.picks[0] - self._view.picks[segment])
        row = int(found.tagsets[0] - self._view.offsets[segment])
        if pick > NO_SERVICE:
            services = self._view.members(int(self._view.column("service", found.tagsets, found.picks)[0]))
            self.why.append(f"port {port} is that of {', '.join(map(self.describe, services))}")
        elif pick == NO_SERVICE or self._view.segments[segment]["tagset.ports"][row]:
            self.why.append(f"no service of it serves port {port}")

    def describe(self, rid: int) -> str:
        """A resource in words."""
        return described(self._view, rid, self._at)


def span_text(since: int, until: int) -> str:
    """A time in words: `from 2026-01-01T00:00:00Z to now`."""
    return f"from {rfc3339(since) or 'the beginning'} to {rfc3339(until) or 'now'}"
