"""An object's bytes → what Tagweave keeps of it. A broken object is kept with what can be read, and told of."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from tagweave.model import Endpoint, Resource, Service
from tagweave.sources.kubernetes import joins, objects
from tagweave.sources.kubernetes.kinds import Api, decoder, part_of
from tagweave.sources.kubernetes.translate import Context, native_id

_SERVICE_NAME: Final = "kubernetes.io/service-name"

_typed = msgspec.json.Decoder(objects.Typed).decode

Tell = Callable[[str, str], None]
"""Told of a broken object: where it is, and why."""


class Made(NamedTuple):
    """What became of an object.

    `resource` is None for a slice of endpoints, which has `endpoints` and the (namespace, name) of its `service`.
    """

    native: str
    resource: Resource | None
    front: Service | None = None
    owner: joins.Owner | None = None
    service: tuple[str, str] | None = None
    endpoints: tuple[Endpoint, ...] = ()


class Reader:
    """Reads the objects of one kind."""

    def __init__(self, api: Api, source: str, cluster: str, tell: Tell) -> None:
        self._api = api
        self._decode = decoder(api).decode
        self._context = Context(source, cluster, self._problem)
        self._tell = tell
        self._where = part_of(api)
        self.read_count = 0

    def read(self, raw: msgspec.Raw) -> Made | None:
        """What an object becomes; None where not even its metadata can be read, which is told."""
        self.read_count += 1
        obj = self._decoded(raw)
        if obj is None:
            return None
        meta: objects.Meta = obj.metadata
        native = native_id(meta)
        if not native:
            self._problem("an object has neither uid nor name")
            return None
        self._where = f"{part_of(self._api)} {meta.namespace or ''}/{meta.name}"
        obj.kind = self._api.object_kind
        made = self._api.translate(obj, self._context)
        if not self._api.kind:
            return Made(native, None, service=self._service_of(meta), endpoints=made)
        front = self._api.front(obj, self._context) if self._api.front else None
        return Made(native, made, front, joins.owner_of(meta))

    def _service_of(self, meta: objects.Meta) -> tuple[str, str] | None:
        is_slice = self._api.object_kind == "EndpointSlice"
        name = (meta.labels or {}).get(_SERVICE_NAME, "") if is_slice else meta.name
        return (meta.namespace or "", name) if name else None

    def _decoded(self, raw: msgspec.Raw) -> Any:  # noqa: ANN401 - any of the table's structs
        try:
            return self._decode(raw)
        except msgspec.DecodeError as error:
            reason = f"broken {self._api.object_kind}: {error}"
        try:
            meta = _typed(raw).metadata
        except msgspec.DecodeError:
            self._where = part_of(self._api)
            self._problem(reason)
            return None
        self._where = f"{part_of(self._api)} {meta.namespace or ''}/{meta.name}"
        self._problem(f"{reason}; kept by its metadata")
        return msgspec.convert({"metadata": msgspec.to_builtins(meta)}, self._api.struct)

    def _problem(self, text: str) -> None:
        self._tell(self._where, text)
