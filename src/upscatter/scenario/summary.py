"""What a scenario describes, in words and numbers."""

from __future__ import annotations

from upscatter.scenario.build import Model
from upscatter.units import CM, KEV, KG, MEV, SECOND, YEAR


def summarise(model: Model) -> list[tuple[str, str]]:
    """Describe a scenario line by line; building it checks all of it.

    Returns
    -------
    list of (str, str)
        What, and its value.
    """
    settings = model.scenario.described
    experiment = model.experiment
    edges = experiment.edges / KEV
    recoil = [channel.panel_edges[[0, -1]] / KEV for channel in experiment.channels]
    low, high = min(r[0] for r in recoil), max(r[1] for r in recoil)
    fluxes = ", ".join(
        f"{source} {sum(c.total for c in parts) * CM**2 * SECOND:.4g}"
        for source, parts in model.flux.items()
    )
    bins = "1 bin" if experiment.bins == 1 else f"{experiment.bins} bins"
    sm = experiment.counts(model.standard_model, model.flux)
    return [
        ("title", settings.title),
        ("target", ", ".join(f"{n.label} {100 * n.mass_fraction:.3g} %" for n in model.nuclei)),
        ("exposure", f"{settings.detector.exposure / (KG * YEAR):.6g} kg yr"),
        ("region", f"{edges[0]:.4g} to {edges[-1]:.4g} keVee in {bins}"),
        ("recoils", f"{low:.4g} to {high:.4g} keVnr contribute"),
        ("quenching", settings.detector.quenching.model),
        ("fluxes [1/(cm2 s)]", fluxes),
        ("background counts", f"{experiment.background.sum():.5g}"),
        ("Standard Model counts", ", ".join(f"{s} {n.sum():.5g}" for s, n in sm.items())),
        ("m4 reach", f"up to {experiment.highest_mass(model.flux) / MEV:.5g} MeV"),
        ("digest", model.scenario.digest),
    ]
