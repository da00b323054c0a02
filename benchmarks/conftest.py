"""Collects what the benchmarks measure and prints ratios at the end of the same run."""

import pytest


@pytest.fixture(scope="session")
def report(request):
    """A list of lines that is printed below pytest's own table."""
    lines = []
    request.config.stash[_LINES] = lines
    return lines


_LINES = pytest.StashKey[list]()


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("ratios measured in this run")
        for line in lines:
            terminalreporter.write_line(line)
