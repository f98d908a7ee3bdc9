"""ARM's ids, locations, tags and times.

Ids and locations are case-insensitive, and Azure's services spell the same one in several ways; ours are in lower
case: <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Final

from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses


def native(raw: Raw) -> str:
    """The id of a resource. Raises KeyError or TypeError where it has none."""
    found = raw["id"]
    if not isinstance(found, str):
        raise TypeError(f"an id is no text but {type(found).__name__}")
    return found.lower()


def name_of(raw: Raw) -> str:
    """The name of a resource, else the last step of its id."""
    return str(raw.get("name") or "") or native(raw).rpartition("/")[2]


def refer(reference: Raw) -> str:
    """The id in a reference, which is `{"id": …}`; empty where there is none."""
    return str((reference or {}).get("id") or "").lower()


def refer_all(references: Iterable[Raw] | None) -> tuple[str, ...]:
    """The ids in a list of references, each once, in order."""
    return tuple(dict.fromkeys(filter(None, map(refer, references or ()))))


def referring(field: str) -> Callable[[Raw], str]:
    """A join's key: the id in the reference that is an item's property."""
    return lambda raw: refer(properties(raw).get(field))


def within(found: str, kind: str) -> str:
    """The part of an id that names its ancestor of a kind: a subnet's id within `virtualnetworks` is its VNet's.

    Empty where there is no such ancestor.
    """
    before, sign, after = found.partition(f"/{kind}/")
    return f"{before}{sign}{after.partition('/')[0]}" if sign else ""


def properties(raw: Raw) -> Raw:
    """The properties of a resource."""
    return raw.get("properties") or {}


def location(raw: Raw) -> str:
    """The region of a resource: some services say `West US` for `westus`."""
    return str(raw.get("location") or "").replace(" ", "").lower()


def tags(raw: Raw) -> dict[str, str]:
    """The user's tags."""
    return {str(key): str(value or "") for key, value in (raw.get("tags") or {}).items()}


def time(text: str | None) -> datetime | None:
    """A time in UTC, which ARM means where it names no zone. Raises ValueError for what is none."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def subscription(found: str) -> str:
    """The subscription in an id."""
    return within(found, "subscriptions").rpartition("/")[2]


def vpc_of(subnets: Iterable[str]) -> str:
    """The VNet of some subnets; empty where they are of several."""
    return only(within(one, "virtualnetworks") for one in subnets)


def only(found: Iterable[str]) -> str:
    """The one id among some, of which some may be empty; empty where there are several."""
    several = set(found) - {""}
    return several.pop() if len(several) == 1 else ""


def type_of(found: str) -> str:
    """The type in an id: `microsoft.sql/servers`."""
    steps = found.rpartition("/providers/")[2].split("/")
    return "/".join(steps[:1] + steps[1::2])


_LARGEST: Final = 256


def expanded(text: str | None) -> tuple[str, ...]:
    """The addresses of an address or of a block of at most 256; none of a larger one, and none of nothing.

    Raises ValueError for what is neither.
    """
    if not text or "/" not in text:
        return addresses(text)
    block = ip_network(text, strict=False)
    return addresses(*map(str, block)) if block.num_addresses <= _LARGEST else ()
