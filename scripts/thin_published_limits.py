"""Thin curves read off published figures to the vertices that the catalogue of limits keeps.

    python scripts/thin_published_limits.py FOLDER [--out FILE]

FOLDER holds the readings, one CSV with columns m4_MeV and mu_bohr for each curve; they are not part
of the repository. What is kept stays within two per cent of the reading on logarithmic axes, in
three significant digits. It is printed, or written to FILE, which is to be
src/upscatter/inputs/published/vertices.toml.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from upscatter.inputs.outlines import thinned
from upscatter.numerics import FloatArray

TOLERANCE = 0.02
"""Largest distance in (ln m_4, ln mu): no figure shows less, and readings are no better."""

COARSER = {"icecube": 0.08}
"""Where the published line itself has steps of this size, from the grid that it was computed on."""

READINGS = {
    "xenon1t-nr": "XENON1T_NR_Brdar",
    "xenon1t-er": "XENON1T_ER_Brdar",
    "borexino": "Borexino_Brdar",
    "borexino-sk": "Borexino_SK_solar_upscatter_Plestid",
    "bbn": "BBN_4He_Brdar",
    "cmb-lower": "CMB_dNeff0.3_lower_Brdar",
    "cmb-upper": "CMB_dNeff0.3_upper_Brdar",
    "sn1987a": "SN1987A_Brdar",
    "red-giants": "stellar_cooling_Brdar",
    "icecube": "IceCube_DeepCore_numu_Coloma",
    "lsnd-magill": "LSND_Magill_fig1",
    "lsnd-e": "LSND_e_Magill_via_Schwetz",
    "charm-ii": "CHARMII_Coloma",
    "nomad": "NOMAD_Coloma",
    "minerva": "MINERvA_numu_Kamp",
    "nd280": "ND280_numu_Liu",
    "sk-atm-e": "SK_atm_e_Gustafson",
    "sk-atm-mu": "SK_atm_mu_Gustafson",
    "sk-atm-tau": "SK_atm_tau_Gustafson",
    "ship": "SHiP_main_Magill_fig1",
    "ship-e": "SHiP_main_e_Magill_via_Schwetz",
    "dune-nd-e": "DUNE_ND_e_hi_Schwetz",
    "dune-nd-mu": "DUNE_ND_mu_hi_Schwetz",
    "darwin": "DARWIN_proj_Brdar",
}


def reading(path: Path) -> tuple[FloatArray, FloatArray]:
    """Masses in MeV and moments in Bohr magnetons of a reading, in its order."""
    rows = np.loadtxt(path, delimiter=",", comments="#", skiprows=2)
    return rows[:, 0], rows[:, 1]


def vertices(mass: FloatArray, mu: FloatArray, tolerance: float) -> list[tuple[str, str]]:
    """What is kept of a reading, in three significant digits, without repetitions."""
    kept = thinned(np.log(mass), np.log(mu), tolerance)
    points = [(f"{mass[i]:.3g}", f"{mu[i]:.2e}") for i in kept]
    return [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]


def main() -> None:
    """Read, thin and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    lines = [
        "# Vertices of published limits, [m4 in MeV, mu in mu_B], read off the papers' figures and",
        "# thinned by scripts/thin_published_limits.py; catalogue.toml says whose they are.",
        "",
    ]
    for name, stem in READINGS.items():
        tolerance = COARSER.get(name, TOLERANCE)
        points = vertices(*reading(arguments.folder / f"{stem}.csv"), tolerance)
        lines.append(f"{name} = [")
        for start in range(0, len(points), 4):
            row = ", ".join(f"[{float(m)!r}, {mu}]" for m, mu in points[start : start + 4])
            lines.append(f"    {row},")
        lines.append("]")
    text = "\n".join(lines) + "\n"
    if arguments.out is None:
        print(text, end="")
    else:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
