"""Aliyun. The pass is in `source`, what is listed in `compute`, `network`, `transit`, `balancers` and `database`."""

from tagweave.sources.aliyun.config import Config
from tagweave.sources.aliyun.source import Source
from tagweave.sources.aliyun.tables import LISTINGS, actions, policy

__all__ = ["LISTINGS", "Config", "Source", "actions", "policy"]
