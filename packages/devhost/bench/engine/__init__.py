"""Measures devhost's durable engine: see ``python -m bench.engine --help`` and docs/performance.md."""
