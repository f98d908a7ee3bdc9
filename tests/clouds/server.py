"""A cloud's API on loopback: a WSGI application, and in front of it what can go wrong, on command."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Literal, NamedTuple

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

Fault = Literal["denied", "throttled", "timeout", "error", "cut", "truncated", "wrong_total", "broken_item"]
"""`timeout`: no answer while the caller waits. `error`: the provider's 500. `cut`: the connection is closed without
an answer. `truncated`: half of the body, as if it were the whole. `wrong_total`: the total is one too many.
`broken_item`: the first item of the answer lacks what it needs."""


class Made(NamedTuple):
    """A call that was made: what it asked where, and the status of the answer (0: none)."""

    action: str
    region: str
    status: int


class Habits(NamedTuple):
    """How a provider tells what is asked and how it refuses: all that the faults need to know of it.

    `action_of` gives the action as `Listing.action` names it, and the region. `denied`, `throttled` and `error` give
    the provider's own answers. `wrong_total` and `broken_item` change a good body, None where there is no such thing
    in it.
    """

    action_of: Callable[[Request], tuple[str, str]]
    denied: Callable[[str], Response]
    throttled: Callable[[str], Response]
    error: Callable[[str], Response]
    wrong_total: Callable[[str, bytes], bytes | None]
    broken_item: Callable[[str, bytes], bytes | None]


class Server:
    """A running API. `faults` are by (action, region); an empty region is all of them.

    `latency` is how long each answer takes, in seconds; `per_second` how many calls of one action, in one region, are
    answered in any second before the rest are throttled.
    """

    def __init__(self, app: Callable[..., object], habits: Habits) -> None:
        self._app = app
        self._habits = habits
        self._faults: dict[tuple[str, str], tuple[Fault, float]] = {}
        self._recent: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.calls: list[Made] = []
        self.latency = 0.0
        self.per_second: float | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False  # callers keep their connections
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def fault(self, action: str, fault: Fault, region: str = "", times: float = float("inf")) -> Iterator[None]:
        """Let an action fail so many times, or for as long as this lasts."""
        key = (action, region)
        with self._lock:
            self._faults[key] = (fault, times)
        try:
            yield
        finally:
            with self._lock:
                self._faults.pop(key, None)

    def made(self, action: str) -> list[Made]:
        """The calls of an action so far."""
        with self._lock:
            return [call for call in self.calls if call.action == action]

    # ---- one request

    def _answer(self, environ: dict[str, object], start_response: Callable[..., object]) -> object:
        request = Request(environ)
        environ["wsgi.input"] = BytesIO(request.get_data())
        request = Request(environ)
        action, region = self._habits.action_of(request)
        fault = self._next_fault(action, region)
        response = self._respond(request, action, region, fault)
        with self._lock:
            self.calls.append(Made(action, region, response.status_code if response else 0))
        if response is None:
            raise _Cut
        return response(environ, start_response)

    def _next_fault(self, action: str, region: str) -> Fault | None:
        with self._lock:
            for key in ((action, region), (action, "")):
                found = self._faults.get(key)
                if found is not None and found[1] > 0:
                    self._faults[key] = (found[0], found[1] - 1)
                    return found[0]
        return None

    def _respond(self, request: Request, action: str, region: str, fault: Fault | None) -> Response | None:
        if self.latency:
            time.sleep(self.latency)
        habits = self._habits
        if fault == "timeout":
            self._closing.wait(60)
            return None
        if fault == "cut":
            return None
        refusals: Mapping[str, Callable[[str], Response]] = {
            "denied": habits.denied,
            "throttled": habits.throttled,
            "error": habits.error,
        }
        if fault in refusals:
            return refusals[fault](action)
        if self._is_too_fast(action, region):
            return habits.throttled(action)
        rewound = {**request.environ, "wsgi.input": BytesIO(request.get_data())}
        response = Response.from_app(self._app, rewound, buffered=True)
        if fault is None or response.status_code >= 300:
            return response
        body: bytes | None = response.get_data()
        assert body is not None
        if fault == "truncated":
            body = body[: len(body) // 2]
        elif fault == "wrong_total":
            body = habits.wrong_total(action, body)
        elif fault == "broken_item":
            body = habits.broken_item(action, body)
        assert body is not None, f"{action} has nothing to spoil by {fault}"
        response.set_data(body)
        return response

    def _is_too_fast(self, action: str, region: str) -> bool:
        if self.per_second is None:
            return False
        now = time.monotonic()
        with self._lock:
            recent = self._recent[action, region]
            while recent and recent[0] <= now - 1.0:
                recent.popleft()
            if len(recent) >= self.per_second:
                return True
            recent.append(now)
        return False


class _Cut(ConnectionError):
    """Raised to close a connection without an answer."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits for the client's word that it has the head: 40 ms

    def connection_dropped(self, *_: object) -> None:
        """Close what a `_Cut` asks to close; werkzeug takes it for a caller that went away."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own name
        """Say nothing."""
