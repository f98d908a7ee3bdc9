"""Derive: the inventory's history → who held which address and name, what that belonged to → segments."""
