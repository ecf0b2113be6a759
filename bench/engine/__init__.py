"""Measures devhost's durable engine: see ``python -m bench.engine --help`` and docs/devhost-performance.md."""
