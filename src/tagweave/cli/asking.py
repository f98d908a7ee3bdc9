"""`tagweave lookup` and `tagweave history`: how an answer is printed."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tagweave.cli import output
from tagweave.cli.output import Format, put, say

if TYPE_CHECKING:
    from tagweave.index.answers import Answer, Holding

HOLDING_COLUMNS: Final = ("network", "kind", "id", "name", "from", "to")
_CANDIDATE_COLUMNS: Final = ("network", "kind", "id", "name")


def show(answer: "Answer", form: Format, *, why: bool) -> None:
    """Print an answer; how it was found only if asked."""
    value: dict[str, Any] = msgspec.to_builtins(answer)
    if not why:
        value.pop("why")
    if form is Format.json:
        output.put_json(value)
    elif form is Format.jsonl:
        put(msgspec.json.encode(value).decode() + "\n")
    else:
        _tables(value, form)
        for line in value.get("why", ()):
            say(f"why: {line}")


def _tables(value: dict[str, Any], form: Format) -> None:
    match = value["match"]
    if match is None:
        say(f"{value['key']}: {value['reason']}")
        if value["candidates"]:
            output.listing(value["candidates"], _CANDIDATE_COLUMNS, form)
        return
    until = match["to"] or "now"
    disputed = ", disputed" if match["disputed"] else ""
    say(
        f"{value['key']} at {value['at']}: {match['kind']} {match['id']}, by {match['rule']}, "
        f"{match['from'] or 'the beginning'} to {until}{disputed}"
    )
    if match["age_seconds"]:
        say(f"last confirmed {match['age_seconds']} s before that time")
    rows = [{"tag": tag, "value": found} for tag, found in value["tags"].items()]
    output.listing(rows, ("tag", "value"), form)
    if value["candidates"]:
        say("also claimed by:")
        output.listing(value["candidates"], _CANDIDATE_COLUMNS, form)


def show_history(holdings: "list[Holding]", form: Format) -> None:
    """Print who held a key."""
    output.listing([msgspec.to_builtins(one) for one in holdings], HOLDING_COLUMNS, form)
