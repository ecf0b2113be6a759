"""Orchestrations, activities, timers and entities on SQLite, as the Durable extension runs them."""
