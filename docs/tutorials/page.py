"""What every page of the tutorials and of the physics does before its first cell.

A page runs in a folder of its own that is removed afterwards, with the commands of this Python on
the path, tables of 80 columns, a cache of its own, and the data files of the tutorials beside it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
from IPython import get_ipython

HERE = Path(__file__).resolve().parent
DATA = ("efficiency.csv", "quenching.csv")

_temporary = tempfile.TemporaryDirectory(prefix="upscatter-page-")
for _name in DATA:
    shutil.copy(HERE / _name, _temporary.name)
os.chdir(_temporary.name)

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["XDG_CACHE_HOME"] = str(Path(_temporary.name) / "cache")
os.environ["COLUMNS"] = "80"


def _system(command):
    """Run a command of a cell, `!command`, and print what it says.

    A command that is to be refused says so in a comment, `# refused`; any other has to work.
    """
    ran = subprocess.run(
        command, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    refused = ran.returncode != 0
    print(fill(ran.stdout, 80) if refused else ran.stdout.removesuffix("\n"))
    if refused != command.endswith("# refused"):
        raise RuntimeError(f"status {ran.returncode} of: {command}")


_shell = get_ipython()
_shell.system = _system
_shell.run_line_magic("matplotlib", "inline")
_shell.run_line_magic("config", "InlineBackend.figure_formats = ['svg']")

plt.rcParams.update(
    {
        "figure.figsize": (4.8, 3.4),
        "font.family": "serif",
        "font.serif": ["STIXGeneral", "DejaVu Serif"],
        "mathtext.fontset": "stix",
        "font.size": 10.0,
        "legend.fontsize": 9.0,
        "legend.frameon": False,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.top": True,
        "ytick.right": True,
        "axes.prop_cycle": plt.cycler(
            color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
        ),
    }
)


def reference(*parts):
    """Path below `UPSCATTER_REFERENCE`, the folder of published data; None if it is not there."""
    folder = os.environ.get("UPSCATTER_REFERENCE")
    path = Path(folder, *parts) if folder else None
    return path if path is not None and path.exists() else None
