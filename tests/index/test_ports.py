"""The port of an end decides its services: docs/laws.md, 6.4, against trying everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.columns import INTERNET
from tagweave.index.draft import Draft, Piece, Served
from tagweave.index.find import find
from tagweave.index.segment import Segment
from tagweave.model.times import BEGINNING, FOREVER

from . import brute
from .test_find import asked

ROWS = [
    {"pod": 10, "owner": 10, "node": 20, "namespace": 30, "cluster": 40, "service": (1, 2), "ingress": (5,)},
    {"node": 20, "owner": 20, "cluster": 40},
    {"node": 20, "owner": 20, "cluster": 40, "service": (3,)},
    {"owner": 1, "service": (1, 3), "ingress": (5, 6), "namespace": 31, "cluster": 41},
    {"vm": 7, "owner": 7},
    {"pod": 11, "owner": 11, "namespace": 30, "cluster": 40},
]
SERVED = [
    (6, 80, BEGINNING, FOREVER, 1, (5,), (30, 40)),
    (6, 80, 10, 20, 2, (), (30, 40)),
    (6, 80, 15, FOREVER, 3, (6,), (31, 40)),
    (17, 80, 0, 30, 2, (), (30, 40)),
    (132, 53, 0, FOREVER, 1, (), (30, 40)),
    (17, 53, 5, 25, 1, (5,), (30, 40)),
    (0, 99, 0, FOREVER, 2, (), (0, 0)),
    (6, 81, 9, 9, 1, (), (30, 40)),
    (6, 0, 0, FOREVER, 1, (), (30, 40)),
]
MOMENTS = [-1, 0, 5, 9, 10, 15, 19, 20, 25, 30]
PORTS = [(protocol, port) for protocol in (0, 1, 6, 17, 132) for port in (-1, 0, 53, 80, 81, 99, 65535)]
COLUMNS = ("service", "ingress", "namespace", "cluster")


def said(row: dict, served: list[Served], at: int, protocol: int, port: int, side: str) -> tuple:
    """What the row is in the four columns once the port has decided."""
    as_it_is = tuple(row.get(name, () if name in ("service", "ingress") else 0) for name in COLUMNS)
    if port < 0:
        return as_it_is
    live = [
        one
        for one in served
        if one.start <= at < one.end and one.port == port and port > 0 and protocol in (0, one.protocol)
    ]
    if live:
        services = tuple(sorted({one.service for one in live}))
        ingresses = tuple(sorted({i for one in live for i in one.ingresses}))
        if row.get("pod"):
            return services, ingresses, *as_it_is[2:]
        places = [{one.subject[k] for one in live} for k in (0, 1)]
        return services, ingresses, *(next(iter(place)) if len(place) == 1 else 0 for place in places)
    if row.get("node") == row["owner"] or (row.get("pod") and side == "destination"):
        return (), (), *as_it_is[2:]
    return as_it_is


@pytest.mark.parametrize("side", ["source", "destination", ""])
@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(SERVED), unique=True), st.integers(1, 2))
def test_a_port_decides_the_services_of_an_end(side: str, served: list, segments: int) -> None:
    ports = tuple(Served(*one) for one in served)
    parts = [Draft() for _ in range(segments)]
    for i, row in enumerate(ROWS):
        parts[i % segments].address(i, INTERNET, [Piece(BEGINNING, FOREVER, row, ports, 0, (), False, False)])
    view = brute.view_of([Segment.of(part.arrays(), part.meta()) for part in parts], brute.Shape([], []))
    questions = [(i, at, *one) for i in range(len(ROWS)) for at in MOMENTS for one in PORTS]
    ends = asked([(i, at, INTERNET) for i, at, _, _ in questions])._replace(
        protocol=np.array([protocol for _, _, protocol, _ in questions], np.uint8),
        port=np.array([port for _, _, _, port in questions], np.int32),
    )
    found = find(view, ends, side)
    columns = [view.column(name, found.tagsets, found.picks).tolist() for name in COLUMNS]
    got = [
        (view.members(service), view.members(ingress), namespace, cluster)
        for service, ingress, namespace, cluster in zip(*columns, strict=True)
    ]
    for (i, at, protocol, port), one in zip(questions, got, strict=True):
        assert one == said(ROWS[i], list(ports), at, protocol, port, side), (i, at, protocol, port)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(SERVED), unique=True))
def test_the_id_of_what_a_port_decides_is_that_of_a_row_that_says_the_same(served: list) -> None:
    """And it can be read back, also where no row says so."""
    ports = tuple(Served(*one) for one in served)
    draft, plain = Draft(), Draft()
    for i, row in enumerate(ROWS):
        draft.address(i, INTERNET, [Piece(BEGINNING, FOREVER, row, ports, 0, (), False, False)])
    view = brute.view_of([Segment.of(draft.arrays(), draft.meta())], brute.Shape([], []))
    questions = [(i, at, *one) for i in range(len(ROWS)) for at in MOMENTS for one in PORTS]
    ends = asked([(i, at, INTERNET) for i, at, _, _ in questions])._replace(
        protocol=np.array([protocol for _, _, protocol, _ in questions], np.uint8),
        port=np.array([port for _, _, _, port in questions], np.int32),
    )
    found = find(view, ends, "destination")
    rows = []
    for i, at, protocol, port in questions:
        service, ingress, namespace, cluster = said(ROWS[i], list(ports), at, protocol, port, "destination")
        row = {**ROWS[i], "service": service, "ingress": ingress, "namespace": namespace, "cluster": cluster}
        rows.append(len(rows))
        plain.address(len(rows), INTERNET, [Piece(BEGINNING, FOREVER, row, (), 0, (), False, False)])
    other = brute.view_of([Segment.of(plain.arrays(), plain.meta())], brute.Shape([], []))
    same = find(other, asked([(i + 1, 0, INTERNET) for i in rows]), "")
    ids = view.ids(found.tagsets, found.picks)
    assert (ids == other.ids(same.tagsets, same.picks)).all()
    tagsets, picks = view.by_ids(ids)
    assert (tagsets > 0).all()
    assert (view.ids(tagsets, picks) == ids).all()
    for name in COLUMNS[2:]:
        before, after = view.column(name, found.tagsets, found.picks), view.column(name, tagsets, picks)
        assert (before == after).all()
