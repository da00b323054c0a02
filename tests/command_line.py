"""What tests of the command line share: a process of its own, and readers of what it writes."""

import csv
import json
import subprocess
import sys

WIDTH = 80
COMMAND = [sys.executable, "-c", "import sys; from upscatter.cli import main; sys.exit(main())"]


def process(*arguments, **options):
    """Start a command in a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*COMMAND, *arguments], **{**pipes, **options})


def fits(text):
    """Whether a terminal of 80 columns shows every line whole."""
    return max(map(len, text.splitlines())) <= WIDTH and "…" not in text


def read_csv(text):
    """Comments of a CSV, and its rows by the names of the columns."""
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(lines[len(comments) :]))


def strict(text):
    """Parse JSON, refusing what only Python calls JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)
