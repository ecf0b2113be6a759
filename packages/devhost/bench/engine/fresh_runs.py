"""Gives every measurement its own process and folder, so that none warms up another."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bench.engine.running_engine import log_errors_only

P = ParamSpec("P")
T = TypeVar("T")


class FreshRuns:
    """Runs measurements, one at a time.

    Args:
        folder: Parent of the folder of each measurement.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def new_folder(self) -> Path:
        """Make an empty folder."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder

    def measure(self, measurement: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call a measurement in a fresh process, with a new folder and then the arguments."""
        return in_fresh_process(measurement, self.new_folder(), *arguments, **options)


def in_fresh_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Call a function of a module in a process that has run nothing yet."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawning, initializer=log_errors_only) as pool:
        return pool.submit(function, *arguments, **options).result()
