"""Provenance of a result: version, digest and physics choices."""

from __future__ import annotations

from upscatter.results import package_version
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile


def provenance(scenario: Scenario) -> dict[str, object]:
    """Version, digest of the scenario, and the choices that its results depend on.

    Returns
    -------
    dict
        The provenance, JSON-ready.
    """
    settings = scenario.settings
    coupling = settings.coupling.coupling()
    signal = settings.signal.model_dump()
    flavour: dict[str, object] = {"coupling": coupling.name, "flavour_sum": coupling.flavour_sum}
    if not coupling.blind_to_flavour:
        components = [[c.real, c.imag] for c in map(complex, coupling.components)]
        flavour["components"] = components
    if settings.oscillates:
        place = settings.oscillation.model_dump(mode="json", exclude_defaults=True)
        place.pop("mixing", None)
        flavour |= {
            "mixing": settings.oscillation.mixing.model_dump(mode="json", exclude_none=True)
            or {"fit": "NuFIT-5.3"},
            "place": place or "by day, no Earth in between",
        }
    return {
        "upscatter": package_version(),
        "scenario_sha256": scenario.digest,
        "target": settings.target.element or dict(settings.target.isotopes or {}),
        **({"signal": signal["name"]} if signal else {}),
        **_sources(scenario),
        "form_factor": settings.physics.form_factor,
        "sin2_theta_w": settings.physics.sin2_theta_w,
        **_detector(scenario),
        **flavour,
    }


def _sources(scenario: Scenario) -> dict[str, object]:
    settings = scenario.settings
    blocks = settings.own_sources.items()
    own: dict[str, object] = {key: block.choices or scenario.document[key] for key, block in blocks}
    if not settings.has_sun:
        return own
    return own | {
        "solar_model": settings.flux.model,
        "sources": list(settings.flux.active),
        "flux_uncertainties": settings.flux.relative_uncertainties,
    }


def _detector(scenario: Scenario) -> dict[str, object]:
    settings = scenario.settings
    if isinstance(settings, ReleaseFile):
        return {"release": settings.release.model_dump(), **settings.statistics.choices}
    block, recoils = settings.detector.quenching, settings.target.recoiling
    seen: dict[str, object] = {} if recoils == ("nuclear",) else {"recoils": list(recoils)}
    if block is not None:
        seen["quenching"] = block.model
    return {**seen, **settings.statistics.choices, **scenario.data_document}
