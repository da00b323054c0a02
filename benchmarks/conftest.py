"""Collects what the benchmarks measure and prints ratios at the end of the same run.

pytest benchmarks                          # measures, and holds ratios to what they should be
pytest benchmarks --benchmark-disable      # runs everything once, and judges no time
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pytest


@dataclass(frozen=True)
class Timing:
    """How benchmarks measure: not at all, where they only have to run."""

    wanted: bool

    def repeats(self, number: int) -> int:
        """How often to do what is timed."""
        return number if self.wanted else 1

    def medians(self, *functions: Callable[[], object], repeats: int = 15) -> np.ndarray:
        """Median of each in seconds; they take turns: a busy machine is slow for all alike."""
        times = np.empty((self.repeats(repeats), len(functions)))
        for row in times:
            for i, function in enumerate(functions):
                start = perf_counter()
                function()
                row[i] = perf_counter() - start
        return np.median(times, axis=0)

    def slower(self, slow: float, fast: float, ratio: float) -> None:
        """Assert that one takes more than so many times as long as the other."""
        assert not self.wanted or slow > ratio * fast


@pytest.fixture(scope="session")
def timing(request):
    """What to measure times with; it judges none with ``--benchmark-disable``."""
    return Timing(not request.config.getoption("benchmark_disable"))


@pytest.fixture(scope="session")
def report(request, timing):
    """A list of lines that is printed below pytest's own table."""
    lines = []
    if timing.wanted:
        request.config.stash[_LINES] = lines
    return lines


_LINES = pytest.StashKey[list]()


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("ratios measured in this run")
        for line in lines:
            terminalreporter.write_line(line)
