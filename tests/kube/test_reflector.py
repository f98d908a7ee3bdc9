"""The reflector against an API server that follows a script: every place where a watch can go wrong."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from tagweave.model import Pod
from tagweave.model.times import parse_time
from tagweave.sources.kubernetes import Config
from tagweave.sources.kubernetes.client import Client
from tagweave.sources.kubernetes.clock import Clock
from tagweave.sources.kubernetes.kinds import APIS
from tagweave.sources.kubernetes.reading import Reader
from tagweave.sources.kubernetes.reflector import Alive, Broken, Happened, Listed, Pace, Reflector, Signal, Target

from .script import Answer, Script, line, page, pod, refusal, status

PODS = next(api for api in APIS if api.resource == "pods")
WHOLE = {"annotations": {"k8s.io/initial-events-end": "true"}}

A_STREAM_WITH_A_AND_B = [
    line("ADDED", **pod("a", 3)),
    line("ADDED", **pod("b", 5)),
    line("BOOKMARK", metadata={"resourceVersion": "9", **WHOLE}),
]
A_STREAM_IN_WHICH_B_GOES_BEFORE_IT_IS_WHOLE = [
    line("ADDED", **pod("a", 3)),
    line("ADDED", **pod("b", 5)),
    line("DELETED", **pod("b", 8)),
    line("BOOKMARK", metadata={"resourceVersion": "9", **WHOLE}),
]
A_STREAM_THAT_IS_NEVER_WHOLE = [line("ADDED", **pod("a", 3)), line("BOOKMARK", metadata={"resourceVersion": "7"})]
C_COMES = line("ADDED", **pod("c", 12))
A_GOES = line("DELETED", **pod("a", 13))
A_BOOKMARK = line("BOOKMARK", metadata={"resourceVersion": "20"})
EXPIRED = line("ERROR", **status(410, "Expired"))
TROUBLE = line("ERROR", **status(500, "InternalError"))
NO_EVENT = b"<html>502 Bad Gateway</html>\n"
A_POD_WITH_A_BROKEN_SPEC = line("ADDED", **pod("broken", 14, spec={"nodeName": 7}))
A_POD_WITHOUT_METADATA = line("ADDED", spec={})


class Run(NamedTuple):
    signals: list[Signal]
    script: Script
    problems: list[tuple[str, str]]
    ended: bool

    @property
    def names(self) -> list[str]:
        """What was listed, came and went: `= a b`, `+ c`, `- a`, `!` for a failure, `?` for a watch opened again."""
        out = []
        for signal in self.signals:
            match signal:
                case Listed():
                    out.append(" ".join(["=", *(name(made) for made in signal.objects.values())]))
                case Happened():
                    out += [f"{'-' if deleted else '+'} {name(made)}" for deleted, made in signal.events]
                case Broken():
                    out.append("!")
                case Alive(event="restarted"):
                    out.append("?")
        return out


def name(made: object) -> str:
    resource = getattr(made, "resource", None)
    assert isinstance(resource, Pod)
    return resource.name


def run(
    *answers: Answer, streams: bool = True, silence: float = 5, metadata_only: bool = False, again: bool = False
) -> Run:
    """Reflect until the script is over; `again` asks for one more listing after the first."""

    async def reflect() -> Run:
        problems: list[tuple[str, str]] = []
        signals: list[Signal] = []
        async with Script(*answers) as script:
            clock = Clock()
            client = Client(Config(name="c", server=script.url), clock)
            reader = Reader(PODS, "c", "cluster", lambda where, why: problems.append((where, why)))
            target = Target("/api/v1/pods", (("labelSelector", "app=web"),), metadata_only)
            reflector = Reflector(client, clock, target, reader, Pace(60, silence, 2), streams=streams)

            async def take() -> None:
                async with aclosing(reflector.run()) as found:
                    async for signal in found:
                        if again and isinstance(signal, Listed) and not signals:
                            reflector.again()
                        signals.append(signal)

            taking = asyncio.create_task(take())
            over = asyncio.create_task(script.over.wait())
            await asyncio.wait({taking, over}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
            ended = taking.done()
            if ended:
                taking.result()
            for task in (taking, over):
                task.cancel()
            await asyncio.gather(taking, over, return_exceptions=True)
            await client.close()
        return Run(signals, script, problems, ended)

    return asyncio.run(reflect())


def test_a_watch_begins_with_everything_there_is_and_goes_on() -> None:
    done = run(Answer([*A_STREAM_WITH_A_AND_B, C_COMES, A_GOES, A_BOOKMARK], then="end"))
    assert done.names == ["= a b", "+ c", "- a"]
    first, second = done.script.asked[:2]
    assert first["sendInitialEvents"] == "true"
    assert first["resourceVersionMatch"] == "NotOlderThan"
    assert first["labelSelector"] == second["labelSelector"] == "app=web"
    assert "resourceVersion" not in first
    assert 60 <= int(first["timeoutSeconds"]) <= 120
    assert second["resourceVersion"] == "20"
    assert second["allowWatchBookmarks"] == "true"
    assert "sendInitialEvents" not in second


def test_chunks_of_any_size_say_the_same() -> None:
    whole = b"".join([*A_STREAM_WITH_A_AND_B, C_COMES, A_GOES])
    done = run(Answer([whole[i : i + 7] for i in range(0, len(whole), 7)]))
    assert done.names == ["= a b", "+ c", "- a"]


def test_what_goes_while_a_watch_begins_is_not_listed() -> None:
    assert run(Answer(A_STREAM_IN_WHICH_B_GOES_BEFORE_IT_IS_WHOLE)).names == ["= a"]


@pytest.mark.parametrize("then", ["end", "break"])
def test_a_watch_that_ends_before_its_list_is_whole_lists_nothing(then: str) -> None:
    done = run(Answer(A_STREAM_THAT_IS_NEVER_WHOLE, then=then), Answer(A_STREAM_WITH_A_AND_B))
    assert done.names == ["= a b"]
    assert "resourceVersion" not in done.script.asked[1]


def test_a_server_that_refuses_such_a_watch_is_listed_by_pages() -> None:
    pages = (Answer(page(30, pod("a", 3), pod("b", 5), more="token")), Answer(page(30, pod("c", 7))))
    done = run(refusal(422, "Invalid"), *pages, Answer([A_GOES]))
    assert done.names == ["= a b c", "?", "- a"]
    _, first, second, watch = done.script.asked[:4]
    assert first["limit"] == "2"
    assert "resourceVersion" not in first
    assert second["continue"] == "token"
    assert watch["resourceVersion"] == "30"


def test_a_list_whose_token_expires_begins_anew_and_the_second_time_comes_without_pages() -> None:
    begins, expires = Answer(page(30, pod("gone", 3), more="token")), refusal(410, "Expired")
    done = run(begins, expires, begins, expires, Answer(page(40, pod("a", 3), pod("b", 5), pod("c", 7))), streams=False)
    assert done.names[0] == "= a b c"
    assert [asked.get("limit") for asked in done.script.asked[:5]] == ["2", "2", "2", "2", "0"]
    assert done.script.asked[5]["resourceVersion"] == "40"


@pytest.mark.parametrize("gone", [refusal(410, "Expired"), Answer([C_COMES, EXPIRED])], ids=["at once", "within"])
def test_a_forgotten_version_is_listed_anew_after_what_came_before(gone: Answer) -> None:
    done = run(Answer(A_STREAM_WITH_A_AND_B), gone, Answer(A_STREAM_WITH_A_AND_B))
    assert [name for name in done.names if name != "?"][-1] == "= a b"
    assert ("+ c" in done.names) == (gone.status == 200)
    assert "resourceVersion" not in done.script.asked[2]


@pytest.mark.parametrize(
    "ending",
    [
        Answer([C_COMES, TROUBLE]),
        Answer([C_COMES, NO_EVENT]),
        Answer([C_COMES, A_GOES[:40]], then="end"),
        Answer([C_COMES, A_GOES[:40]], then="break"),
        Answer([C_COMES], then="stay"),
    ],
    ids=["error", "no event", "half an event", "cut within an event", "silence"],
)
def test_a_watch_that_ends_badly_goes_on_where_it_was(ending: Answer) -> None:
    silent = ending.then == "stay"
    probe = [Answer(page(15))] if silent else []
    done = run(Answer(A_STREAM_WITH_A_AND_B), ending, *probe, Answer([A_GOES]), silence=1 if silent else 5)
    assert [name for name in done.names if name != "?"] == ["= a b", "+ c", "- a"]
    assert done.script.asked[2 + silent]["resourceVersion"] == "12"


def test_a_silent_watch_of_a_server_whose_history_went_back_is_listed_anew() -> None:
    silence, probe = Answer([C_COMES], then="stay"), Answer(page(4))
    done = run(Answer(A_STREAM_WITH_A_AND_B), silence, probe, Answer(A_STREAM_WITH_A_AND_B), silence=1)
    assert done.names[-1] == "= a b"
    assert done.script.asked[2]["limit"] == "1"
    assert done.script.asked[3]["sendInitialEvents"] == "true"


def test_what_is_denied_is_told_once_and_asked_for_again() -> None:
    denied = refusal(403, "Forbidden")
    done = run(denied, denied, Answer(A_STREAM_WITH_A_AND_B))
    assert done.names == ["!", "= a b"]
    (told,) = (signal for signal in done.signals if isinstance(signal, Broken))
    assert "403 Forbidden indeed" in told.error
    assert "grant" in told.error


def test_a_failure_that_may_pass_is_told_when_it_comes_again() -> None:
    busy = refusal(429, "TooManyRequests", Retry_After="0")
    done = run(busy, Answer(A_STREAM_WITH_A_AND_B), refusal(500, "InternalError"), busy, Answer([A_GOES]))
    assert [name for name in done.names if name != "?"] == ["= a b", "!", "- a"]


def test_what_is_not_there_ends_the_reflector() -> None:
    done = run(Answer(A_STREAM_WITH_A_AND_B), refusal(404, "NotFound"))
    assert done.names == ["= a b"]
    assert done.ended


def test_a_page_that_is_none_lists_nothing() -> None:
    done = run(Answer(b"<html></html>"), Answer(page(30, pod("a", 3))), streams=False)
    assert done.names[0] == "= a"


def test_a_broken_object_is_kept_by_its_metadata_and_told_of_and_one_without_is_told_of() -> None:
    done = run(Answer([*A_STREAM_WITH_A_AND_B, A_POD_WITH_A_BROKEN_SPEC, A_POD_WITHOUT_METADATA, C_COMES]))
    assert done.names == ["= a b", "+ broken"]
    (where, why), *_ = done.problems
    assert where == "pods default/broken"
    assert "kept by its metadata" in why


def test_where_metadata_are_enough_nothing_else_is_asked_for() -> None:
    done = run(refusal(422, "Invalid"), Answer(page(30, pod("a", 3))), metadata_only=True)
    assert [accept.partition(";g=")[0] for accept in done.script.accepted[:2]] == [
        "application/json;as=PartialObjectMetadata",
        "application/json;as=PartialObjectMetadataList",
    ]


@pytest.mark.parametrize("streams", [True, False])
def test_a_listing_that_is_asked_for_again_comes_once(streams: bool) -> None:
    whole = A_STREAM_WITH_A_AND_B if streams else page(9, pod("a", 3), pod("b", 5))
    first = [Answer(whole, then="stay")] if streams else [Answer(whole), Answer(then="stay")]
    second = [Answer([*A_STREAM_WITH_A_AND_B, C_COMES])] if streams else [Answer(whole), Answer([C_COMES])]
    done = run(*first, *second, streams=streams, again=True)
    assert [name for name in done.names if name != "?"] == ["= a b", "= a b", "+ c"]


def test_a_stamp_from_before_the_last_word_does_not_tell_when_something_happened() -> None:
    old = pod("c", 12)
    old["metadata"]["managedFields"] = [{"time": "2020-01-01T00:00:00Z"}]
    new = pod("d", 13)
    new["metadata"]["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = run(Answer([*A_STREAM_WITH_A_AND_B, line("MODIFIED", **old) + line("ADDED", **new)]))
    (happened,) = [signal for signal in done.signals if isinstance(signal, Happened)]
    assert happened.happened_at == parse_time(new["metadata"]["creationTimestamp"])
