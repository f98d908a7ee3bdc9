"""The demo: a sample estate with known truth, and the product run on it."""

from tagweave.demo.run import run

__all__ = ["run"]
