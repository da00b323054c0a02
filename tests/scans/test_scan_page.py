"""What the page about scans shows is run as it stands there."""

import re
import shlex
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "scan.md").read_text(encoding="utf-8")


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


def test_commands(folder, run):
    """In their order: some read what others have written. A cluster is tested elsewhere."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("upscatter ")]
    assert len(commands) == 8
    for _, *words in commands:
        if "--cluster" in words:
            continue
        run(*words)
        for option in ("--out", "--plot"):
            if option in words:
                assert (folder / words[words.index(option) + 1]).stat().st_size > 0


def test_python():
    names = {}
    exec(compile(blocks("python")[0], "scan.md", "exec"), names)
    assert names["best"].sizes == {"background.flat": 2, "m4": 2}
    assert names["figure"].axes
