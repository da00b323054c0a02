"""Physical constants in internal units, each with its source.

CODATA values come through `scipy.constants`; the others cite theirs. The factor ħc is kept explicit
in the formulas, so cross sections come out in cm² and not in MeV⁻².
"""

from math import pi

from scipy import constants as codata

from upscatter.units import CM, EV, GEV, KG, METRE, MEV, SECOND

ALPHA = codata.fine_structure
"""Fine-structure constant (CODATA)."""

SPEED_OF_LIGHT = codata.c * METRE / SECOND
"""Speed of light in vacuum (CODATA, exact)."""

JOULE = EV / codata.e
"""Joule (CODATA, exact)."""

HBAR = codata.hbar * JOULE * SECOND
"""Reduced Planck constant (CODATA, exact)."""

HBARC = HBAR * SPEED_OF_LIGHT
"""ħc, 197.327 MeV fm (CODATA, exact)."""

ELECTRON_MASS = codata.physical_constants["electron mass energy equivalent in MeV"][0] * MEV
"""Electron mass (CODATA)."""

MUON_MASS = codata.physical_constants["muon mass energy equivalent in MeV"][0] * MEV
"""Muon mass (CODATA)."""

MUON_LIFETIME = 2.1969811e-6 * SECOND
"""Mean life of the muon (PDG 2024)."""

PION_MASS = 139.57039 * MEV
"""Mass of the charged pion (PDG 2024)."""

PION_LIFETIME = 2.6033e-8 * SECOND
"""Mean life of the charged pion (PDG 2024)."""

ATOMIC_MASS_UNIT = (
    codata.physical_constants["atomic mass constant energy equivalent in MeV"][0] * MEV
)
"""Unified atomic mass unit as an energy (CODATA)."""

ATOMIC_MASS_UNIT_KG = codata.atomic_mass * KG
"""Unified atomic mass unit as a mass (CODATA)."""

AVOGADRO = codata.N_A
"""Number of entities in a mole (exact)."""

FERMI_CONSTANT = 1.1663788e-5 / GEV**2
"""G_F/(ħc)³ from the muon lifetime (MuLan, arXiv:1211.0960; PDG 2024)."""

SIN2_THETA_W = 0.23857
"""sin²θ_W at zero momentum transfer, MS-bar: the value that is customary in coherent scattering.

J. Erler and R. Ferro-Hernández, JHEP 03 (2018) 196, find 0.23868 ± 0.00005; the difference moves
CEvNS rates by less than 1e-3.
"""

SOLAR_RADIUS = 6.957e8 * METRE
"""Nominal solar radius (IAU 2015 resolution B3)."""

EARTH_RADIUS = 6371.0e3 * METRE
"""Mean Earth radius."""

ASTRONOMICAL_UNIT = codata.au * METRE
"""Astronomical unit (IAU 2012, exact)."""

BOHR_MAGNETON_FACTOR = pi * (ALPHA * HBARC / ELECTRON_MASS) ** 2
"""π (α ħc / m_e)² = π r_e², in cm²: scale of the dipole cross section for μ = μ_B."""

MATTER_POTENTIAL = 2.0**0.5 * FERMI_CONSTANT * HBARC**3 * AVOGADRO / CM**3
"""√2 G_F n_e of a medium with one mole of electrons per cm³, as an energy (7.63e-14 eV)."""
