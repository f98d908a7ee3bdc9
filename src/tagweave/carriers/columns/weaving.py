"""Weaving blocks: the records of a block → the tag columns of their ends, all from one view of the tag index."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tagweave.carriers.columns import networks, roles
from tagweave.carriers.columns.blocks import Block, spread
from tagweave.carriers.columns.ends import Records
from tagweave.carriers.columns.formats import Tags, check_format
from tagweave.carriers.columns.reports import Report
from tagweave.carriers.columns.together import Together
from tagweave.errors import ConfigError, InputError
from tagweave.index.columns import AMBIGUOUS, I32, NETWORK_AMBIGUOUS, NETWORK_UNNAMED, U8, UNKNOWN_NETWORK
from tagweave.index.find import Endpoints
from tagweave.index.opening import TagIndex
from tagweave.index.view import View
from tagweave.index.weave import Weaver, Woven
from tagweave.model.times import to_ns

ENCODINGS = ("names", "ids")


class Options(NamedTuple):
    """How records are read and tagged; see the command's help. Without `tags`, the usual ones of the vocabulary.

    `strict`: an address of one network that lies in a range of another is of one of the two, where nothing says which.
    """

    input_format: str | None = None
    output_format: str | None = None
    mapping: Mapping[str, str] = {}
    encode: str = "names"
    network: str | None = None
    at: datetime | None = None
    overwrite: bool = False
    tags: Sequence[str] | None = None
    names: str = "otel"
    strict: bool = False


def check(index: TagIndex | View, options: Options) -> None:
    """Raise ConfigError for options that are wrong, LookupKeyError for a network that is none or several."""
    view = view_of(index)
    check_format(options.input_format)
    check_format(options.output_format)
    if options.encode not in ENCODINGS:
        raise ConfigError(f"there is no encoding {options.encode!r}: choose one of {', '.join(ENCODINGS)}")
    roles.check(options.mapping)
    Weaver(view, options.tags, options.names)
    if options.network:
        networks.check(view, options.network)


def view_of(index: TagIndex | View) -> View:
    """The view that counts now."""
    return index if isinstance(index, View) else index.view


class Weaving:
    """Finds the ends of the records of blocks, and their tags.

    A `growing` input may have more columns later. With `ids_as_text`, ids are text: JSON's numbers lose digits in
    most readers.
    """

    def __init__(
        self, view: View, options: Options, report: Report, *, growing: bool = False, ids_as_text: bool = False
    ) -> None:
        self._view = view
        self._weaver = Weaver(view, options.tags, options.names)
        self._together = Together(view, strict=options.strict)
        self._options = options
        self._report = report
        self._growing = growing
        self._ids_as_text = ids_as_text
        self._columns: list[str] = []
        self._seen: dict[str, None] = {}
        self._roles: dict[str, str] = {}

    def block(self, block: Block) -> Tags:
        """The tag columns of a block, over all its records."""
        report, options = self._report, self._options
        report.empty += block.empty
        report.add_bad(block.bad)
        columns = block.batch.schema.names
        if not columns:  # nothing of the input could be read yet
            return []
        if columns != self._columns:
            self._columns = columns
            self._seen.update(dict.fromkeys(columns))
            self._roles = _assigned(columns, options.mapping, options.at is not None, growing=self._growing)
        at = None if options.at is None else np.full(len(block.batch), to_ns(options.at), np.int64)
        records = Records(block.batch, self._roles, at)
        moments = records.moments()
        report.refuse(block, ~moments[0].valid, "no time, or one without a zone", records.column("time"))
        sides = roles.sides(self._roles)
        both = [records.side(self._view, side, moments, options.network) for side in sides]
        for side, (_, wrong) in zip(sides, both, strict=True):
            address = f"{side}.ip" if side else "ip"
            report.refuse(block, wrong, f"no {address} address", records.column(address))
        given = [ends for ends, _ in both]
        tags = [tag for one in zip(sides, given, self._together.settle(given), strict=True) for tag in self._tags(*one)]
        return [(name, spread(column, block)) for name, column in tags]

    def _tags(self, side: str, ends: Endpoints, network: I32) -> list[tuple[str, pa.Array]]:
        """The tags of one end, in the networks that it was settled to be in."""
        woven = self._weaver.weave(ends._replace(network=network), side)
        self._report.count(side, ends, _reasons(woven, ends.network, network))
        if self._options.encode == "names":
            return list(zip(self._weaver.columns(side), woven.columns, strict=True))
        ids = pa.array(woven.ids, mask=woven.ids == 0)
        ids = ids.cast(pa.string()).dictionary_encode() if self._ids_as_text else ids
        return [(f"{side}.tagset" if side else "tagset", ids)]

    def finish(self) -> None:
        """Tell which mapped columns there never were. Raises ConfigError where nothing could be tagged without them."""
        seen, mapping = list(self._seen), self._options.mapping
        if not seen or not roles.missing(seen, mapping):
            return
        self._report.missing = roles.missing(seen, mapping)
        try:
            _assigned(seen, {c: role for c, role in mapping.items() if c in seen}, self._options.at is not None)
        except InputError:
            raise ConfigError(self._report.missing) from None


def _reasons(woven: Woven, named: I32, settled: I32) -> U8:
    """Why ends got no tags: *ambiguous* where they name no network, and strictly several may be meant."""
    several = (named == NETWORK_UNNAMED) & (settled == NETWORK_AMBIGUOUS) & (woven.reasons == UNKNOWN_NETWORK)
    return np.where(several, np.uint8(AMBIGUOUS), woven.reasons)


def _assigned(columns: list[str], mapping: Mapping[str, str], timed: bool, *, growing: bool = False) -> dict[str, str]:
    """Role → column. Raises InputError where no column is a time's or an end's, or two have one name."""
    found = roles.assign(columns, mapping, growing=growing)
    twice = [name for name in found.values() if columns.count(name) > 1]
    if twice:
        raise InputError(f"there are {columns.count(twice[0])} columns {twice[0]!r}: give each its own name")
    if "time" not in found and not timed:
        raise InputError(
            f"no column is known to be the time of a record: name one with --map COLUMN=time, or say when "
            f"all of them were with --at TIME; the columns are {', '.join(columns)}"
        )
    return found
