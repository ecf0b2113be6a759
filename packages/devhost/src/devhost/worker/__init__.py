"""Runs the app's functions in processes of their own, so that a crashing function does not end the host.

In the host's process: ``hosting`` and ``invoker`` (what the host uses), ``pool`` (the processes and their
replacement), ``process`` (one of them). In the worker: ``__main__`` and ``serving``. The protocol between them:
``frames``, ``calls``, ``payloads`` and ``report``.
"""
