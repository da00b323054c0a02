"""Compute the limits that the catalogue holds as recomputed, and write or check their vertices.

    python scripts/recompute_limits.py FOLDER            # largest deviation of each recorded limit
    python scripts/recompute_limits.py FOLDER --write    # write the file anew
    python scripts/recompute_limits.py FOLDER --only coherent --write

FOLDER holds the published data, which are not part of the repository, in the subfolders that
src/upscatter/inputs/recomputed/catalogue.toml names. A recorded limit whose deviation is above
`LARGEST` is wrong: the code or a scenario has changed. It ends the check with exit status 1.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

from upscatter.inputs.catalogue import known_bound
from upscatter.parallel import completed, usable_cores
from upscatter.studies.recomputed import deviation, recomputations, record

FILE = Path(__file__).parents[1] / "src/upscatter/inputs/recomputed/vertices.toml"
LARGEST = 1e-3
"""Largest relative deviation of a recorded limit; half of it comes from rounding."""

HEADER = """\
# Vertices of the limits that upscatter computes, [m4 in MeV, mu in mu_B], with the version and the
# digests of the scenarios. scripts/recompute_limits.py writes and checks them.
"""


def recomputed(folder: Path, name: str) -> dict[str, Any]:
    """The record of a limit, computed anew."""
    made = recomputations()[name]
    return record(made.curve(folder), made.scenarios)


def checked(folder: Path, name: str) -> float:
    """Largest relative deviation of a recorded limit."""
    return deviation(known_bound(name), folder)


def text(records: dict[str, dict[str, Any]]) -> str:
    """The file with these records, in the order of the catalogue."""
    lines = [HEADER]
    for name in recomputations():
        if name not in records:
            continue
        found = dict(records[name])
        pairs = [f"[{mass!r}, {mu!r}]" for mass, mu in found.pop("points")]
        lines.append(f"[{name}]")
        lines += [f"{key} = {value!r}".replace("'", '"') for key, value in found.items()]
        lines.append("points = [")
        lines += [f"    {', '.join(pairs[i : i + 4])}," for i in range(0, len(pairs), 4)]
        lines += ["]", ""]
    return "\n".join(lines)


def main() -> int:
    """Compute on all cores, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", help="limits whose names start with this")
    arguments = parser.parse_args()
    # The combinations take longest, so they start first.
    names = sorted(
        (name for name in recomputations() if name.startswith(arguments.only or "")),
        key=lambda name: -len(recomputations()[name].scenarios),
    )
    if arguments.write:
        records = tomllib.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        work = partial(recomputed, arguments.folder)
        for name, made in completed(work, names, usable_cores()):
            records[name] = made
            print(f"{name:26} {len(made['points']):4} vertices")
        FILE.write_text(text(records), encoding="utf-8")
        return 0
    worst = 0.0
    for name, found in completed(partial(checked, arguments.folder), names, usable_cores()):
        print(f"{name:26} {found:.1e}{'  CHANGED' if found > LARGEST else ''}")
        worst = max(worst, found)
    return int(worst > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
