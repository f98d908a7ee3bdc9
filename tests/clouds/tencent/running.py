"""The rig of Tencent Cloud."""

import os
from collections.abc import Mapping
from unittest import mock

from clouds.server import Server
from clouds.tencent.actions import ACTIONS
from clouds.tencent.estate import ADDRESSES, LACKING, MEMBER, REGIONS, ROLE, TAGGED, TAGS, expected, standard
from clouds.tencent.fake import HABITS, Api, Lists
from clouds.tencent.items.common import UIN
from clouds.tencent.large import large
from clouds.tencent.signing import Key
from tagweave.sources.clouds import Politeness
from tagweave.sources.tencent import Config, Source

ABSENT: Mapping[str, str] = {}
KEY, SECRET = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
USER = "100000000009"


class Running:
    """`lists` are by account; the estate of the account UIN is what `expected` and the others tell."""

    def __init__(self, lists: Mapping[str, Lists], regions: tuple[str, ...]) -> None:
        self._environment = mock.patch.dict(
            os.environ, {"TENCENTCLOUD_SECRET_ID": KEY, "TENCENTCLOUD_SECRET_KEY": SECRET}
        )
        self._environment.start()
        self._lists = lists
        keys = {KEY: Key(UIN, SECRET, user=USER)}
        self.api = Api(keys, lists, regions, [(MEMBER, ROLE)], LACKING if regions == REGIONS else ())
        self.server = Server(self.api, HABITS)
        self.regions = regions
        self.secrets = (SECRET, "temporary-secret-", "temporary-token-")
        self.expected = {kind: frozenset(found) for kind, found in expected(lists[UIN]).items()}
        self.tagged = {kind: (native, TAGS) for kind, native in TAGGED.items()}
        self.addresses = {kind: (native, frozenset(found)) for kind, (native, found) in ADDRESSES.items()}

    def source(self, politeness: Politeness, page_size: int | None = None) -> Source:
        config = Config(name="acc", regions=self.regions, home_region=self.regions[0], endpoint=self.server.url)
        return Source(config, politeness=politeness, page_size=page_size)

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 - as the rig has it
        for (name, _), items in self._lists[UIN].items():
            action = ACTIONS[name]
            if action.kind == kind:
                items[:] = [one for one in items if one[action.id] != id]

    def close(self) -> None:
        self.server.close()
        self._environment.stop()


def start(vms: int | None = None, regions: int = 5) -> Running:
    """The standard estate; with `vms` a large one with so many of them, spread over so many regions."""
    if vms is None:
        return Running(standard(), REGIONS)
    lists, names = large(vms, regions)
    return Running({UIN: lists}, names)
