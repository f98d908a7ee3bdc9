"""Plain HTTPS calls to the API server: get, apply, delete."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from .waiting import wait_until

Object = dict[str, Any]

JSON = "application/json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "tagweave-tests"
KIND_SERVED_WITHIN = 15.0


class Response(NamedTuple):
    """An answer: its HTTP status and its body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, when it is one JSON document."""
        return json.loads(self.body)

    def events(self) -> list[Object]:
        """The events of a watch that has ended."""
        return [json.loads(line) for line in self.body.splitlines()]


class ApiError(Exception):
    """The API server refused a call."""

    def __init__(self, call: str, response: Response) -> None:
        text = response.body.decode(errors="replace")
        super().__init__(f"{call}: {response.status} {text}")
        self.status = response.status


def fetch(
    url: str,
    method: str = "GET",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    timeout: float = 60,
) -> Response:
    """One HTTP exchange on a connection of its own."""
    parts = urlsplit(url)
    assert parts.hostname, url
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=tls)
    else:
        connection = HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Response(answer.status, answer.read())
    finally:
        connection.close()


def answers_ok(url: str, tls: ssl.SSLContext | None = None) -> bool:
    """Whether a health endpoint answers 200."""
    try:
        return fetch(url, tls=tls, timeout=5).status == 200
    except (OSError, HTTPException):
        return False


class Api:
    """The API server as one client sees it: by the certificate in `tls`, or by `token`."""

    def __init__(self, url: str, tls: ssl.SSLContext, token: str | None = None) -> None:
        self.url = url
        self._tls = tls
        self._token = token

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content_type: str = JSON,
        **query: str | int,
    ) -> Response:
        """One call; the answer, whatever its status. A watch returns when the server ends it."""
        headers = {"Accept": JSON, "Content-Type": content_type}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self.url}{path}?{urlencode(query)}" if query else f"{self.url}{path}"
        data = None if body is None else json.dumps(body).encode()
        return fetch(url, method, body=data, headers=headers, tls=self._tls)

    def get(self, path: str, **query: str | int) -> Object:
        """An object or a list."""
        return _answer(f"GET {path}", self.request("GET", path, None, JSON, **query))

    def items(self, path: str, **query: str | int) -> list[Object]:
        """The items of a list."""
        found: list[Object] = self.get(path, **query)["items"]
        return found

    def create(self, path: str, body: Object) -> Object:
        """POST an object to its collection."""
        return _answer(f"POST {path}", self.request("POST", path, body))

    def patch(self, path: str, body: Object) -> Object:
        """Merge `body` into an object or a subresource, such as ``…/pods/x/status``."""
        return _answer(f"PATCH {path}", self.request("PATCH", path, body, MERGE))

    def apply(self, *manifests: Object) -> list[Object]:
        """Server-side apply, in order; waits for a kind that a CRD has just declared."""
        return [self._apply(manifest) for manifest in manifests]

    def delete(self, *manifests: Object) -> None:
        """Delete what these manifests name; what is not there is no error."""
        for manifest in manifests:
            path = self.path_of(manifest)
            response = self.request("DELETE", path, {"propagationPolicy": "Background"})
            if response.status >= 400 and response.status != 404:
                raise ApiError(f"DELETE {path}", response)

    def path_of(self, manifest: Object) -> str:
        """The path of the object that a manifest describes."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resource = wait_until(lambda: self._resource(prefix, kind), f"{version} {kind} is served", KIND_SERVED_WITHIN)
        metadata = manifest["metadata"]
        scope = f"/namespaces/{metadata.get('namespace', 'default')}"
        within = scope if resource["namespaced"] else ""
        return f"{prefix}{within}/{resource['name']}/{quote(metadata['name'])}"

    def _resource(self, prefix: str, kind: str) -> Object | None:
        response = self.request("GET", prefix)
        resources = response.json()["resources"] if response.status == 200 else []
        named = (row for row in resources if row["kind"] == kind and "/" not in row["name"])
        return next(named, None)

    def _apply(self, manifest: Object) -> Object:
        path = self.path_of(manifest)
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return _answer(f"PATCH {path}", self.request("PATCH", path, manifest, APPLY, **query))


def _answer(call: str, response: Response) -> Object:
    if response.status >= 400:
        raise ApiError(call, response)
    answer: Object = response.json()
    return answer
