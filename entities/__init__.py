"""Durable entities, one per file; each dispatches operations onto a pure model."""

from entities import document_counter

blueprints = (document_counter.bp,)
