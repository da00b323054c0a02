"""A scenario with one thing changed: what planning an experiment, and doubting one, works with.

Values are internal units, as in a validated scenario. The physics refuses what it cannot have when
a model of the changed scenario is built.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Quenching, Tabulated
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.inputs.nuclei import Nucleus
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.fields import EndPoint
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import Source
from upscatter.units import MEV


def require_reach(model: Model, mass: float, mu: float) -> None:
    """Refuse a mass (MeV) that has no limit, before anything is changed.

    Raises
    ------
    PhysicsError
        Unless `mu`, the limit of the model, is positive.
    """
    if not mu > 0.0:
        reach = model.experiment.highest_mass(model.flux) / MEV
        raise PhysicsError(
            f"mass {mass:g} MeV: no neutrino can produce it ({model.scenario.name} reaches up to "
            f"{reach:.4g} MeV); give a smaller mass"
        )


def with_block(scenario: Scenario, block: str, **fields: object) -> Scenario:
    """The scenario with some fields of one of its blocks replaced by valid values.

    Examples
    --------
    >>> point = with_block(Scenario.load("ge-nextgen"), "physics", form_factor="point")
    >>> point.settings.physics.form_factor
    'point'
    """
    settings = scenario.settings
    changed = getattr(settings, block).model_copy(update=fields)
    return replace(scenario, settings=settings.model_copy(update={block: changed}))


def with_flux(scenario: Scenario, source: Source, factor: float) -> Scenario:
    """The flux of a source times a factor; its relative uncertainty stays."""
    block = scenario.settings.flux
    flux = block.fluxes.get(source, flux_model(block.model).fluxes[source])
    return with_block(scenario, "flux", fluxes={**block.fluxes, source: factor * flux})


def with_background(scenario: Scenario, factor: float) -> Scenario:
    """All of the background, flat and table, times a factor."""
    block = scenario.described.background
    rate = None if block.rate is None else factor * block.rate
    return with_block(scenario, "background", flat=factor * block.flat, rate=rate)


def with_solar_model(scenario: Scenario, name: str) -> Scenario:
    """Another solar model; fluxes and uncertainties that the scenario states stay.

    So does the uncertainty of a source for which the other model has none.
    """
    block = scenario.settings.flux
    known = flux_model(name).uncertainties
    uncertainty = {
        source: value
        for source, value in block.relative_uncertainties.items()
        if source in block.uncertainty or source not in known
    }
    # Sources that are not listed would follow from the uncertainties, which may have become others.
    return with_block(scenario, "flux", model=name, sources=block.active, uncertainty=uncertainty)


def threshold(detector: DetectorBlock) -> EndPoint:
    """Lower end of the region, or first of the bin edges."""
    ends = detector.region if detector.bin_edges is None else detector.bin_edges
    assert ends is not None  # the block requires one or the other
    return ends[0]


def with_threshold(model: Model, value: float) -> Scenario:
    """The scenario of a model with another threshold, in the energy scale that it is given in.

    A region keeps its number of bins. Of bin edges the first is replaced, and those that are no
    longer above it are dropped.

    Parameters
    ----------
    model : Model
    value : float
        Lower end of the region, an energy.

    Raises
    ------
    ScenarioError
        If no bin edge is above it, or the scenario describes no detector.
    """
    scenario = model.scenario
    detector = scenario.described.detector
    moved = EndPoint(value=value, recoil=threshold(detector).recoil)
    if detector.region is not None:
        return with_block(scenario, "detector", region=(moved, detector.region[1]))
    assert detector.bin_edges is not None
    seen = value
    if moved.recoil:
        # A recoil energy is refused where nuclei are quenched differently: any of them will do.
        seen = float(model.quenching(model.nuclei[0]).visible_energy(value))
    further = zip(detector.bin_edges[1:], model.experiment.edges[1:], strict=True)
    above = [end for end, observed in further if observed > seen]
    if not above:
        raise ScenarioError(
            f"{scenario.name}: bin_edges: none is above the threshold; lower the threshold"
        )
    return with_block(scenario, "detector", bin_edges=(moved, *above))


@dataclass(frozen=True)
class ScaledQuenching(Model):
    """A model whose quenching has its parameter times a factor.

    It is k for Lindhard's model, each nucleus' own where the scenario gives none, the plateau of
    Essig's, and the yield itself for a constant or a table; yields are at most 1.

    Parameters
    ----------
    scale : float
    """

    scale: float = 1.0

    def quenching(self, nucleus: Nucleus) -> Quenching:
        """Quenching of a nucleus."""
        model = super().quenching(nucleus)
        if isinstance(model, Lindhard):
            return replace(model, k=self.scale * model.k)
        if isinstance(model, EssigHigh):
            return replace(model, plateau=min(1.0, self.scale * model.plateau))
        if isinstance(model, Constant):
            return Constant(min(1.0, self.scale * model.value))
        if isinstance(model, Tabulated):
            return replace(model, yields=tuple(min(1.0, self.scale * y) for y in model.yields))
        raise AssertionError(f"quenching {model!r} has no parameter to scale")
