"""Measures the pipeline and its local parts: see `make bench` and docs/performance.md."""
