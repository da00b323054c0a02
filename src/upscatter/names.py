"""Names that a user can choose from: sources, solar models, form factors, flavours.

Each list exists here alone. The module imports nothing heavy, because the command line needs it.
"""

from __future__ import annotations

from typing import Literal, get_args

SourceName = Literal["pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F"]
"""A reaction or decay in the Sun that makes neutrinos."""

SolarModelName = Literal["BS05-OP", "B16-GS98", "B16-AGSS09met"]

FormFactorName = Literal["klein-nystrand", "helm", "point"]

FlavourName = Literal["e", "mu", "tau"]

CouplingName = Literal["universal", "e", "mu", "tau"]
"""A coupling of the flavours to ν_4 that needs no numbers."""

FissileName = Literal["235U", "238U", "239Pu", "241Pu"]
"""An isotope whose fission makes antineutrinos in a reactor."""

FuelName = Literal["pwr", "daya-bay", "dresden-ii", "heu"]

SOURCES: tuple[SourceName, ...] = get_args(SourceName)
SOLAR_MODELS: tuple[SolarModelName, ...] = get_args(SolarModelName)
FORM_FACTORS: tuple[FormFactorName, ...] = get_args(FormFactorName)
FLAVOURS: tuple[FlavourName, ...] = get_args(FlavourName)
COUPLINGS: tuple[CouplingName, ...] = get_args(CouplingName)
FISSILE: tuple[FissileName, ...] = get_args(FissileName)
FUELS: tuple[FuelName, ...] = get_args(FuelName)
