"""Stands in for the engine's client: records calls, and fails where the test says so."""

from typing import Any, cast

from devhost.engine.client import DurableClient
from devhost.engine.errors import RequestRefused


class FakeDurableClient:
    """Each method returns its entry of ``answers``, or raises it if it is an exception."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[Any, ...]] = []

    def as_client(self) -> DurableClient:
        """This fake as the type that servers take; its methods are made as they are called."""
        return cast(DurableClient, self)

    def __getattr__(self, name: str) -> Any:
        def method(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, *args, *((kwargs,) if kwargs else ())))
            answer = self.answers.get(name)
            if isinstance(answer, RequestRefused | RuntimeError):
                raise answer
            return answer

        return method
