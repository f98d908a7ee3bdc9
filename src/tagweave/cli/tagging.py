"""`tagweave tag`: weave tags into a file or stream, and report on it."""

import sys
import time
from collections.abc import Callable
from datetime import datetime

from tagweave.carriers.columns import Options, Report, tag
from tagweave.cli.output import say
from tagweave.errors import ConfigError
from tagweave.index.opening import TagIndex

WHOLE, NOTHING, PARTLY = 0, 1, 3
_MOST_EXAMPLES = 5


def mapping(given: list[str]) -> dict[str, str]:
    """`--map COLUMN=ROLE` as column → role. Raises ConfigError for what is none."""
    out = {}
    for one in given:
        column, equals, role = one.rpartition("=")
        if not equals or not column:
            raise ConfigError(f"--map {one}: expected COLUMN=ROLE, such as client=source.ip")
        out[column] = role
    return out


def run(index: TagIndex, source: str, target: str, options: Options) -> int:
    """Tag; the exit code: 0 all read, 3 bad records or an input that breaks off, 1 nothing read."""
    report = tag(source, target, index, options, progress())
    show(report)
    return code(report)


def code(report: Report) -> int:
    """The exit code that a report comes to."""
    if report.whole():
        return WHOLE
    return PARTLY if report.records > len(report.bad_records) else NOTHING


def progress() -> Callable[[int], None]:
    """Says how far it is, once a second, to a person."""
    if not sys.stderr.isatty():
        return lambda _: None
    last = [time.monotonic()]

    def tell(records: int) -> None:
        if time.monotonic() - last[0] > 1:
            last[0] = time.monotonic()
            say(f"  {records:,} records …")

    return tell


def show(report: Report) -> None:
    """What was tagged and what was not, and why."""
    rate = report.records / report.seconds if report.seconds else 0
    say(f"{report.records:,} records in {report.seconds:.1f} s ({rate:,.0f} a second)")
    for side, counts in report.sides.items():
        total = sum(counts.values()) or 1
        parts = [f"{n:,} {reason} ({n / total:.1%})" for reason, n in counts.most_common()]
        say(f"{side or 'records'}: {', '.join(parts)}")
    for reason, seen in report.examples.items():
        some = ", ".join(address for address, _ in seen.most_common(_MOST_EXAMPLES))
        say(f"{reason}, most often: {some}")
    if report.empty:
        say(f"{report.empty:,} lines without data")
    for one in report.bad_records:
        say(f"record {one.number}: {one.reason}; passed through untagged")
    more = report.bad.total() - len(report.bad_records)
    if more > 0:
        say(f"and {more:,} more bad records: {dict(report.bad)}")
    if report.left_out:
        say(f"values that the output has no form for, or no column, are left out: {', '.join(report.left_out)}")
    if report.missing:
        say(report.missing)
    if report.truncated:
        say(report.truncated)


def options(
    given_map: list[str],
    input_format: str | None,
    output_format: str | None,
    encode: str,
    network: str | None,
    at: datetime | None,
    overwrite: bool,
    tags: list[str] | None,
    names: str,
    *,
    strict: bool = False,
) -> Options:
    """The options of the command. Raises ConfigError for a `--map` that is none."""
    return Options(input_format, output_format, mapping(given_map), encode, network, at, overwrite, tags, names, strict)
