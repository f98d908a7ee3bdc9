"""Claim: a large account is read with no more calls than its pages need, about as fast as the provider's limits allow,
in little memory.

An estate of 20,000 VMs in 5 regions with everything around them, at the suite's server for Tencent Cloud (each answer
after 50 ms, 20 calls of an action in a region in any second; what is more is throttled), in a process of its own.

- Pages needed: for every list that is asked for, its length over the size of its page, each list once. The server's
  own totals tell, not the connector.
- What the limits allow: the fullest bucket at 20 calls a second, or all calls together, 64 at once, at 50 ms each.

The time is of this machine as it is now: what the two processes had of its processors is printed beside it.

Run: .venv/bin/python bench/clouds.py [VMS [REGIONS]]
"""

import asyncio
import gc
import json
import multiprocessing
import os
import re
import resource
import sys
import time
from collections import Counter, defaultdict
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

LATENCY, PER_SECOND, AT_ONCE = 0.05, 20.0, 64
PAGING = {"Offset", "Limit", "PageNumber", "PageSize", "NextToken", "MaxResults"}


def serve(pipe: Connection, vms: int, regions: int) -> None:
    """The server, until it is asked what it saw."""
    from werkzeug.wrappers import Request, Response

    from clouds.tencent import running
    from clouds.tencent.fake import called

    sys.setswitchinterval(0.0005)  # answers are to be 50 ms late and not more
    gc.disable()
    estate = running.start(vms, regions)
    seen: Counter[tuple[str, str, str]] = Counter()
    needed: dict[tuple[str, str, str], int] = {}
    inner = estate.server._app

    def counting(environ, start_response):
        request = Request(environ)
        params = json.loads(request.get_data() or b"{}")
        environ["wsgi.input"].seek(0)
        response = Response.from_app(inner, environ, buffered=True)
        if response.status_code == 200:
            what = {key: value for key, value in params.items() if key not in PAGING}
            total = re.search(rb'"TotalCount": ?(\d+)', response.get_data())
            key = (*called(request), json.dumps(what, sort_keys=True))
            seen[key] += 1
            size = int(params.get("Limit") or params.get("PageSize") or params.get("MaxResults") or 0)
            needed[key] = max(1, -(-int(total[1]) // size)) if size and total else 1
        return response(environ, start_response)

    estate.server._app = counting
    estate.server.latency, estate.server.per_second = LATENCY, PER_SECOND
    pipe.send((estate.server.url, estate.regions, running.KEY, running.SECRET))
    pipe.recv()
    pipe.send((list(seen.items()), list(needed.items()), len(estate.server.calls), processor()))
    estate.close()


def processor() -> float:
    """The processor time of this process so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(url: str, regions: tuple[str, ...]) -> tuple[Counter[str], list[str], float, float]:
    """What there is of each kind, what failed, how long it took, and how long a processor."""
    from tagweave.model import Defect, Failure, Snapshot
    from tagweave.model.collection import seldom
    from tagweave.sources.tencent import Config, Source

    source = Source(Config(name="acc", regions=regions, home_region=regions[0], endpoint=url, at_once=AT_ONCE))
    counts: Counter[str] = Counter()
    wrong: list[str] = []

    async def run() -> None:
        async for batch in source.batches():
            if isinstance(batch, Snapshot):
                counts[batch.scope.kind] += len(batch.resources)
            elif isinstance(batch, Failure | Defect):
                wrong.append(str(batch))

    seldom()  # as the command does
    began, used = time.perf_counter(), processor()
    asyncio.run(run())
    return counts, wrong, time.perf_counter() - began, processor() - used


def limits(needed: dict[tuple[str, str, str], int]) -> tuple[float, str]:
    """The least time in which all calls can be made, in seconds, and what decides it."""
    buckets: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (action, region, _), pages in needed.items():
        buckets[action, region] += pages
    fullest = max(buckets, key=lambda bucket: buckets[bucket])
    floor = {
        f"{buckets[fullest]} calls of {fullest[0]} in {fullest[1] or 'no region'}": buckets[fullest] / PER_SECOND,
        f"{sum(needed.values())} calls, {AT_ONCE} at once": sum(needed.values()) * LATENCY / AT_ONCE,
    }
    what = max(floor, key=lambda name: floor[name])
    return floor[what], what


def main() -> None:
    vms = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, vms, count), daemon=True)
    child.start()
    url, regions, key, secret = ours.recv()
    os.environ.update(TENCENTCLOUD_SECRET_ID=key, TENCENTCLOUD_SECRET_KEY=secret)
    kinds, wrong, seconds, used = read(url, regions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours.send("done")
    seen, needed, made, theirs_used = ours.recv()
    child.join()
    pages = sum(pages for _, pages in needed)
    throttled = made - sum(times for _, times in seen)
    least, why = limits(dict(needed))
    print(f"{sum(kinds.values()):,} resources: " + ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common()))
    print(f"calls: {made:,} made, {pages:,} needed, {throttled} throttled; {len(wrong)} failures or defects")
    for (name, where, what), times in seen:
        extra = times - dict(needed)[name, where, what]
        if extra:
            print(f"  {extra} too many of {name} in {where} {what}")
    print(f"time: {seconds:.1f} s; the limits allow {least:.1f} s ({why}): {seconds / least:.2f} times")
    share = (used + theirs_used) / seconds
    print(
        f"processor: {used:.1f} s of ours, {theirs_used:.1f} s of the server's: {share:.1f} processors, of {os.cpu_count()}"
    )
    print(f"memory: {peak:.0f} MB at the peak")
    assert not wrong, wrong[:3]
    assert kinds["vm"] == vms
    assert made - throttled == pages
    assert peak < 400


if __name__ == "__main__":
    main()
