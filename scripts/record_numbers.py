"""Record the numbers of commands, which a redesign must keep (tests/recorded.json).

Run it before a change of the structure, and compare after it: `python scripts/record_numbers.py`
prints the largest relative difference of each command from the recorded file; with `--write` it
replaces the file. A changed number then has to be explained in the changelog.

The file is of the version before `Experiment`, `Source` and the recoil table existed, except for
the `rate` commands and the chi2 limit of `cawo4-cresst`: the table is closer to adaptive quadrature
there. Of these, bins with more than 1e-5 of the fullest had changed by less than 3e-5; emptier ones
of Gaussian responses by up to 2 %: these agree with adaptive quadrature far better than before.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

from upscatter.cli import main

RECORDED = Path(__file__).parent.parent / "tests" / "recorded.json"
DATA = "DATA"
"""Stands for the folder of a data release."""

BUNDLED = (
    *("ge-nextgen", "ge-future", "cdex-50", "xe-darwin"),
    *("si-supercdms-hv", "ar-darkside-lowmass", "cawo4-cresst"),
)
MASSES = ("--mass", "10keV", "--mass", "5MeV", "--mass", "14MeV")
COMMANDS = [
    *(f"limit {name} --test {test}" for name in BUNDLED for test in ("chi2-pulls", "cls")),
    *(f"limit {name} --test poisson --bands" for name in BUNDLED[:3]),
    "limit ge-nextgen --test unified",
    "limit ge-nextgen --flavour e",
    "limit ge-future --flavour universal --sum exact --test cls",
    f"limit xenonnt-s2only --data {DATA} --bands",
    f"limit xenonnt-s2only --data {DATA} --test poisson --flavour mu",
    *(f"rate {name} --mass 3MeV" for name in ("ge-nextgen", "xe-darwin", "cawo4-cresst")),
    "toys ge-nextgen --test cls --trials 300 --no-store",
    "toys ge-future --trials 300 --no-store",
    "impacts ge-nextgen",
    "plan ge-nextgen --target 7e-10 --vary exposure",
    "plan ge-future --target 2.5e-10 --vary threshold",
    "reproduce",
    "flux",
    "oscillation --source 8B --energy 2MeV:14MeV:5 --laboratory LNGS",
]


def numbers(command: str, data: Path | None = None) -> dict[str, float]:
    """Every number of a command's JSON by its place, without provenance."""
    arguments = [str(data) if word == DATA else word for word in command.split()]
    if arguments[0] == "limit":
        arguments += MASSES
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = main([*arguments, "--format", "json"])
    if status != 0:
        raise RuntimeError(f"{command}: exit status {status}")
    return dict(_numbers(json.loads(output.getvalue()), ""))


def _numbers(value: object, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("provenance", "remarks"):
                yield from _numbers(item, f"{place}/{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _numbers(item, f"{place}/{i}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield place, value


def difference(recorded: dict[str, float], found: dict[str, float]) -> float:
    """Largest relative difference; infinite if a number is missing.

    A number next to zero, such as a count beyond the end of the recoils, is compared with the
    largest of its list.
    """
    if not recorded.keys() <= found.keys():
        return float("inf")
    scale: dict[str, float] = {}
    for place, value in recorded.items():
        group = place.rpartition("/")[0]
        scale[group] = max(scale.get(group, 0.0), abs(value))
    differences = (
        abs(found[place] - value) / max(abs(value), 1e-6 * scale[place.rpartition("/")[0]], 1e-300)
        for place, value in recorded.items()
    )
    return max(differences, default=0.0)


def run() -> None:
    """Compare with the recorded numbers, or record them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--data", type=Path, help="the XENONnT S2-only release")
    chosen = parser.parse_args()
    commands = [c for c in COMMANDS if DATA not in c or chosen.data is not None]
    if chosen.write:
        found = {command: numbers(command, chosen.data) for command in commands}
        RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    recorded = json.loads(RECORDED.read_text("utf-8"))
    for command in commands:
        found_now = numbers(command, chosen.data)
        print(f"{difference(recorded[command], found_now):.1e}  {command}")


if __name__ == "__main__":
    run()
