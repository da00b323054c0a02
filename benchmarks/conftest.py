"""Collects what the benchmarks measure and prints ratios at the end of the same run.

pytest benchmarks                          # measures, and holds ratios to what they should be
pytest benchmarks --benchmark-disable      # runs everything once, and judges no time
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
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


@pytest.fixture(scope="session")
def reference():
    """Place of published data by name: in the folder that UPSCATTER_REFERENCE names."""
    default = Path(__file__).parents[2] / "shared" / "reference"
    root = Path(os.environ.get("UPSCATTER_REFERENCE", default))

    def place(name):
        if not (root / name).exists():
            pytest.skip(f"there is no {name} in {root}; set UPSCATTER_REFERENCE")
        return root / name

    return place


@pytest.fixture
def peak_memory(tmp_path):
    """Peak memory (MiB) of a command as a process, which has to read a release anew."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the memory of a process is read from /proc")

    def measured(*arguments):
        # the kernel's ru_maxrss of a child counts what its parent had when it started it
        code = (
            f"import sys; from upscatter.cli import main; main({list(map(str, arguments))!r}); "
            f"print(open({str(status)!r}).read(), file=sys.stderr)"
        )
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        (peak,) = (line.split()[1] for line in run.stderr.splitlines() if line.startswith("VmHWM"))
        return int(peak) / 1024.0

    return measured


_LINES = pytest.StashKey[list]()


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("ratios measured in this run")
        for line in lines:
            terminalreporter.write_line(line)
