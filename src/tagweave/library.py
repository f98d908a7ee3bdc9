"""Tagweave as a library: a tag index, opened for reading.

import tagweave

index = tagweave.open("data/index")
index.lookup("10.3.7.12", at=datetime(2026, 1, 31, 14, 5, tzinfo=UTC))
index.tag(flows)   # a table of pyarrow, pandas, Polars, DuckDB …
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagweave.index.opening import TagIndex

if TYPE_CHECKING:
    import pyarrow as pa

    from tagweave.carriers.columns import Report
    from tagweave.index.answers import Answer, Holding


def open(  # noqa: A001 - `tagweave.open` says what it does
    folder: Path | str,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    accounts: Mapping[str, tuple[str, str]] | None = None,
) -> "Index":
    """Open the folder of a tag index, which `tagweave sync` and `tagweave run` write, for reading.

    Nothing is loaded: its files are mapped, and other processes that read them share the memory. `groups` (custom
    groups of tags) and `accounts` (source → provider and account) are those of the writer's configuration, where they
    are not given.

    Raises BrokenIndex where there is no tag index, or one that cannot be read.
    """
    return Index(TagIndex.open(folder, groups, accounts))


class Index:
    """What every address and name was, when. Safe to use from several threads."""

    def __init__(self, index: TagIndex) -> None:
        self._index = index

    def refresh(self) -> bool:
        """Take what was written since; whether there was anything. What is being read stays as it is."""
        return self._index.refresh()

    def lookup(
        self,
        key: str,
        *,
        network: str | None = None,
        at: datetime | None = None,
        port: int | None = None,
        protocol: str = "tcp",
        names: str = "otel",
    ) -> "Answer":
        """What an address, pod uid, `namespace/pod`, container id, VM id, host name, MAC or id was at a time, else now.

        `port` and `protocol` pick the service; `network` is from where the key is seen: a VPC, cluster or node by id
        or name. An answer without a `match` says the `reason`, and `why` tells how it was sought.

        Raises LookupKeyError where `network` names none or several, ConfigError for a vocabulary that does not exist.
        """
        return self._index.lookup(key, network=network, at=at, port=port, protocol=protocol, names=names)

    def history(self, key: str, *, network: str | None = None) -> "list[Holding]":
        """Who held a key, in which network, when; in ascending order of time.

        Raises LookupKeyError where `network` names none or several.
        """
        return self._index.history(key, network=network)

    def tag(
        self,
        table: Any,  # noqa: ANN401 - whatever speaks Arrow's PyCapsule interface
        *,
        tags: Sequence[str] | None = None,
        names: str = "otel",
        network: str | None = None,
        at: datetime | None = None,
        mapping: Mapping[str, str] | None = None,
        encode: str = "names",
        overwrite: bool = False,
        strict: bool = False,
        report: "Report | None" = None,
    ) -> "pa.Table":
        """The records of a table with the tags of their ends, each as of its own time.

        The columns and tags are those of `tagweave tag`: what a column is, its name tells, or `mapping` does (column →
        role, such as `{"client": "source.ip"}`); `at` stands for the time of all records, `network` for the network of
        those that name none. With `encode="ids"` there is one number an end, `source.tagset`, in place of the tags. A
        tag that a record carries is kept, unless `overwrite`. With `strict`, an address that also lies in a range of a
        network where nobody is known to hold it is *ambiguous*. A `report` counts what got no tags, and why.

        `table` is anything that speaks Arrow's PyCapsule interface, and so is what comes back: a pyarrow Table. All of
        it is of one state of the index.

        Raises InputError where no column is that of an end or of the time, ConfigError for options that are wrong,
        LookupKeyError where `network` names none or several.
        """
        return self.stream(
            table,
            tags=tags,
            names=names,
            network=network,
            at=at,
            mapping=mapping,
            encode=encode,
            overwrite=overwrite,
            strict=strict,
            report=report,
        ).read_all()

    def stream(
        self,
        table: Any,  # noqa: ANN401 - whatever speaks Arrow's PyCapsule interface
        *,
        tags: Sequence[str] | None = None,
        names: str = "otel",
        network: str | None = None,
        at: datetime | None = None,
        mapping: Mapping[str, str] | None = None,
        encode: str = "names",
        overwrite: bool = False,
        strict: bool = False,
        report: "Report | None" = None,
    ) -> "pa.RecordBatchReader":
        """What `tag` gives, batch by batch as it is asked for: for what does not fit into memory. It is read once."""
        from tagweave.carriers.columns import Options, Report, check, tables  # noqa: PLC0415 - a look-up does without
        from tagweave.carriers.columns.weaving import Weaving  # noqa: PLC0415

        view, said = self._index.view, Report() if report is None else report
        options = Options(None, None, mapping or {}, encode, network, at, overwrite, tags, names, strict)
        check(view, options)
        return tables.beside(table, Weaving(view, options, said), said, overwrite=overwrite)

    def name(
        self,
        table: Any,  # noqa: ANN401 - whatever speaks Arrow's PyCapsule interface
        *,
        columns: Sequence[str] = (),
        tags: Sequence[str] | None = None,
        names: str = "otel",
        at: datetime | None = None,
        mapping: Mapping[str, str] | None = None,
        overwrite: bool = False,
        report: "Report | None" = None,
    ) -> "pa.Table":
        """The records of a table with the tags of the ids that `tag(…, encode="ids")` wrote: the way back.

        The ids are in `columns`, else in those whose name ends in `tagset`. Names and labels are those of the record's
        time, where a column is known to be that, or of `at`; else the newest. A `report` counts ids that the index does
        not know.

        Raises InputError where no column holds ids, ConfigError for options that are wrong.
        """
        from tagweave.carriers.columns import Options, Report, check, tables  # noqa: PLC0415 - a look-up does without
        from tagweave.carriers.columns.naming import Naming  # noqa: PLC0415

        view, said = self._index.view, Report() if report is None else report
        options = Options(None, None, mapping or {}, "names", None, at, overwrite, tags, names)
        check(view, options)
        return tables.beside(table, Naming(view, options, columns, said), said, overwrite=overwrite).read_all()
