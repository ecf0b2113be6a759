"""Measures devhost: see docs/performance.md."""
