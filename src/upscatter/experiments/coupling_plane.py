"""Likelihoods of an experiment for any real couplings of two flavours, at one m_4.

With μ_eff² = Σ_αβ μ_α* ρ_αβ μ_β (see `upscatter.flux.coupling`) counts are bilinear in the
couplings: N = A μ_a² + B μ_b² + C μ_a μ_b in each bin. Counts for three pairs of couplings give A,
B and C, and so those of the whole plane. C is what flavours in superposition add (interference); it
changes sign with one of the couplings, and vanishes if cross sections are added incoherently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from upscatter.errors import ScenarioError
from upscatter.experiments.experiment import Change, Experiment
from upscatter.flux.coupling import FlavourSum
from upscatter.names import FLAVOURS, FlavourName
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.morphing import Morphing

# Every source has flavours that take part in one of these, also if only one of the two arrives.
_KNOWN = ((1.0, 1.0), (1.0, -1.0), (2.0, 1.0))

_NEGLIGIBLE = 1e-9
"""Part of the counts below which those of a flavour alone are rounding errors."""


@dataclass(frozen=True)
class CouplingPlane:
    """Likelihoods of an experiment for real couplings of two flavours to ν_4.

    Parameters
    ----------
    flavours : tuple of str
        The two flavours; the third does not couple.
    known : tuple of BinnedModel
        Models with one hypothesis, for the couplings (1, 1), (1, −1) and (2, 1) in the parameter's
        unit.
    provenance : mapping
        That of the experiment, with the two flavours in place of its coupling.
    """

    flavours: tuple[FlavourName, FlavourName]
    known: tuple[BinnedModel, BinnedModel, BinnedModel]
    provenance: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        flavours: Sequence[str],
        mass_sterile: float,
        flavour_sum: FlavourSum,
    ) -> CouplingPlane:
        """The plane of an experiment, whose own coupling is replaced.

        Parameters
        ----------
        experiment : Experiment
        flavours : sequence of str
            Two of "e", "mu" and "tau".
        mass_sterile : float
            m_4, energy.
        flavour_sum : {"exact", "incoherent"}

        Raises
        ------
        ScenarioError
            If the flavours are not two of these, if the signal does not depend on couplings, or if
            none of the neutrinos that can be seen has one of the flavours.
        PhysicsError
            If no recoil can be observed.
        """
        one, other = _two_flavours(experiment, flavours)
        changed = [
            experiment.changed(_coupled(dict(zip(flavours, pair, strict=True)), flavour_sum))
            for pair in _KNOWN
        ]
        first, second, third = (each.likelihood_at(mass_sterile) for each in changed)
        said = _said(experiment.provenance, changed[0].provenance, " and ".join(flavours))
        plane = cls((one, other), (first, second, third), said)
        plane._require_both(experiment, mass_sterile)
        return plane

    def model(self, first: npt.ArrayLike, second: npt.ArrayLike) -> BinnedModel:
        """Model with a hypothesis for each pair of couplings, in units of the strength's root.

        Parameters
        ----------
        first, second : array_like, shape (n,)

        Examples
        --------
        >>> from upscatter.experiments.choose import experiment_of
        >>> beam = experiment_of("ge-nextgen")
        >>> plane = CouplingPlane.of(beam, ("e", "mu"), 0.0, "exact")
        >>> signal = plane.model([1.0, -1.0, 1.0], [0.0, 0.0, 1.0]).total_signal.sum(axis=1)
        >>> bool(signal[0] == signal[1] < signal[2])
        True
        """
        weights = _weights(np.asarray(first, dtype=float), np.asarray(second, dtype=float))

        def signals(name: str) -> FloatArray:
            known = np.stack([model.signals[name] for model in self.known])
            # where flavours interfere destructively, rounding may leave negative counts
            return np.asarray(np.maximum(weights @ known, 0.0))

        def templates(index: int, name: str) -> FloatArray:
            known = np.stack([_morphing(m, index).templates[name] for m in self.known])
            summed = np.maximum(np.tensordot(weights, known, axes=1), 0.0)
            return np.asarray(np.moveaxis(summed, 0, -2))

        base = self.known[0]
        shapes = tuple(
            shape.with_templates(
                {
                    name: templates(i, name) if name in base.signals else counts
                    for name, counts in shape.templates.items()
                }
            )
            if isinstance(shape, Morphing)
            else shape
            for i, shape in enumerate(base.shapes)
        )
        every = {name: signals(name) for name in base.signals}
        return replace(base, signal=every, shapes=shapes, partial=True)

    def _require_both(self, experiment: Experiment, mass_sterile: float) -> None:
        """Refuse a flavour that no neutrino within reach has."""
        alone = self.model([1.0, 0.0], [0.0, 1.0]).total_signal.sum(axis=1)
        for flavour, counts in zip(self.flavours, alone, strict=True):
            if not counts > _NEGLIGIBLE * alone.max():
                raise ScenarioError(
                    f"{experiment.where(mass_sterile)}: couplings {', '.join(self.flavours)}: no "
                    f"neutrino that can be seen has flavour {flavour}; choose other couplings, or "
                    "a source that has it"
                )


def _coupled(components: Mapping[str, float], flavour_sum: FlavourSum) -> Change:
    """Change of every scenario of an experiment to other couplings."""
    block = {"components": dict(components), "sum": flavour_sum}
    return Change(lambda scenario: {"coupling": block})


def _said(
    own: Mapping[str, object], changed: Mapping[str, object], coupling: str
) -> dict[str, object]:
    """Provenance, of parts of a combination, too: choices that matter for these couplings.

    The digest is that of the user's scenario, whose coupling is replaced.
    """
    told: dict[str, object] = {}
    for key, value in changed.items():
        before = own.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping) and key != "mixing":
            told[key] = _said(before, value, coupling)
        elif key != "components":
            told[key] = before if key == "scenario_sha256" else value
    return told | ({"coupling": coupling} if "coupling" in told else {})


def _weights(x: FloatArray, y: FloatArray) -> FloatArray:
    """Weights of the known models, shape (n, 3), so that counts are A x² + B y² + C x y."""
    return np.stack(
        [
            -(x**2) / 2.0 + y**2 + x * y / 2.0,
            x**2 / 6.0 + y**2 / 3.0 - x * y / 2.0,
            (x**2 - y**2) / 3.0,
        ],
        axis=1,
    )


def _morphing(model: BinnedModel, index: int) -> Morphing:
    shape = model.shapes[index]
    assert isinstance(shape, Morphing)
    return shape


def _two_flavours(
    experiment: Experiment, flavours: Sequence[str]
) -> tuple[FlavourName, FlavourName]:
    """Refuse what are not two flavours, and a signal on which couplings do not act."""
    known = [flavour for given in flavours for flavour in FLAVOURS if flavour == given]
    if len(flavours) != 2 or len(set(known)) < 2:
        raise ScenarioError(
            f"couplings {', '.join(map(str, flavours))}: are not two of {', '.join(FLAVOURS)}; "
            "give for example e,mu"
        )
    for scenario in experiment.scenarios:
        entry = scenario.settings.signal.entry
        if not entry.coupled or entry.parameter.power != 2:
            raise ScenarioError(
                f"{scenario.name}: couplings {', '.join(flavours)}: its signal, {entry.label}, is "
                "not bilinear in couplings of flavours; use a dipole"
            )
    return known[0], known[1]
