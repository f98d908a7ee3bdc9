"""Tencent Cloud's API on loopback, written from its documents."""
