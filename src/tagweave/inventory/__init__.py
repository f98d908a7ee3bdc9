"""The inventory: reconcile, history, stores."""

from tagweave.inventory.history import ChangeSet, Life, ScopeState, Stranger, Version, is_open
from tagweave.inventory.inventory import Inventory

__all__ = ["ChangeSet", "Inventory", "Life", "ScopeState", "Stranger", "Version", "is_open"]
