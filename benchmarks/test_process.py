"""The command as a process of its own, against the import of the libraries that it stands on."""

import os
import statistics
import subprocess
import sys

import pytest

LIMIT = "import sys; from upscatter.cli import run; sys.argv[1:] = {arguments!r}; sys.exit(run())"
LIBRARIES = "import numpy, scipy.interpolate"
REPEATS = 15
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


# A process counts the memory of the one that started it, so that one has to be small.
STARTER = """
import os, sys
null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ, file_actions=null)
_, status, used = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def spent(code, compiled):
    """Processor time (s) and peak memory (MiB) of a process; `compiled` keeps compiled modules."""
    # Threads of the linear algebra that wait for work would count as work.
    starter = [sys.executable, "-S", "-c", STARTER, "-c", code]
    environment = os.environ | ONE_THREAD | {"PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation has compiled modules
    said = subprocess.run(starter, env=environment, capture_output=True, check=True, text=True)
    status, seconds, peak = map(float, said.stdout.split())
    assert status == 0, said.stderr
    return seconds, peak / 1024.0


@pytest.mark.parametrize(
    ("scenario", "place", "most"),
    [("ge-nextgen", None, 1.6), ("cdex-50", None, 1.9), ("xenonnt-er", "xenonnt_er", 3.0)],
)
def test_a_limit_against_its_libraries(scenario, place, most, reference, report, timing, tmp_path):
    data = [] if place is None else ["--data", str(reference(place))]
    code = LIMIT.format(arguments=["limit", scenario, *data])
    spent(code, tmp_path), spent(LIBRARIES, tmp_path)  # files are read, and modules compiled
    # they take turns, and ratios are of neighbours: a busy machine is slow for both alike
    codes = (code, LIBRARIES)
    repeats = range(timing.repeats(REPEATS))
    pairs = [[spent(each, tmp_path) for each in codes] for _ in repeats]
    seconds = statistics.median(limit for (limit, _), _ in pairs)
    memory = statistics.median(peak for (_, peak), _ in pairs)
    ratios = sorted(limit / libraries for (limit, _), (libraries, _) in pairs)
    ratio = statistics.median(ratios)
    command = f"upscatter limit {scenario} as a process:"
    report.append(f"{command:<43}{seconds:8.2f} s")
    report.append(f"memory of that process:                    {memory:8.0f} MiB")
    spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    report.append(f"ratio to {LIBRARIES}:  {ratio:8.1f} {spread}")
    timing.slower(most, ratio, 1.0)
