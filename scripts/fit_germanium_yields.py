"""Fit the germanium yields of `upscatter.detector.germanium` to their tables.

    python scripts/fit_germanium_yields.py TABLE

TABLE has three columns, recoil energy in keVnr and the yields called Fef and YBe, with five digits.
Printed are the coefficients, and the greatest difference of the model from the table.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.polynomial import Polynomial

from upscatter.detector.germanium import FEF_K, IronFilter, Photoneutron
from upscatter.units import KEV

_STRAIGHT = 1.3  # keVnr, below the crossing of the line with Lindhard's model
_DEGREE = 5


def main() -> None:
    """Print coefficients and differences."""
    energy, fef, ybe = np.loadtxt(sys.argv[1], unpack=True)
    below = energy < _STRAIGHT
    line = Polynomial.fit(energy[below], fef[below], 1).convert()
    print(f"Fef: {line.coef.round(5).tolist()}, then Lindhard with k = {FEF_K}")
    powers = Polynomial.fit(energy, ybe, _DEGREE).convert()
    print(f"YBe: {[float(f'{c:.6g}') for c in powers.coef]}")
    seen = energy > 0.0
    for model, table in ((IronFilter(), fef), (Photoneutron(), ybe)):
        off = np.abs(model.ionization_yield(energy[seen] * KEV) - table[seen])
        print(f"{type(model).__name__}: {off.max():.1e} at {energy[seen][off.argmax()]:g} keVnr")


if __name__ == "__main__":
    main()
