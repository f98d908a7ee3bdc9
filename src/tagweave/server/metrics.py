"""What the service tells Prometheus: how fresh each scope is, and what it cost."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tagweave.inventory import ScopeState

_SCOPE = ("source", "kind", "scope")
_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_STATUSES = ("fresh", "stale", "held")


class Metrics:
    """The metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batches = Counter("tagweave_batches", "Batches that a scope gave.", _SCOPE, registry=self.registry)
        self.failures = Counter("tagweave_failures", "Listings that failed.", _SCOPE, registry=self.registry)
        self.changes = Counter(
            "tagweave_changes",
            "Resources that were added, changed, removed.",
            (*_SCOPE, "what"),
            registry=self.registry,
        )
        self.defects = Counter(
            "tagweave_defects", "Broken objects that were skipped.", ("source",), registry=self.registry
        )
        self.crashes = Counter(
            "tagweave_source_crashes", "Times a source stopped.", ("source",), registry=self.registry
        )
        self.index_crashes = Counter(
            "tagweave_index_crashes", "Times the thread of the tag index stopped.", registry=self.registry
        )
        self.last_change = Gauge(
            "tagweave_last_batch_timestamp_seconds", "When a scope was last observed.", _SCOPE, registry=self.registry
        )
        self.to_index = Histogram(
            "tagweave_observed_to_index_seconds",
            "From when a batch was observed until look-ups see it.",
            ("source",),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.lag = Histogram(
            "tagweave_event_lag_seconds",
            "From when an object changed, by its API server's account in whole seconds, until look-ups see it.",
            ("source", "kind"),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.requests = Histogram(
            "tagweave_request_seconds",
            "Time to answer.",
            ("path", "status"),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.body_crashes = Counter(
            "tagweave_body_crashes", "Bodies that ended the process that reads them first.", registry=self.registry
        )
        self.tagged = Counter(
            "tagweave_tagged_ends", "Ends of records, by reason.", ("reason",), registry=self.registry
        )

    def watch(self, scopes: Callable[[], list[ScopeState]]) -> None:
        """Also tell the state of each scope, as it is when Prometheus asks."""
        self.registry.register(_Scopes(scopes))


class _Scopes(Collector):
    def __init__(self, scopes: Callable[[], list[ScopeState]]) -> None:
        self._scopes = scopes

    def collect(self) -> Iterator[Metric]:
        resources = GaugeMetricFamily("tagweave_resources", "Resources that are there now.", labels=_SCOPE)
        success = GaugeMetricFamily(
            "tagweave_last_success_timestamp_seconds", "When a scope was last known whole.", labels=_SCOPE
        )
        event = GaugeMetricFamily(
            "tagweave_last_event_timestamp_seconds", "When a followed scope last changed.", labels=_SCOPE
        )
        bookmark = GaugeMetricFamily(
            "tagweave_last_bookmark_timestamp_seconds", "When a followed scope was last said whole.", labels=_SCOPE
        )
        listing = GaugeMetricFamily(
            "tagweave_list_seconds", "How long the last listing of a followed scope took.", labels=_SCOPE
        )
        restarts = CounterMetricFamily("tagweave_watch_restarts", "Times that a watch was opened anew.", labels=_SCOPE)
        status = GaugeMetricFamily(
            "tagweave_scope_status", "1 for the status that a scope has.", labels=(*_SCOPE, "status")
        )
        for state in self._scopes():
            scope = (state.scope.source, state.scope.kind, state.scope.part)
            resources.add_metric(scope, state.count)
            if state.last_success is not None:
                success.add_metric(scope, state.last_success / 1e9)
            life = state.life
            if life.last_event is not None:
                event.add_metric(scope, life.last_event / 1e9)
            if life.last_bookmark is not None:
                bookmark.add_metric(scope, life.last_bookmark / 1e9)
            if life.list_seconds is not None:
                listing.add_metric(scope, life.list_seconds)
                restarts.add_metric(scope, life.restarts)
            for one in _STATUSES:
                status.add_metric((*scope, one), float(state.status == one))
        yield from (resources, success, event, bookmark, listing, restarts, status)
