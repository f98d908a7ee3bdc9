"""Tests of claims, tagsets, the tag index, names and answers."""
