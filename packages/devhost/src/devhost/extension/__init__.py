"""Runs durable functions on Microsoft's own Durable Task extension, which is a program beside the host."""
