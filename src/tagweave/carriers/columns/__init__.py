"""Records in columns: flow logs and tables as CSV, text, JSON lines, Parquet and Arrow."""

from tagweave.carriers.columns.formats import FORMATS
from tagweave.carriers.columns.tagging import Options, Report, tag

__all__ = ["FORMATS", "Options", "Report", "tag"]
