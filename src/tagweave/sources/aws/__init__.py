"""AWS. The pass is in `source`, what is listed in `compute`, `network`, `balancers` and `database`."""

from tagweave.sources.aws.config import Config
from tagweave.sources.aws.source import Source
from tagweave.sources.aws.tables import LISTINGS, actions, policy

__all__ = ["LISTINGS", "Config", "Source", "actions", "policy"]
