"""Fit the intensities of the beta branches of ²³⁹U and ²³⁹Np in `upscatter.inputs.neutron_capture`.

    python scripts/fit_capture_branches.py SPECTRA

SPECTRA is a folder with `bestiole_u239.txt` and `bestiole_np239.txt`, the antineutrino spectra that
are published with arXiv:2304.14992 (MeV, antineutrinos per decay and MeV in bins of 25 keV). The
branches lead to the levels of the daughters in Nuclear Data Sheets 122, 293 (2014). Branches that
the bins cannot tell apart are merged by hand, and the intensities rounded to 0.001.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from upscatter.inputs.spectra import beta_spectrum
from upscatter.numerics import gauss_legendre
from upscatter.units import KEV, MEV

_NUCLEI = {
    # decay energy, daughter's charge, and levels that are fed, in keV
    "u239": (1261.5, 93, (0.0, 31.13, 74.66, 117.7, 662.28, 844.0, 964.0)),
    "np239": (722.5, 94, (7.86, 57.3, 163.8, 285.46, 330.12, 387.4, 391.58, 469.8, 511.84)),
}
_BIN = 0.025 * MEV


def main(folder: Path) -> None:
    """Print the intensity of each branch."""
    for name, (energy, charge, levels) in _NUCLEI.items():
        table = np.genfromtxt(folder / f"bestiole_{name}.txt", delimiter=",", comments="#")
        centres, published = table[:, 0] * MEV, table[:, 1] / MEV
        fine = np.linspace(-0.5, 0.5, 21) * _BIN
        lower = centres[:, None] + fine[:-1]
        nodes, weights = gauss_legendre(4, lower, lower + _BIN / 20)
        shapes = [
            beta_spectrum(name, (energy - level) * KEV, -charge, 239).density(nodes)
            for level in levels
        ]
        binned = np.array([(s * weights).sum(axis=(1, 2)) / _BIN for s in shapes]).T
        intensities, _ = nnls(binned * MEV, published * MEV)
        print(
            name,
            "largest difference",
            abs(binned @ intensities / published.max() - published / published.max()).max(),
        )
        for level, intensity in zip(levels, intensities, strict=True):
            print(f"  {energy - level:8.2f} keV  {intensity:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
