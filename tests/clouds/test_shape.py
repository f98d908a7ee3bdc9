"""What all clouds share: paging, calling, reading, sharing, running; against small APIs of this file."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.model import Defect, Failure, Progress, Resource, Snapshot, Tally, Vpc
from tagweave.sources.clouds import (
    WHOLE,
    Caller,
    Context,
    Gone,
    Job,
    Join,
    Listing,
    Place,
    Politeness,
    Problem,
    chosen,
    chunks,
    each,
    next_link,
    numbered,
    offset,
    probe,
    run,
    token,
    unmatched,
)
from tagweave.sources.clouds.calling import Threads, delay
from tagweave.sources.clouds.paging import LINK, Paging, at
from tagweave.sources.clouds.reading import pick, read, read_listing
from tagweave.sources.clouds.values import addresses, is_global, prefixes

PLACE = Place("acc", "1", "eu-1")
QUICK = Politeness(per_second=1e6, burst=1_000_000, attempts=3, first_wait=0.001, longest_wait=0.001)

Params = Mapping[str, Any]


def vpc(raw: Any, context: Context) -> Resource | None:
    return Vpc(id=raw["id"], name=raw.get("name", "")) if raw["id"] else None


def by_token(params: Params, items: list[int]) -> Any:
    start = int(params.get("token", 0))
    end = start + params["size"]
    return {"items": items[start:end], "next": str(end) if end < len(items) else "", "total": len(items)}


def by_number(params: Params, items: list[int]) -> Any:
    start = (params["page"] - 1) * params["size"]
    return {"items": items[start : start + params["size"]], "total": len(items)}


def by_offset(params: Params, items: list[int]) -> Any:
    return {"items": items[params["start"] : params["start"] + params["size"]], "total": len(items)}


def by_link(params: Params, items: list[int]) -> Any:
    size, start = params[LINK] if LINK in params else (params["size"], 0)
    more = (size, start + size) if start + size < len(items) else None
    return {"items": items[start : start + size], "nextLink": more}


STYLES: list[tuple[Paging, Callable[[Params, list[int]], Any]]] = [
    (token("token", "next", "size", most=50), by_token),
    (numbered("page", "size", 50), by_number),
    (numbered("page", "size", 50, total="total"), by_number),
    (offset("start", "size", 50), by_offset),
    (offset("start", "size", 50, total="total"), by_offset),
    (next_link(size="size", most=50), by_link),
]


@pytest.mark.parametrize("style", range(len(STYLES)))
@given(count=st.integers(0, 130), size=st.none() | st.integers(1, 60))
def test_every_paging_style_gives_every_item_once_with_no_more_calls_than_pages(
    style: int, count: int, size: int | None
) -> None:
    paging, serve = STYLES[style]
    items = list(range(count))
    calls = 0

    async def call(_action: str, params: Params) -> Any:
        nonlocal calls
        calls += 1
        return serve(params, items)

    assert asyncio.run(read(call, "List", {}, paging, "items", None, size)) == items
    page = min(size or 50, 50)
    told = "total" in str(paging.total) or serve in {by_token, by_link}
    assert calls == max(1, -(-count // page)) if told else calls <= count // page + 1


@pytest.mark.parametrize(
    "answer", [{}, {"other": []}, None, "text", [], {"items": 5}, {"items": "text"}], ids=repr
)  # fmt: skip
def test_an_answer_without_its_list_is_no_empty_list(answer: Any) -> None:
    with pytest.raises(Terminal):
        pick(answer, "items")


def test_lists_on_the_way_are_flattened_and_one_object_is_a_list_of_one() -> None:
    assert pick({"groups": [{"items": [1, 2]}, {}, {"items": [3]}]}, "groups.items") == [1, 2, 3]
    assert pick({"items": {"a": 1}}, "items") == [{"a": 1}]
    assert pick({"items": None}, "items") == []


def test_a_list_that_goes_round_in_circles_is_a_failure() -> None:
    async def call(_action: str, _params: Params) -> Any:
        return {"items": [1], "next": "same"}

    with pytest.raises(Terminal, match="goes round in circles"):
        asyncio.run(read(call, "List", {}, token("token", "next"), "items"))


def test_a_total_that_moves_has_the_list_read_again() -> None:
    """An item that goes from the first page while the second is read would hide one: the totals tell."""
    rounds = [[[1, 2], 4], [[4], 3]], [[[2, 3], 3], [[4], 3]]
    answers = iter([page for pages in rounds for page in pages])

    async def call(_action: str, _params: Params) -> Any:
        items, total = next(answers)
        return {"items": items, "total": total}

    found = asyncio.run(read(call, "List", {}, offset("start", "size", 2, total="total"), "items"))
    assert found == [2, 3, 4]


@pytest.mark.parametrize("total", [3, 1])
def test_a_total_that_is_wrong_for_good_is_a_failure(total: int) -> None:
    async def call(_action: str, params: Params) -> Any:
        return {"items": [1, 2] if params["start"] == 0 else [], "total": total}

    with pytest.raises(Transient, match=f"gave 2 items and says that there are {total}"):
        asyncio.run(read(call, "List", {}, offset("start", "size", 50, total="total"), "items"))


def test_a_total_that_is_no_number_is_a_failure() -> None:
    async def call(_action: str, _params: Params) -> Any:
        return {"items": [1], "total": "many"}

    with pytest.raises(Terminal, match="no number"):
        asyncio.run(read(call, "List", {}, WHOLE, "items", "total"))


# ---- calls


def caller(perform: Callable[[str, str, Params], Any], explain: Any, politeness: Politeness = QUICK) -> Caller:
    return Caller(perform, explain, politeness, ThreadPoolExecutor(2))


class Wrong(Exception):
    pass


@pytest.mark.parametrize(("error", "tries"), [(Throttled, 3), (Transient, 3), (Denied, 1), (Terminal, 1)])
def test_what_may_help_is_repeated_and_what_may_not_is_not(error: type[SourceError], tries: int) -> None:
    made = 0

    def perform(_action: str, _region: str, _params: Params) -> Any:
        nonlocal made
        made += 1
        raise Wrong

    one = caller(perform, lambda _error, action, region: Problem(error, f"{action} in {region}"))
    with pytest.raises(error) as raised:
        asyncio.run(one.call("eu-1", "List", {}))
    assert made == tries
    assert str(raised.value) == "List in eu-1" + (" after 3 tries" if tries > 1 else "")
    assert isinstance(raised.value.__cause__, Wrong)


def test_a_call_that_is_not_answered_is_given_up_and_leaves_its_room() -> None:
    hanging = threading.Event()

    def perform(action: str, _region: str, _params: Params) -> Any:
        if action == "Hang":
            hanging.wait(30)
        return {}

    polite = Politeness(per_second=1e6, burst=1000, at_once=1, attempts=1, longest_call=0.05)

    async def both() -> Any:
        one = Caller(perform, lambda *_: Problem(Terminal, "no"), polite, Threads(1, "test"))
        with pytest.raises(Transient, match="Hang has not answered"):
            await one.call("eu-1", "Hang", {})
        return await one.call("eu-1", "List", {})

    try:
        assert asyncio.run(both()) == {}
    finally:
        hanging.set()


@given(
    tries=st.integers(1, 30),
    asked=st.none() | st.floats(0, 1000),
    chance=st.floats(0, 1),
)
def test_a_wait_is_jittered_bounded_and_as_long_as_the_provider_asks(
    tries: int, asked: float | None, chance: float
) -> None:
    polite = Politeness()
    wait = delay(polite, tries, asked, chance)
    assert min(asked or 0.0, polite.longest_asked) <= wait
    assert wait <= max(asked or 0.0, polite.first_wait * 2 ** (tries - 1))
    assert wait <= max(polite.longest_wait, polite.longest_asked)


def test_calls_of_one_bucket_share_a_rate_and_others_do_not_wait() -> None:
    polite = Politeness(per_second=20.0, burst=1)
    times: dict[str, list[float]] = {"slow": [], "other": []}

    def perform(action: str, _region: str, _params: Params) -> Any:
        times[action].append(time.monotonic())
        return {}

    async def all_of_them() -> None:
        one = caller(perform, lambda *_: Problem(Terminal, "no"), polite)
        await asyncio.gather(*(one.call("", "slow", {}) for _ in range(6)), one.call("", "other", {}))

    asyncio.run(all_of_them())
    assert max(times["slow"]) - min(times["slow"]) > 0.2
    assert times["other"][0] < max(times["slow"])


# ---- listings


Api = dict[str, Any]


def serving(api: Api, calls: list[str]) -> Any:
    async def call(action: str, params: Params) -> Any:
        calls.append(action)
        found = api[action]
        if callable(found):
            found = found(params)
        if isinstance(found, Exception):
            raise found
        return found

    return call


def batches(jobs: list[Job]) -> list[Any]:
    async def collect() -> list[Any]:
        return [batch async for batch in run(jobs, 8)]

    return asyncio.run(collect())


def test_joins_that_do_not_need_each_other_run_side_by_side() -> None:
    waiting = {"List", "Tags", "Others"}
    all_here = asyncio.Event()

    async def call(action: str, _params: Params) -> Any:
        waiting.discard(action)
        if not waiting:
            all_here.set()
        await all_here.wait()
        return {"items": [{"id": "a"}]}

    listing = Listing(
        "vpc", "List", "items", vpc,
        joins=(Join("tags", "Tags", "items", by="id"), Join("others", "Others", "items", by="id"),
               Join("more", "More", "items", each=each("tags", "id", "Id"))),
    )  # fmt: skip

    async def patient() -> Any:
        return await asyncio.wait_for(read_listing(listing, PLACE, call), 5)

    reading = asyncio.run(patient())
    assert reading.context.get("more", "a") == [{"id": "a"}]


def test_what_went_meanwhile_is_left_out_and_what_is_refused_fails_the_listing() -> None:
    def detail(params: Params) -> Any:
        return Gone("NotFound") if params["Id"] == "b" else {"detail": {"id": params["Id"], "name": "x"}}

    listing = Listing("vpc", "List", "items", vpc, joins=(Join("details", "Get", "detail", each=each("", "id", "Id")),))
    api: Api = {"List": {"items": [{"id": "a"}, {"id": "b"}]}, "Get": detail}
    reading = asyncio.run(read_listing(listing, PLACE, serving(api, [])))
    assert reading.context.one("details", "a")["name"] == "x"
    assert reading.context.one("details", "b") == {}
    api["Get"] = Denied("no")
    with pytest.raises(Denied):
        asyncio.run(read_listing(listing, PLACE, serving(api, [])))


def test_joins_ask_in_chunks() -> None:
    asked: list[list[str]] = []

    def tags(params: Params) -> Any:
        asked.append(params["Ids"])
        return {"tags": [{"of": one} for one in params["Ids"]]}

    listing = Listing(
        "vpc", "List", "items", vpc, joins=(Join("tags", "Tags", "tags", by="of", each=chunks("", "id", "Ids", 2)),)
    )
    api: Api = {"List": {"items": [{"id": one} for one in "abcde"]}, "Tags": tags}
    reading = asyncio.run(read_listing(listing, PLACE, serving(api, [])))
    assert sorted(asked) == [["a", "b"], ["c", "d"], ["e"]]
    assert reading.context.one("tags", "d") == {"of": "d"}


def test_a_list_that_several_listings_ask_alike_is_read_once_and_fails_them_all() -> None:
    interfaces = Join("interfaces", "Interfaces", "items", by="id")
    listings = [
        Listing("vpc", "List", "items", vpc, joins=(interfaces,), api="one"),
        Listing("vpc", "List", "items", vpc, joins=(interfaces,), api="two"),
        Listing("vpc", "Interfaces", "items", vpc, api="three"),
    ]
    for refused in (False, True):
        calls: list[str] = []
        api: Api = {
            "List": {"items": [{"id": "a"}]},
            "Interfaces": Denied("no") if refused else {"items": [{"id": "a"}]},
        }
        call = serving(api, calls)
        got = batches([Job(one, PLACE, call) for one in listings])
        assert sorted(calls) == ["Interfaces", "List"]
        assert sum(isinstance(one, Failure) for one in got) == (3 if refused else 0)


def test_lists_of_other_places_and_parameters_are_others() -> None:
    calls: list[str] = []
    call = serving({"List": {"items": []}}, calls)
    listing = Listing("vpc", "List", "items", vpc)
    other = listing._replace(params={"Owner": "me"}, api="mine")
    batches([Job(listing, PLACE, call), Job(listing, PLACE._replace(region="eu-2"), call), Job(other, PLACE, call)])
    assert len(calls) == 3


def test_each_job_is_a_snapshot_or_a_failure_of_its_scope_alone_with_progress_and_a_tally() -> None:
    good: Api = {"List": {"items": [{"id": "a"}, {"id": "a"}, {"id": ""}, {"name": "no id"}]}}
    bad: Api = {"Other": Throttled("slow")}
    jobs = [
        Job(Listing("vpc", "List", "items", vpc), PLACE, serving(good, []), "eu-1"),
        Job(Listing("vpc", "Other", "items", vpc, api="other"), PLACE, serving(bad, []), "eu-1"),
    ]
    got = batches(jobs)
    snapshot, failure, defect, *tallies = sorted(
        (one for one in got if not isinstance(one, Progress)),
        key=lambda one: [Snapshot, Failure, Defect, Tally].index(type(one)),
    )
    assert [one.id for one in snapshot.resources] == ["a"]
    assert failure.error == "cannot list vpcs in eu-1: slow"
    assert (defect.where, defect.reason) == ("List in eu-1, item 4", "broken vpc: it has no 'id'")
    assert tallies == [Tally("acc", "List", 4, 1, 1)]
    assert [(one.done, one.total) for one in got if isinstance(one, Progress)] == [(1, 2), (2, 2)]


def test_a_defect_of_ours_is_raised_and_never_told_as_an_empty_list() -> None:
    async def call(_action: str, _params: Params) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        batches([Job(Listing("vpc", "List", "items", vpc), PLACE, call)])


def test_a_probe_asks_each_action_once_and_says_what_could_not_be_asked() -> None:
    details = Join("details", "Get", "items", each=each("", "id", "Id"))
    rules = Join("rules", "Rules", "items", each=each("details", "id", "Id"))
    listings = [
        Listing("vpc", "List", "items", vpc, joins=(details, rules)),
        Listing("vpc", "List", "items", vpc, api="again"),
    ]
    calls: list[str] = []
    api: Api = {"List": {"items": [{"id": "a"}, {"id": "b"}]}, "Get": Denied("no")}

    async def rows() -> list[Any]:
        call = serving(api, calls)
        return [row async for row in probe(listings, "acc", "1/eu-1", call, lambda action: f"allow {action}")]

    assert [(row.what, row.state, row.grant) for row in asyncio.run(rows())] == [
        ("List", "ok", ""),
        ("Get", "failed", "allow Get"),
        ("Rules", "skipped", ""),
    ]


# ---- small ones


def test_regions_are_chosen_by_patterns() -> None:
    regions = ["eu-west-1", "eu-west-2", "us-east-1"]
    assert chosen(regions, (), ()) == regions
    assert chosen(regions, ("eu-*",), ("*-2",)) == ["eu-west-1"]
    assert unmatched(regions, ("eu-*", "mars-*")) == ["mars-*"]


def test_addresses_are_canonical_and_each_is_kept_once() -> None:
    assert addresses("10.0.0.1", None, "", "2A05::00:1", "::ffff:10.0.0.1") == ("10.0.0.1", "2a05::1")
    assert prefixes("10.0.0.7/8", "2a05:0::/32", "10.0.0.0/8") == ("10.0.0.0/8", "2a05::/32")
    with pytest.raises(ValueError, match="does not appear"):
        addresses("10-0-0-1")


def test_a_path_stops_where_nothing_is() -> None:
    assert at({"a": {"b": 1}}, "a.b") == 1
    assert at({"a": [1]}, "a.b") is None
    assert at(None, "a") is None


@given(st.integers(0, 0xFF), st.integers(0, 2**120 - 1))
def test_an_address_is_global_where_the_standard_library_says_so(first: int, rest: int) -> None:
    address = IPv6Address(first << 120 | rest)
    assert is_global(str(address)) == address.is_global
    assert is_global(address.exploded) == address.is_global
