"""The commands: what each prints and where, its exit code, and what it says when something is wrong."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from .conftest import Tagweave, write_estate

THEN = "2026-01-01T10:30:00Z"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# ---- what is wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sync"], ["there is no tagweave.yaml", "tagweave init"]),
        (["lookup", "10.0.0.1", "--at", "yesterday", "--config", "given.yaml"], ["--at yesterday", "RFC 3339"]),
        (["resources", "pods", "-o", "xml"], ["xml"]),
        (["lookup", "10.0.0.1", "--port", "70000"], ["--port", "65535"]),
        (["no-such-command"], ["no-such-command"]),
        (["tag"], ["INPUT"]),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_says_what_is_wrong(
    arguments: list[str], words: list[str], tmp_path: Path, shell: Tagweave
) -> None:
    (tmp_path / "given.yaml").write_text("sources:\n  - {name: a, type: files, path: x}\n")
    done = shell(*arguments)
    assert (done.code, done.out) == (2, "")
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err


def test_a_wrong_configuration_names_file_line_and_key(tmp_path: Path, shell: Tagweave) -> None:
    (tmp_path / "tagweave.yaml").write_text("sources:\n  - name: a\n    type: files\n    paht: x\n")
    done = shell("sources")
    assert done.code == 2
    assert done.err.strip() == "tagweave: tagweave.yaml:4: sources[0].paht: unknown key 'paht'; did you mean 'path'?"


def test_nothing_is_known_before_the_first_sync(tmp_path: Path, shell: Tagweave) -> None:
    write_estate(tmp_path)
    done = shell("lookup", "10.0.1.10", "--data-dir", "data")
    assert (done.code, done.out) == (1, "")
    assert "run `tagweave sync` first" in done.err


# ---- init


def test_init_writes_a_configuration_that_loads_and_keeps_one_that_is_there(tmp_path: Path, shell: Tagweave) -> None:
    assert shell("init").code == 0
    text = (tmp_path / "tagweave.yaml").read_text()
    again = shell("init")
    assert again.code == 2
    assert "--force" in again.err
    assert (tmp_path / "tagweave.yaml").read_text() == text
    assert "cannot read" in shell("sync", "--data-dir", "data").out  # the example's dump is not there


# ---- sync and sources


def test_sync_tells_what_each_scope_got_and_then_nothing_new(tmp_path: Path, shell: Tagweave) -> None:
    write_estate(tmp_path)
    first = shell("sync", "--data-dir", "data", "-o", "json")
    assert first.code == 0
    scopes = {(s["source"], s["kind"]): s for s in first.json["scopes"]}
    assert set(first.json["scopes"][0]) == {
        "source", "kind", "scope", "status", "added", "changed", "removed", "error",
    }  # fmt: skip
    assert scopes["acme", "vm"]["added"] == 2
    assert (scopes["shop", "pod"]["added"], scopes["shop", "pod"]["removed"]) == (3, 1)
    assert "shop: read 4 Pod, kept 4" in first.err
    second = shell("sync", "--data-dir", "data", "-o", "json")
    assert [(s["added"], s["changed"], s["removed"]) for s in second.json["scopes"]] == [(0, 0, 0)] * len(
        second.json["scopes"]
    )


def test_a_source_that_cannot_be_read_is_exit_code_3_and_the_others_go_on(tmp_path: Path, shell: Tagweave) -> None:
    write_estate(tmp_path)
    (tmp_path / "acme.jsonl").unlink()
    done = shell("sync", "--data-dir", "data", "-o", "csv")
    assert done.code == 3
    failed = [row for row in rows_of(done.out) if row["status"] == "failed"]
    assert [row["source"] for row in failed] == ["acme"]
    assert "acme.jsonl: No such file or directory" in failed[0]["error"]
    assert shell("sync", "acme", "--data-dir", "data").code == 1
    stale = [row for row in rows_of(shell("sources", "--data-dir", "data", "-o", "csv").out) if row["source"] == "acme"]
    assert [row["status"] for row in stale] == ["stale"]


def test_what_goes_from_a_dump_and_comes_back_at_one_moment_is_there_again(tmp_path: Path, shell: Tagweave) -> None:
    """A dump of a named moment that is edited and synced is another word on that moment."""
    write_estate(tmp_path)
    dump = tmp_path / "acme.jsonl"
    whole = dump.read_text()
    lacking = "".join(line for line in whole.splitlines(keepends=True) if "i-2" not in line)
    renamed = whole.replace("web-2", "other")
    assert whole not in {renamed, lacking}
    for text, name in [(whole, "web-2"), (lacking, None), (whole, "web-2"), (renamed, "other"), (lacking, None)] * 2:
        dump.write_text(text)
        done = shell("sync", "acme", "--data-dir", "data")
        assert done.code == 0, done.err
        for at in ((), ("--at", "2026-01-01T10:00:00Z")):
            found = shell("resources", "vm", "--data-dir", "data", "-o", "json", *at).json
            assert {vm["id"]: vm["name"] for vm in found}.get("i-2") == name


def test_a_broken_object_is_said_on_stderr_and_does_not_stop_the_sync(tmp_path: Path, shell: Tagweave) -> None:
    write_estate(tmp_path)
    with (tmp_path / "acme.jsonl").open("a") as file:
        file.write('{"kind":"vm","id":7}\n')
    done = shell("sync", "acme", "--data-dir", "data", "-o", "jsonl")
    assert done.code == 0
    assert "skipped: acme: " in done.err
    assert "broken vm" in done.err


def test_sources_shows_each_scope_and_a_source_that_was_never_read(tmp_path: Path, shell: Tagweave) -> None:
    write_estate(tmp_path)
    shell("sync", "shop", "--data-dir", "data")
    rows = shell("sources", "--data-dir", "data", "-o", "json").json
    by_kind = {row["kind"]: row for row in rows if row["source"] == "shop"}
    assert by_kind["pod"]["count"] == 2
    assert by_kind["pod"]["last_success"] == "2026-01-01T11:00:00Z"
    assert by_kind["pod"]["age_seconds"] > 0
    others = [(row["source"], row["status"]) for row in rows if row["source"] != "shop"]
    assert others == [("acme", "never"), ("lab", "never")]


# ---- resources


def test_resources_are_those_of_now_or_of_a_time(synced: Path, tagweave: Tagweave) -> None:
    def named(*more: str) -> list[str]:
        found = tagweave("resources", "pods", "--source", "shop", "-o", "json", *more).json
        return sorted(pod["name"] for pod in found)

    assert named() == ["api-b", "client"]
    assert named("--at", THEN) == ["client", "front-a"]
    assert named("--at", "2026-01-01T08:30:00Z") == []


def test_resources_are_filtered_by_any_field(synced: Path, tagweave: Tagweave) -> None:
    def ids(*conditions: str) -> list[str]:
        options = [one for condition in conditions for one in ("--where", condition)]
        return [vm["id"] for vm in tagweave("resources", "VM", "-o", "json", *options).json]

    assert ids() == ["i-1", "i-2"]
    assert ids("state=running") == ["i-1"]
    assert ids("labels.cost.center=7") == ["i-1"]
    assert ids("interfaces.private_ips=10.0.1.10", "state=running") == ["i-1"]
    assert ids("state=gone") == []
    wrong = tagweave("resources", "vm", "--where", "colour=red")
    assert wrong.code == 2
    assert "a vm has no field 'colour'; it has region, az, vpc" in wrong.err


@pytest.mark.parametrize("word", ["pod", "pods", "Pods"])
def test_a_kind_may_be_written_as_people_do(word: str, synced: Path, tagweave: Tagweave) -> None:
    assert len(tagweave("resources", word, "--source", "lab", "-o", "json").json) == 1


def test_every_output_form_shows_the_same_resources(synced: Path, tagweave: Tagweave) -> None:
    def out(form: str) -> str:
        return tagweave("resources", "vm", "-o", form).out

    as_json = json.loads(out("json"))
    assert [json.loads(line) for line in out("jsonl").splitlines()] == as_json
    assert [row["id"] for row in rows_of(out("csv"))] == [vm["id"] for vm in as_json]
    table = out("table").splitlines()
    assert table[0].split()[:3] == ["SOURCE", "NAME", "ID"]
    assert [line.split()[2] for line in table[1:]] == ["i-1", "i-2"]


def test_a_list_that_is_written_row_by_row_is_the_json_of_all_of_it(synced: Path, tagweave: Tagweave) -> None:
    for condition, count in (("vpc=vpc-1", 2), ("state=running", 1), ("state=gone", 0)):
        streamed = tagweave("resources", "vm", "--where", condition, "-o", "json").out
        assert len(json.loads(streamed)) == count
        assert streamed == json.dumps(json.loads(streamed), indent=2) + "\n"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_listing_that_was_cut_says_how_to_get_the_next_page(form: str, synced: Path, tagweave: Tagweave) -> None:
    first = tagweave("resources", "vm", "--limit", "1", "-o", form)
    told = re.fullmatch(r"there are more: the next page is that (--after) (\d+)\n", first.err)
    assert told is not None
    second = tagweave("resources", "vm", "--limit", "1", *told.groups(), "-o", form)
    assert ("i-1" in first.out, "i-2" in first.out) == (True, False)
    assert ("i-1" in second.out, "i-2" in second.out, second.err) == (False, True, "")


def test_resources_are_found_by_a_part_of_their_name_or_id(synced: Path, tagweave: Tagweave) -> None:
    def ids(text: str) -> list[str]:
        return [vm["id"] for vm in tagweave("resources", "vm", "-o", "json", "--contains", text).json]

    assert (ids("WEB"), ids("-2"), ids("nobody")) == (["i-1", "i-2"], ["i-2"], [])


def test_a_cursor_that_is_none_is_a_usage_error(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("resources", "vm", "--after", "i-1")
    assert done.code == 2
    assert "after i-1: expected the cursor of a page before" in done.err


# ---- lookup and history


def test_a_lookup_is_one_object_of_the_agreed_fields(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("lookup", "10.244.0.5", "--network", "shop", "--at", THEN, "-o", "json")
    assert done.code == 0
    assert list(done.json) == ["key", "network", "at", "match", "tags", "candidates", "reason"]
    assert done.json["match"] == {
        "rule": "ip", "kind": "pod", "id": "uid-a",
        "from": "2026-01-01T09:30:00Z", "to": "2026-01-01T10:50:00Z", "age_seconds": 1800, "disputed": False,
    }  # fmt: skip
    tags = done.json["tags"]
    assert (tags["k8s.pod.name"], tags["tagweave.group.team"]) == ("front-a", "blue")
    assert tags["k8s.service.name"] == ["front", "metrics"]
    assert done.json["reason"] is None


def test_the_owner_of_an_address_is_that_of_the_moment(synced: Path, tagweave: Tagweave) -> None:
    def owner(at: str) -> str | None:
        done = tagweave("lookup", "10.244.0.5", "--network", "shop", "--at", at, "-o", "json")
        return done.json["tags"].get("k8s.pod.name")

    assert [owner(f"2026-01-01T{at}:00Z") for at in ("09:29", "09:30", "10:45", "11:00", "12:00")] == [
        None, "front-a", "front-a", "api-b", "api-b",
    ]  # fmt: skip


def test_what_several_networks_hold_is_ambiguous_with_the_candidates(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("lookup", "10.244.0.9", "--at", THEN, "-o", "json")
    assert (done.code, done.json["match"], done.json["tags"]) == (1, None, {})
    assert done.json["reason"].startswith("ambiguous: 2 networks hold 10.244.0.9")
    assert {c["id"] for c in done.json["candidates"]} == {"uid-client", "uid-twin"}
    assert {c["network"] for c in done.json["candidates"]} == {"uid-shop", "uid-lab"}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("10.0.1.10", "i-1"),
        ("::ffff:10.0.1.10", "i-1"),
        ("i-1", "i-1"),
        ("web-1", "i-1"),
        ("02:00:00:00:00:01", "i-1"),
        ("02-00-00-00-00-01", "i-1"),
        ("uid-a", "uid-a"),
        ("web/front-a", "uid-a"),
        ("c-uid-a", "uid-a"),
    ],
)
def test_a_key_may_be_any_identity(key: str, found: str, synced: Path, tagweave: Tagweave) -> None:
    assert tagweave("lookup", key, "--at", THEN, "-o", "json").json["match"]["id"] == found


def test_a_port_picks_the_service_and_one_that_no_service_serves_none(synced: Path, tagweave: Tagweave) -> None:
    def service(*more: str) -> str | list[str] | None:
        asked = ("lookup", "10.244.0.5", "--network", "shop", "--at", THEN, "-o", "json")
        return tagweave(*asked, *more).json["tags"].get("k8s.service.name")

    assert service() == ["front", "metrics"]
    assert service("--port", "8080") == "front"
    assert service("--port", "9090") == "metrics"
    assert service("--port", "9999") is None
    assert service("--port", "8080", "--protocol", "udp") is None


@pytest.mark.parametrize(
    ("names", "pod"), [("otel", "k8s.pod.name"), ("deepflow", "pod"), ("ecs", "kubernetes.pod.name")]
)
def test_names_are_those_of_the_vocabulary(names: str, pod: str, synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("lookup", "uid-a", "--at", THEN, "--names", names, "-o", "json")
    assert done.json["tags"][pod] == "front-a"
    assert done.json["tags"]["tagweave.group.team"] == "blue"  # a group's tags may be of any vocabulary


def test_why_tells_how_an_answer_was_found_and_how_one_was_not(synced: Path, tagweave: Tagweave) -> None:
    held = tagweave("lookup", "10.244.0.5", "--network", "shop", "--at", THEN, "--why")
    assert "why: sought in" in held.err
    assert "held by pod web/front-a (shop)" in held.err
    gone = tagweave("lookup", "10.244.0.5", "--network", "shop", "--at", "2026-01-01T08:00:00Z", "--why")
    assert gone.code == 1
    assert "not_at_that_time" in gone.err
    assert "held at other times" in gone.err


@pytest.mark.parametrize(
    ("key", "reason"),
    [("192.0.2.1", "unknown_address"), ("nobody", "unknown"), ("10.0.1.10/32", "unknown")],
)
def test_nothing_known_is_exit_code_1_with_the_reason(key: str, reason: str, synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("lookup", key, "-o", "json")
    assert done.code == 1
    assert done.json["reason"].startswith(reason)


def test_a_network_that_is_none_is_a_usage_error_that_names_those_there_are(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("lookup", "10.0.1.10", "--network", "nowhere")
    assert done.code == 2
    assert "no network is named 'nowhere' at " in done.err
    assert "; there are: acme, internet" in done.err
    assert "uid-shop" in done.err


def test_history_lists_who_held_an_address_in_order_of_time(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("history", "10.244.0.5", "-o", "json")
    assert done.json == [
        {
            "network": "uid-shop", "kind": "pod", "id": "uid-a", "name": "front-a",
            "from": "2026-01-01T09:30:00Z", "to": "2026-01-01T10:50:00Z",
        },
        {
            "network": "uid-shop", "kind": "pod", "id": "uid-b", "name": "api-b",
            "from": "2026-01-01T10:50:00Z", "to": None,
        },
    ]  # fmt: skip
    assert tagweave("history", "192.0.2.1").code == 1


# ---- tag

FLOWS = b"time,src_ip,dst_ip\n2026-01-01T10:30:00Z,10.244.0.5,10.0.1.10\n2026-01-01T12:00:00Z,10.244.0.5,192.0.2.1\n"


def test_tag_weaves_stdin_to_stdout_and_reports_on_stderr(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("tag", "-", "--network", "shop", "--tag", "k8s.pod.name", "--tag", "host.name", stdin=FLOWS)
    assert done.code == 0
    assert done.out.splitlines() == [
        "time,src_ip,dst_ip,source.k8s.pod.name,source.host.name,destination.k8s.pod.name,destination.host.name",
        "2026-01-01T10:30:00Z,10.244.0.5,10.0.1.10,front-a,,,",
        "2026-01-01T12:00:00Z,10.244.0.5,192.0.2.1,api-b,,,",
    ]
    assert "2 records in" in done.err
    assert "unknown_address, most often: 192.0.2.1" in done.err


def test_a_bad_record_is_exit_code_3_and_comes_out_untagged(synced: Path, tagweave: Tagweave) -> None:
    done = tagweave("tag", "-", "--network", "shop", "--tag", "k8s.pod.name", stdin=FLOWS + b"broken\n")
    assert done.code == 3
    assert done.out.splitlines()[-1] == "broken"
    assert "record 4: 1 fields where the header has 3; passed through untagged" in done.err


def test_an_input_that_is_none_is_exit_code_1(synced: Path, tmp_path: Path, tagweave: Tagweave) -> None:
    done = tagweave("tag", tmp_path / "nothing.csv")
    assert (done.code, done.out) == (1, "")
    assert "nothing.csv: No such file or directory" in done.err


def test_columns_are_mapped_and_a_wrong_map_says_what_there_is(synced: Path, tagweave: Tagweave) -> None:
    data = FLOWS.replace(b"src_ip", b"who")
    good = tagweave("tag", "-", "--map", "who=source.ip", "--network", "shop", "--tag", "k8s.pod.name", stdin=data)
    assert "front-a" in good.out
    wrong = tagweave("tag", "-", "--map", "whom=source.ip", stdin=data)
    assert wrong.code == 2
    assert "there is no column 'whom'; did you mean 'who'?" in wrong.err
    assert tagweave("tag", "-", "--map", "who", stdin=data).code == 2


# ---- help


def test_every_command_has_an_example_in_its_help(tagweave: Tagweave) -> None:
    names = ("init", "check", "sync", "sources", "resources", "lookup", "history", "tag", "run", "demo")
    for name in names:
        done = tagweave(name, "--help")
        assert done.code == 0
        assert f"tagweave {name}" in done.out.partition("Example:")[2], name
    assert tagweave("--version").out.startswith("tagweave 0.")


def test_strictly_an_address_in_the_range_of_another_network_is_of_either(shell: Tagweave, tmp_path: Path) -> None:
    write_estate(tmp_path)
    with (tmp_path / "acme.jsonl").open("a") as dump:
        for line in (
            {"kind": "vpc", "id": "vpc-2", "region": "eu-1", "cidrs": ["10.0.0.0/16"]},
            {"kind": "subnet", "id": "subnet-2", "vpc": "vpc-2", "cidrs": ["10.0.1.0/24"]},
        ):
            dump.write(json.dumps(line) + "\n")
    assert shell("sync").code == 0
    (tmp_path / "flows.csv").write_text("time,src_ip,dst_ip\n2026-01-01T10:30:00Z,10.0.1.10,192.0.2.1\n")
    plain = shell("tag", "flows.csv", "-", "--tag", "host.name", "--to", "jsonl")
    strict = shell("tag", "flows.csv", "-", "--tag", "host.name", "--to", "jsonl", "--strict")
    assert '"source.host.name":"web-1"' in plain.out
    assert "web-1" not in strict.out
    assert "ambiguous" in strict.err
