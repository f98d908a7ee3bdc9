"""Tagweave: a live, historical inventory of clouds and clusters, woven into telemetry."""
