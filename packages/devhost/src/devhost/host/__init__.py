"""Puts everything together: one ``FunctionsHost`` is an app with its engine, its triggers and its servers."""
