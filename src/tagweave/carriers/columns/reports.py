"""Reports: what was read, what got tags, what did not and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tagweave.carriers.columns.blocks import Bad, Block, told
from tagweave.index.columns import REASONS, U8
from tagweave.index.find import Endpoints
from tagweave.model.addresses import unpack

_MOST_BAD: Final = 20
_SAMPLE: Final = 2000
_MOST_EXAMPLES: Final = 10_000


@dataclass
class Report:
    """What was read and tagged. `sides` counts, for each end, how many records had which reason.

    `left_out` are the columns of which the output has no form for some values, or has not the column: its columns and
    types may be those of the first records. `missing` says which mapped columns no record had; `unknown` counts encoded
    ids that the tag index does not know.
    """

    records: int = 0
    seconds: float = 0.0
    empty: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    bad_records: list[Bad] = field(default_factory=list)
    sides: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[str, Counter[str]] = field(default_factory=dict)
    truncated: str = ""
    left_out: list[str] = field(default_factory=list)
    missing: str = ""
    unknown: int = 0

    def whole(self) -> bool:
        """Whether everything was read and written, as it was asked for, and no record was bad."""
        return not (self.bad or self.truncated or self.left_out or self.missing or self.unknown)

    def add_bad(self, bad: Sequence[Bad]) -> None:
        """Count records that could not be read; the first of them are kept."""
        for one in bad:
            self.bad[one.reason if len(self.bad) < _SAMPLE else "other"] += 1
        self.bad_records.extend(bad[: max(0, _MOST_BAD - len(self.bad_records))])

    def refuse(self, block: Block, wrong: npt.NDArray[np.bool_], reason: str, column: Any) -> None:  # noqa: ANN401
        """Count records of which one field, a value of an Arrow column (None: there is no column), cannot be read."""
        rows = np.flatnonzero(wrong)
        if not len(rows):
            return
        self.bad[reason] += len(rows) - min(len(rows), _MOST_BAD)
        shown = [Bad(int(block.numbers[i]), reason) for i in rows[:_MOST_BAD]]
        self.add_bad(shown)
        for bad, i in zip(shown, rows, strict=False):
            if column is not None and bad in self.bad_records:
                where = self.bad_records.index(bad)
                self.bad_records[where] = bad._replace(reason=f"{reason}: {told(column[int(i)])}")

    def count(self, side: str, ends: Endpoints, reasons: U8) -> None:
        """Count one end of a batch."""
        counts = self.sides.setdefault(side, Counter())
        for reason, count in enumerate(np.bincount(reasons, minlength=len(REASONS))):
            if count:
                counts[REASONS[reason]] += int(count)
        for i in np.flatnonzero((reasons != 0) & ends.valid)[:_SAMPLE]:
            self.example(REASONS[reasons[i]], unpack(int(ends.hi[i]) << 64 | int(ends.lo[i])))

    def example(self, reason: str, what: str) -> None:
        """Note what had some reason."""
        seen = self.examples.setdefault(reason, Counter())
        if len(seen) < _MOST_EXAMPLES or what in seen:
            seen[what] += 1
