"""Records in columns: flow logs and tables as CSV, text, JSON lines, Parquet and Arrow."""

from tagweave.carriers.columns.formats import FORMATS
from tagweave.carriers.columns.naming import name
from tagweave.carriers.columns.reports import Report
from tagweave.carriers.columns.tagging import tag
from tagweave.carriers.columns.weaving import Options, check

__all__ = ["FORMATS", "Options", "Report", "check", "name", "tag"]
