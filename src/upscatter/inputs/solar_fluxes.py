"""Total solar neutrino fluxes predicted by standard solar models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from upscatter.errors import ScenarioError
from upscatter.names import SOLAR_MODELS
from upscatter.units import CM, SECOND

_PER_CM2_S = 1.0 / (CM**2 * SECOND)


@dataclass(frozen=True)
class FluxModel:
    """Fluxes of one solar model.

    Parameters
    ----------
    name : str
    reference : str
        Publication of the numbers.
    fluxes : mapping
        Source to total flux, per area and time.
    uncertainties : mapping
        Source to relative uncertainty, for the sources that have one in the model.
    """

    name: str
    reference: str
    fluxes: Mapping[str, float]
    uncertainties: Mapping[str, float]


def _model(name: str, reference: str, rows: Mapping[str, tuple[float, float | None]]) -> FluxModel:
    return FluxModel(
        name,
        reference,
        MappingProxyType({source: flux * _PER_CM2_S for source, (flux, _) in rows.items()}),
        MappingProxyType({s: error for s, (_, error) in rows.items() if error is not None}),
    )


_MODELS: Mapping[str, FluxModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            _model(
                "BS05-OP",
                "Bahcall, Serenelli and Basu, astro-ph/0412440; 16 % on 8B and hep as in "
                "Demirci and Mustamin, DOI 10.31526/PHEP.2025.09",
                {
                    "pp": (5.991e10, None),
                    "pep": (1.421e8, None),
                    "hep": (7.93e3, 0.16),
                    "7Be": (4.844e9, None),
                    "8B": (5.69e6, 0.16),
                    "13N": (3.066e8, None),
                    "15O": (2.331e8, None),
                    "17F": (5.836e6, None),
                },
            ),
            _model(
                "B16-GS98",
                "Vinyoles et al., arXiv:1611.09867",
                {
                    "pp": (5.98e10, 0.006),
                    "pep": (1.44e8, 0.01),
                    "hep": (7.98e3, 0.30),
                    "7Be": (4.93e9, 0.06),
                    "8B": (5.46e6, 0.12),
                    "13N": (2.78e8, 0.15),
                    "15O": (2.05e8, 0.17),
                    "17F": (5.29e6, 0.20),
                },
            ),
            _model(
                "B16-AGSS09met",
                "Vinyoles et al., arXiv:1611.09867",
                {
                    "pp": (6.03e10, 0.005),
                    "pep": (1.46e8, 0.009),
                    "hep": (8.25e3, 0.30),
                    "7Be": (4.50e9, 0.06),
                    "8B": (4.50e6, 0.12),
                    "13N": (2.04e8, 0.14),
                    "15O": (1.44e8, 0.16),
                    "17F": (3.26e6, 0.18),
                },
            ),
        )
    }
)


def flux_model(name: str) -> FluxModel:
    """Fluxes of the solar model with the given name.

    Raises
    ------
    ScenarioError
        For an unknown name.

    Examples
    --------
    >>> round(flux_model("BS05-OP").fluxes["8B"] * CM**2 * SECOND)
    5690000
    """
    try:
        return _MODELS[name]
    except KeyError:
        raise ScenarioError(
            f"solar model {name!r} is unknown; choose one of {', '.join(SOLAR_MODELS)}"
        ) from None
