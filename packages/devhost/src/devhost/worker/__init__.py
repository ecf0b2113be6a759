"""Runs the app's functions in processes of their own, so that a function that crashes takes no host with it.

In the host's process: ``hosting`` and ``invoker`` (what the host uses), ``pool`` (the processes and their
replacement), ``process`` (one of them). In the worker: ``__main__`` and ``serving``. What they say to each other:
``frames``, ``calls``, ``payloads`` and ``report``.
"""
