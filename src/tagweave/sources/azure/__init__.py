"""Azure. Accounts are in `source`; what is listed is in the modules that `tables` names."""

from tagweave.sources.azure.config import Config
from tagweave.sources.azure.source import Source
from tagweave.sources.azure.tables import LISTINGS, actions, policy

__all__ = ["LISTINGS", "Config", "Source", "actions", "policy"]
