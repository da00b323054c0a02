"""Fit the compact solar models of `upscatter.inputs.sun` to the published tables.

Usage: ``python scripts/fit_solar_models.py REFERENCE_DIR [OUTPUT]`` with the folder that holds
``solar/bs05_op.dat``, ``solar/b16_gs98.dat`` and ``solar/b16_agss09.dat`` (astro-ph/0412440 and
arXiv:1611.09867). Writes the module ``src/upscatter/inputs/_sun_coefficients.py``, or OUTPUT.

The electron density is fitted as log₁₀ n_e(r), each production zone as ln(pdf/r²), both as
Chebyshev series. ¹³N is made in two places. In the core the CN cycle is in equilibrium, where every
¹³N is followed by a ¹⁵O: that part has the shape of the ¹⁵O zone (the ratio of the tables is
constant to 1e-3 there). The rest, the shell where ¹²C still burns, gets a series of its own.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.polynomial import Chebyshev

from upscatter.numerics import FloatArray

MODELS = {
    "BS05-OP": "bs05_op.dat",
    "B16-GS98": "b16_gs98.dat",
    "B16-AGSS09met": "b16_agss09.dat",
}
SOURCES = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")
HALF_RADIUS = 0.5
DENSITY_DEGREE = 10  # degree 8 leaves up to 6e-5 in the weights of 8B, 10 leaves 1e-5
ZONE_DEGREE = {"hep": 10}  # ³He makes a sharp outer edge; 8 everywhere else
DEFAULT_ZONE_DEGREE = 8
TAIL = 1e-5  # fraction of a source that may lie outside the fitted zone
CN_EQUILIBRIUM = (0.02, 0.08)  # radii of the core where ¹³N and ¹⁵O go together
CARBON_SHELL = (0.12, 0.32)


@dataclass(frozen=True)
class Table:
    """A published solar model: radius, log₁₀ n_e [mol/cm³], unit-area production densities."""

    radius: FloatArray
    log10_density: FloatArray
    production: dict[str, FloatArray]


@dataclass(frozen=True)
class Fit:
    """Chebyshev series of ln(pdf/r²) on [lower, upper]."""

    lower: float
    upper: float
    coefficients: tuple[float, ...]


def read_columns(path: Path, columns: int) -> FloatArray:
    """Rows of `columns` numbers in a text file with prose around them, shape (rows, columns)."""
    rows = []
    for line in path.read_text(encoding="latin-1").splitlines():
        try:
            row = [float(word) for word in line.split()]
        except ValueError:
            continue
        if len(row) == columns:
            rows.append(row)
    return np.array(rows)


def read_table(path: Path) -> Table:
    """Read BS05(OP), which lists fractions per zone, or B16, which lists densities per radius."""
    if path.name.startswith("bs05"):
        data, first = read_columns(path, 13), 5
        order = ("pp", "8B", "13N", "15O", "17F", "7Be", "pep", "hep")
        per_radius = data[:, first:] / np.gradient(data[:, 0])[:, None]
    else:
        data, first = read_columns(path, 12), 4
        order = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")
        per_radius = data[:, first:]
    radius = data[:, 0]
    density = per_radius / np.sum(per_radius * np.gradient(radius)[:, None], axis=0)
    columns = {name: density[:, k] for k, name in enumerate(order)}
    return Table(radius, data[:, 2], {name: columns[name] for name in SOURCES})


def fit_density(table: Table) -> tuple[float, ...]:
    """Coefficients of log₁₀ n_e [mol/cm³] on [0, 0.5] solar radii."""
    series = Chebyshev.fit(
        table.radius, table.log10_density, DENSITY_DEGREE, domain=[0.0, HALF_RADIUS]
    )
    return tuple(round(float(c), 6) for c in series.coef)


def fit_zone(radius: FloatArray, pdf: FloatArray, lower: float, upper: float, degree: int) -> Fit:
    """Series of ln(pdf/r²) on [lower, upper], weighted with √pdf so that the bulk counts."""
    inside = (radius >= lower) & (radius <= upper) & (pdf > 0.0)
    r, density = radius[inside], pdf[inside]
    series = Chebyshev.fit(
        r, np.log(density / r**2), degree, domain=[lower, upper], w=np.sqrt(density)
    )
    return Fit(lower, upper, tuple(round(float(c), 5) for c in series.coef))


def fit_zones(table: Table) -> tuple[dict[str, Fit], float]:
    """Fit every zone; "13N" is the carbon-burning shell alone, with the CN core's share beside."""
    fits = {}
    for source, pdf in table.production.items():
        if source == "13N":
            continue
        contained = np.cumsum(pdf * np.gradient(table.radius))
        edge = table.radius[np.searchsorted(contained, 1.0 - TAIL)]
        upper = min(HALF_RADIUS, float(np.ceil(100.0 * edge)) / 100.0)
        degree = ZONE_DEGREE.get(source, DEFAULT_ZONE_DEGREE)
        fits[source] = fit_zone(table.radius, pdf, 0.0, upper, degree)
    nitrogen, oxygen = table.production["13N"], table.production["15O"]
    core = (table.radius > CN_EQUILIBRIUM[0]) & (table.radius < CN_EQUILIBRIUM[1])
    share = float(np.sum(nitrogen[core] * oxygen[core]) / np.sum(oxygen[core] ** 2))
    shell = nitrogen - share * oxygen
    fits["13N"] = fit_zone(table.radius, shell, *CARBON_SHELL, DEFAULT_ZONE_DEGREE)
    return {source: fits[source] for source in SOURCES}, round(share, 5)


def literal(values: tuple[float, ...], indent: int) -> str:
    """Python text of a tuple of numbers, wrapped below 100 columns."""
    body = textwrap.fill(
        ", ".join(f"{value!r}" for value in values) + ")",
        width=96,
        initial_indent=" " * indent + "(",
        subsequent_indent=" " * (indent + 1),
        break_on_hyphens=False,
    )
    return body.lstrip()


HEADER = '''"""Coefficients of the compact solar models; written by scripts/fit_solar_models.py.

Fitted to BS05(OP), astro-ph/0412440, and to B16, arXiv:1611.09867. Radii are in solar radii.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ZoneFit = tuple[float, float, tuple[float, ...]]

# One series a line or two reads better here than one number a line.
# fmt: off
'''

DENSITY_NOTE = '''"""Chebyshev coefficients of log₁₀ n_e [mol/cm³] on [0, 0.5]."""'''
SHARE_NOTE = (
    '''"""Share of ¹³N from the core where the CN cycle is in equilibrium: ¹⁵O's zone."""'''
)
ZONE_NOTE = (
    '''"""Lower end, upper end, Chebyshev coefficients of ln(pdf/r²); of ¹³N, the shell."""'''
)


def mapping(name: str, kind: str, entries: list[str], note: str) -> str:
    """Python text of one read-only mapping with its attribute docstring."""
    body = "".join(f"    {entry},\n" for entry in entries)
    return f"{name}: Mapping[str, {kind}] = MappingProxyType({{\n{body}}})\n{note}\n"


def module_text(folder: Path) -> str:
    """Text of the coefficient module for all three models."""
    density, zones, shares = [], [], []
    for name, filename in MODELS.items():
        table = read_table(folder / "solar" / filename)
        fits, share = fit_zones(table)
        density.append(f'"{name}":\n        {literal(fit_density(table), 8)}')
        shares.append(f'"{name}": {share!r}')
        series = "".join(
            f'        "{source}": ({fit.lower!r}, {fit.upper!r},\n'
            f"            {literal(fit.coefficients, 12)}),\n"
            for source, fit in fits.items()
        )
        zones.append(f'"{name}": MappingProxyType({{\n{series}    }})')
    return "\n".join(
        (
            HEADER,
            mapping("LOG10_ELECTRON_DENSITY", "tuple[float, ...]", density, DENSITY_NOTE),
            mapping("CN_CORE_SHARE", "float", shares, SHARE_NOTE),
            mapping("PRODUCTION_ZONES", "Mapping[str, ZoneFit]", zones, ZONE_NOTE),
        )
    )


def main(arguments: list[str]) -> int:
    """Write the coefficient module; exit status 2 for wrong usage."""
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    default = Path(__file__).parents[1] / "src" / "upscatter" / "inputs" / "_sun_coefficients.py"
    output = Path(arguments[1]) if len(arguments) == 2 else default
    output.write_text(module_text(Path(arguments[0])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
