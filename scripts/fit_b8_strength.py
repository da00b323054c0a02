"""Fit the final-state strength of ⁸B decay to the published neutrino spectra.

    python scripts/fit_b8_strength.py REFERENCE_DIR

REFERENCE_DIR holds `b8_bahcall1996.txt` (J. N. Bahcall et al., PRC 54, 411 (1996): energy in MeV,
standard spectrum, ± 3σ) and `b8_winter2006.csv` (W. T. Winter et al., PRC 73, 025503 (2006)).
Printed are the values of ln w for `upscatter.inputs.boron.LOG_STRENGTH` and how well they do.

What is fitted is ln w at 12 excitation energies of ⁸Be; the one at 3.1 MeV, next to the top of the
broad first level, is held at 0, since the spectra are normalised. Twelve knots are what the spectra
can tell: dense around the level at 3 MeV (which shapes all of the spectrum above 2 MeV), sparse in
the smooth continuum above, where only neutrinos of a few MeV and less are made. The doublet at
16.6 and 16.9 MeV, a step of 1e-3 of the peak below 0.35 MeV, is left to the last knot; the largest
residuals are there.

A point weighs 1/√(φ/φ_max) in χ², halfway between an absolute and a relative fit, with a floor at
1e-4 of the peak, so the steep upper end counts but does not distort the body. Rows where the
published spectrum is 0 are left out: there it is rounded off (Bahcall, above 16.3 MeV) or cut off
(Winter, above 15.2 MeV), and says nothing about the strength below E_x = 1 MeV.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from upscatter.inputs.boron import KNOTS
from upscatter.inputs.spectra import boron_spectrum
from upscatter.numerics import FloatArray
from upscatter.units import MEV

TABLES = {
    "bahcall1996": ("b8_bahcall1996.txt", None),
    "winter2006": ("b8_winter2006.csv", ","),
}
REFERENCE_KNOT = KNOTS.index(3.1 * MEV)
START = np.array([-11.0, -5.0, -2.0, -0.5, 0.0, -0.1, -0.6, -1.0, -1.0, -0.5, 0.7, 4.0])
WEIGHT_FLOOR = 1e-4


def read_table(path: Path, delimiter: str | None) -> tuple[FloatArray, FloatArray]:
    """Energies and normalised density of a published spectrum, where it is not zero."""
    energy, density = np.loadtxt(path, delimiter=delimiter, usecols=(0, 1), unpack=True)
    kept = density > 0.0
    energy, density = energy[kept] * MEV, density[kept]
    return energy, density / np.trapezoid(density, energy)


def model(log_strength: FloatArray, energy: FloatArray) -> FloatArray:
    """Density for a strength, normalised by the same rule as the published one."""
    density = boron_spectrum(log_strength).density(energy)
    return np.asarray(density / np.trapezoid(density, energy))


def fit(energy: FloatArray, density: FloatArray) -> FloatArray:
    """Values of ln w at the knots."""
    relative = density / density.max()
    sigma = np.maximum(relative, WEIGHT_FLOOR) ** 0.25

    def residuals(free: FloatArray) -> FloatArray:
        log_strength = np.insert(free, REFERENCE_KNOT, 0.0)
        return np.asarray((model(log_strength, energy) / density.max() - relative) / sigma)

    # The step of the numerical derivatives stays well above the rounding of the spectrum.
    start = np.delete(START, REFERENCE_KNOT)
    best = least_squares(residuals, start, x_scale="jac", diff_step=[1e-4] * start.size, xtol=1e-10)
    return np.insert(best.x, REFERENCE_KNOT, 0.0)


def describe(log_strength: FloatArray, energy: FloatArray, density: FloatArray) -> str:
    """Largest residual over the peak, and the relative errors of the first moments."""
    fitted = model(log_strength, energy)
    residual = (fitted - density) / density.max()
    worst = int(np.argmax(np.abs(residual)))
    moments = [
        np.trapezoid(fitted * energy**k, energy) / np.trapezoid(density * energy**k, energy) - 1.0
        for k in (1, 2, 3)
    ]
    mean = np.trapezoid(fitted * energy, energy) / MEV
    return (
        f"# worst residual {residual[worst]:+.1e} of the peak, at {energy[worst] / MEV:.2f} MeV; "
        f"rms {np.sqrt(np.mean(residual**2)):.1e}\n"
        f"# <E>, <E²>, <E³> off by {', '.join(f'{m:+.1e}' for m in moments)}; <E> = {mean:.4f} MeV"
    )


def main() -> None:
    """Fit both tables and print what `upscatter.inputs.boron` needs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reference", type=Path, metavar="REFERENCE_DIR")
    folder = parser.parse_args().reference
    for variant, (filename, delimiter) in TABLES.items():
        energy, density = read_table(folder / filename, delimiter)
        # Judged after rounding: that is what the package holds.
        log_strength = np.round(fit(energy, density), 4)
        print(describe(log_strength, energy, density))
        print(f'"{variant}": ({", ".join(f"{value:.4f}" for value in log_strength)}),')


if __name__ == "__main__":
    main()
