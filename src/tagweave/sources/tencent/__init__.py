"""Tencent Cloud. The pass is in `source`, what is listed in `compute`, `network`, `balancers` and `database`."""

from tagweave.sources.tencent.config import Config
from tagweave.sources.tencent.source import Source
from tagweave.sources.tencent.tables import LISTINGS, actions, policy

__all__ = ["LISTINGS", "Config", "Source", "actions", "policy"]
