"""Orchestrators, one per file. They decide and wait; every side effect is an activity."""

from orchestrators import document_processing

blueprints = (document_processing.bp,)
