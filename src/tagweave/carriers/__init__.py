"""Carriers: the telemetry formats that tags are woven into."""
