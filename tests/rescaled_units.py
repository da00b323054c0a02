"""The package in interpreters of their own, in its units and in others, and what differs."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

RESCALED = {"MEV": 3.7, "CM": 0.11, "SECOND": 57.0, "KG": 0.021}

# Puts rescaled `upscatter.units` in place before anything of the package is imported.
SETTING = """
import importlib.util, json, re, sys, types
from pathlib import Path

base = json.loads(sys.argv[1])
package = Path(importlib.util.find_spec("upscatter").origin).parent
text = (package / "units.py").read_text(encoding="utf-8")
for name, value in base.items():
    text, replaced = re.subn(rf"^{name} = 1\\.0$", f"{name} = {value!r}", text, flags=re.M)
    assert replaced == 1, name
module = types.ModuleType("upscatter.units")
exec(compile(text, "units.py", "exec"), module.__dict__)
sys.modules["upscatter.units"] = module
assert __import__("upscatter.constants").constants.MEV == base.get("MEV", 1.0)
"""

# Limits with a release in the folder "release", read anew: what is cached has the usual units.
RELEASED = """
from upscatter.experiments.released import Released
from upscatter.releases.definition import definitions
from upscatter.releases.files import open_files
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.studies.limits import limit_of

name = {name!r}
definition = definitions()[name]
release = definition.content(open_files(Path("release"), definition.uses))
recast = ReleasedExperiment(Scattering(Scenario.load(name)), release)
curve = limit_of(Released(recast), [1.0, 40.0])
observed = [float(channel.observed.sum()) for channel in release.channels]
print(json.dumps([*curve.mu, *curve.best, *curve.pulls.ravel(), *observed]))
"""

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def in_both_units(program, folder):
    """What a program prints as JSON, with the units as they are and with others.

    Parameters
    ----------
    program : str
        Source text.
    folder : Path
        Where it runs.

    Returns
    -------
    list
        Of two results.
    """
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SETTING + program, json.dumps(base)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for base in ({}, RESCALED)
    ]
    printed = [process.communicate() for process in started]
    for process, (_, errors) in zip(started, printed, strict=True):
        assert process.returncode == 0, errors
    return [json.loads(out) for out, _ in printed]


def differences(ours, theirs, rtol, path=""):
    """Where two JSON values differ, in lines; numbers in texts count as numbers."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return [
            d for key in ours for d in differences(ours[key], theirs[key], rtol, f"{path}/{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        if any(isinstance(x, float) for x in ours) and _missing(ours) == _missing(theirs):
            return _numbers(
                *([x for x in part if x is not None] for part in (ours, theirs)), rtol, path
            )
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, rtol, f"{path}/{i}")]
    if isinstance(ours, str) and isinstance(theirs, str):
        return _lines(ours, theirs, rtol, path)
    if isinstance(ours, float) and isinstance(theirs, float):
        return _numbers([ours], [theirs], rtol, path)
    return [] if ours == theirs else [f"{path}: {ours!r} has become {theirs!r}"]


def _missing(values):
    """Whether each value of a column of numbers is there; None if it is no such column."""
    if not all(x is None or isinstance(x, float) for x in values):
        return None
    return [x is None for x in values]


def _numbers(ours, theirs, rtol, path):
    """Next to nothing in an array can be a difference of nearly equal numbers."""
    floor = 0.01 * rtol * max((abs(x) for x in ours if math.isfinite(x)), default=0.0)
    return [
        f"{path}: {x!r} has become {y!r}"
        for x, y in zip(ours, theirs, strict=True)
        if not (math.isclose(x, y, rel_tol=rtol, abs_tol=floor) or (x != x and y != y))
    ]


def _lines(ours, theirs, rtol, path):
    """Lines whose words are not the same, or whose numbers are not: what is rounded has to be."""
    old, new = ours.splitlines(), theirs.splitlines()
    if len(old) != len(new):
        return [f"{path}: {len(old)} lines have become {len(new)}"]
    return [
        f"{path}: {x.strip()!r} has become {y.strip()!r}"
        for x, y in zip(old, new, strict=True)
        if x != y and not _same_but_for_rounding(x, y, rtol)
    ]


def _same_but_for_rounding(ours, theirs, rtol):
    if NUMBER.sub("#", ours) != NUMBER.sub("#", theirs):
        return False
    pairs = zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True)
    return all(math.isclose(float(x), float(y), rel_tol=rtol) for x, y in pairs)
