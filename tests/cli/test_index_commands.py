"""The tag index as the command keeps it: made by `sync`, opened by the rest, made again where it cannot be read."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .conftest import Tagweave, write_estate


@pytest.fixture
def shop(tmp_path: Path, shell: Tagweave) -> Tagweave:
    """A command in a folder that was synced into `data`."""
    write_estate(tmp_path)
    assert shell("sync", "--data-dir", "data").code == 0
    return lambda *arguments: shell("--data-dir", "data", *arguments)


def test_status_tells_the_segments_and_how_far_they_are(shop: Tagweave) -> None:
    done = shop("index", "status", "-o", "json")
    assert done.code == 0
    assert [set(row) for row in done.json] == [{"file", "keys", "bytes"}] * 2
    assert "with every change up to number " in done.err
    assert "behind" not in done.err


def test_an_index_says_what_the_inventory_says_however_it_came_about(shop: Tagweave, tmp_path: Path) -> None:
    dump = tmp_path / "acme.jsonl"
    whole = dump.read_text()
    for text in (whole.replace("10.0.1.10", "10.0.1.11"), whole.replace('"front"', '"back"'), whole):
        dump.write_text(text)
        assert shop("sync", "acme").code == 0
    assert shop("index", "verify").code == 0
    assert shop("index", "rebuild").code == 0
    assert shop("index", "verify").code == 0


def test_what_an_index_says_beside_the_inventory_is_told(shop: Tagweave, tmp_path: Path) -> None:
    folder, saved = tmp_path / "data" / "index", tmp_path / "saved"
    folder.rename(saved)
    dump = tmp_path / "acme.jsonl"
    dump.write_text(dump.read_text().replace("10.0.1.10", "10.0.1.11"))
    assert shop("sync", "acme").code == 0
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    saved.rename(folder)
    done = shop("index", "verify")
    assert done.code == 1
    assert "10.0.1.11" in done.err
    assert "tagweave index rebuild" in done.err
    assert "behind the inventory" in shop("index", "status").err
    assert shop("sync").code == 0  # the next writer sees that it lags, and makes it anew
    assert shop("index", "verify").code == 0


@pytest.mark.parametrize("harm", ["gone", "cut", "flipped", "of another format"])
def test_an_index_that_cannot_be_read_is_told_by_name_and_made_again(harm: str, shop: Tagweave, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "index"
    segment = max(folder.glob("*.segment"), key=lambda path: path.stat().st_size)
    match harm:
        case "gone":
            segment.unlink()
        case "cut":
            segment.write_bytes(segment.read_bytes()[:100])
        case "flipped":
            content = bytearray(segment.read_bytes())
            content[20] ^= 1
            segment.write_bytes(bytes(content))
        case _:
            manifest = folder / "manifest.json"
            manifest.write_text(manifest.read_text().replace('"format":1', '"format":99'))
    done = shop("lookup", "10.0.1.10", "-o", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["match"]["id"] == "i-1"
    assert str(folder.relative_to(tmp_path)) in done.err or str(folder) in done.err
    assert "made again" in done.err
    assert shop("lookup", "10.0.1.10").err.count("made again") == 0


def test_an_answer_with_what_had_been_learned_by_a_time(shop: Tagweave, tmp_path: Path) -> None:
    then = datetime.now(UTC).isoformat()
    dump = tmp_path / "acme.jsonl"
    dump.write_text(dump.read_text().replace("web-1", "renamed"))
    assert shop("sync", "acme").code == 0
    asked = ("lookup", "10.0.1.10", "--at", "2026-01-01T10:30:00Z", "-o", "json")
    assert shop(*asked).json["tags"]["host.name"] == "renamed"
    assert shop(*asked, "--known-at", then).json["tags"]["host.name"] == "web-1"
    assert shop("history", "10.0.1.10", "--known-at", then, "-o", "json").json[0]["name"] == "web-1"
    assert shop(*asked, "--known-at", "2020-01-01T00:00:00Z").code == 1
    assert "--known-at soon" in shop(*asked, "--known-at", "soon").err
