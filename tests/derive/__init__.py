"""The index that is derived from an inventory's history, held to the oracle."""
