"""Durable entities, one per file. Each applies operations to a pure model."""

from entities import document_counter

blueprints = (document_counter.bp,)
