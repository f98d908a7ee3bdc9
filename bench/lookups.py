"""Claim: `GET /api/v1/lookup` answers thousands a second on one core.

An estate of PODS pods, served by `tagweave run` on one core; a client on the other asks for SECONDS over 16 connections
that are kept open, each for a random pod's address. Every answer is checked to be that pod's. The floor is `/healthz` of
the same server, which looks up nothing: what HTTP alone costs.

Run: .venv/bin/python bench/lookups.py [PODS [SECONDS]]
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from reconcile import pods
from updates import estate, observe

from tagweave.inventory import Inventory

CONNECTIONS = 16
AT = datetime(2026, 1, 2, tzinfo=UTC)


def served(folder: Path, count: int) -> list[tuple[str, str]]:
    """Fill the store; the addresses and uids that may be asked."""
    inventory = Inventory.open(f"sqlite:///{folder}/data/inventory.db")
    observe(inventory, estate(count), AT)
    inventory.close()
    (folder / "none.json").write_text('{"kind":"NodeList","apiVersion":"v1","items":null}')
    (folder / "tagweave.yaml").write_text("sources:\n  - {name: other, type: files, path: none.json}\n")
    return [(pod.ips[0], pod.id) for pod in pods(count)]


async def ask(port: int, paths: list[tuple[str, str]], until: float) -> list[float]:
    """One connection: requests one after another; how long each took, in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    out = []
    while time.perf_counter() < until:
        path, expected = random.choice(paths)
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(size)
        out.append(time.perf_counter() - began)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert not expected or json.loads(body)["match"]["id"] == expected, body
    writer.close()
    return out


async def load(port: int, paths: list[tuple[str, str]], seconds: float) -> tuple[float, list[float]]:
    began = time.perf_counter()
    found = await asyncio.gather(*(ask(port, paths, began + seconds) for _ in range(CONNECTIONS)))
    took = time.perf_counter() - began
    every = sorted(one for some in found for one in some)
    return len(every) / took, every


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = served(folder, count)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        server = subprocess.Popen(
            [Path(sys.executable).parent / "tagweave", "run", "--listen", f"127.0.0.1:{port}", "--data-dir", "data"],
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )
        os.sched_setaffinity(server.pid, {cores[0]})
        os.sched_setaffinity(0, set(cores[1:]) or {cores[0]})
        try:
            end = time.monotonic() + 120
            while True:
                try:
                    asyncio.run(load(port, [("/readyz", "")], 0.1))
                    break
                except (ConnectionError, AssertionError):
                    assert time.monotonic() < end
                    time.sleep(0.2)
            at = AT.isoformat().replace("+00:00", "Z")
            lookups = [(f"/api/v1/lookup?key={ip}&network=bench&at={at}", uid) for ip, uid in keys]
            asyncio.run(load(port, lookups, 1.0))
            floor, _ = asyncio.run(load(port, [("/healthz", "")], seconds))
            rate, times = asyncio.run(load(port, lookups, seconds))
        finally:
            server.terminate()
            server.wait()
    print(f"{count:,} pods, one core for the server, {CONNECTIONS} connections")
    print(f"  /healthz        {floor:10,.0f} a second")
    print(f"  /api/v1/lookup  {rate:10,.0f} a second: {rate / floor:.2f} of that")
    print(
        f"  a look-up takes {times[len(times) // 2] * 1e3:.1f} ms median, {times[int(len(times) * 0.99)] * 1e3:.1f} ms p99"
    )


if __name__ == "__main__":
    main()
