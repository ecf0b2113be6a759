"""Orchestrators, one per file: decisions and waiting only; every side effect is an activity."""

from orchestrators import document_processing

blueprints = (document_processing.bp,)
