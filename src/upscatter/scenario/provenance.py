"""Where a result comes from: version, digest and physics choices."""

from __future__ import annotations

from importlib.metadata import version

from upscatter.scenario.load import Scenario


def provenance(scenario: Scenario) -> dict[str, object]:
    """Version, digest of the scenario, and the choices that make its result.

    Returns
    -------
    dict
        JSON-ready.
    """
    settings = scenario.settings
    return {
        "upscatter": version("upscatter"),
        "scenario_sha256": scenario.digest,
        "target": settings.target.element or dict(settings.target.isotopes or {}),
        "solar_model": settings.flux.model,
        "sources": list(settings.flux.active),
        "flux_uncertainties": settings.flux.relative_uncertainties,
        "form_factor": settings.physics.form_factor,
        "sin2_theta_w": settings.physics.sin2_theta_w,
        "quenching": settings.detector.quenching.model,
        "variance": settings.statistics.variance,
    }
