"""Measured limits from the data of a release.

Masses are plain numbers in MeV, as in `upscatter.api`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.special import gammaincc

from upscatter.api import LOWEST_MASS, scenario_of
from upscatter.errors import PhysicsError
from upscatter.flux.coupling import FlavourSum
from upscatter.limits.curve import mass_grid
from upscatter.limits.fits import LimitFits
from upscatter.limits.measured import MeasuredCurve, PostFit
from upscatter.limits.moments import remarks
from upscatter.numerics import FloatArray
from upscatter.releases.definition import read_release
from upscatter.scenario.arguments import Energies, Energy, mass_mev, masses_mev
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment, release_block
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit, fit_without_signal
from upscatter.statistics.uncertainties import polished, standard_deviations
from upscatter.tasks import HERE, Progress, Work
from upscatter.units import MEV, TONNE, YEAR

_MASSES = 100


@dataclass(frozen=True)
class Measurement:
    """A data release, prepared for limits on a dipole moment.

    Parameters
    ----------
    recast : ReleasedExperiment
    """

    recast: ReleasedExperiment

    @classmethod
    def read(
        cls,
        scenario: Scenario | str,
        data: Path | str,
        *,
        flavour: str | None = None,
        flavour_sum: FlavourSum = "incoherent",
    ) -> Measurement:
        """Read the release that a scenario names.

        Parameters
        ----------
        scenario : Scenario or str
            A scenario with a release, or the name or path of one.
        data : path
            Folder of a clone of the release, or the archive as it was downloaded.
        flavour, flavour_sum
            As for `upscatter.upper_limit`.

        Raises
        ------
        ScenarioError
            If the scenario describes a detector, or the flavour is unknown.
        TableError
            If a file of the release is missing or wrong; the message names it.
        PhysicsError
            If the exact sum is asked for without a flavour.
        """
        scattering = Scattering(scenario_of(scenario, flavour, flavour_sum))
        name = release_block(scattering).name
        return cls(ReleasedExperiment(scattering, read_release(name, data)))

    @property
    def scenario(self) -> Scenario:
        """The scenario that names the release."""
        return self.recast.scattering.scenario

    @cached_property
    def provenance(self) -> dict[str, object]:
        """Version, digest, physics choices and exposures."""
        exposures = {
            channel.name: f"{channel.exposure / (TONNE * YEAR):g} t yr"
            for channel in self.recast.release.channels
            if channel.exposure is not None
        }
        return self.recast.scattering.provenance | {"exposures": exposures}

    def limit(
        self, masses: Energies | None = None, *, bands: bool = False, work: Work = HERE
    ) -> MeasuredCurve:
        """Upper limit on μ_ν4 against m_4, best fit, p-value and pulls.

        Parameters
        ----------
        masses : array_like, shape (masses,), optional
            m_4 in MeV; by default 100 masses from 0.01 MeV to the kinematic end.
        bands : bool
            Whether to compute also the limits from data without a dipole.
        work : Work
            How pseudo-experiments are computed, if the scenario calibrates with them.

        Raises
        ------
        PhysicsError
            If a mass is negative or not finite, or a fit does not converge.
        """
        if masses is None:
            mass = mass_grid(LOWEST_MASS, self.recast.highest_mass / MEV, _MASSES)
        else:
            mass = masses_mev("mass", masses)
        statistics = self.scenario.settings.statistics
        method = self.recast.scattering.method
        keyed = work.with_key(lambda: self._key(mass, bands))
        found = self._fits(mass * MEV, bands, keyed)
        model, data = self._massless
        none = fit_without_signal(model, data).require("fit without a dipole")
        deviance = float(none.deviance)
        return MeasuredCurve(
            scenario=self.scenario.name,
            flavour=self.recast.scattering.coupling.name,
            confidence=statistics.confidence,
            dof=statistics.dof,
            mass=mass,
            mu=found.limits.mu,
            title=self.scenario.settings.title,
            test=statistics.test,
            calibration=statistics.calibration,
            reliable=found.limits.reliable,
            remarks=remarks(method, mass, found.limits),
            error=found.limits.error,
            lower=found.limits.lower,
            bands=found.limits.bands,
            provenance=self.provenance,
            best=found.best,
            significance=found.significance,
            p_value=found.p_value,
            nuisances=model.names,
            pulls=found.pulls,
            deviance=deviance,
            bins=model.bins,
            gof_p_value=float(gammaincc(0.5 * model.bins, 0.5 * deviance)),
        )

    def post_fit(self, mass: Energy, *, work: Work = HERE) -> PostFit:
        """Fit at one m_4, with uncertainties of the nuisance parameters.

        Parameters
        ----------
        mass : float, str or quantity
            m_4, in MeV if it is a number.
        work : Work
            As for `limit`.

        Raises
        ------
        PhysicsError
            If the mass is out of reach, or a fit does not converge.
        """
        m4 = mass_mev("mass", mass) * MEV
        where = self._where(m4)
        model, data = self.likelihood(m4)
        best = polished(model, data, fit(model, data).require(where))
        curve = self.limit([mass], bands=True, work=work)
        assert curve.bands is not None  # asked for
        mu = float(curve.mu[0])
        at_limit = fit(model, data, mu**2).require(where)
        at_limit = polished(model, data, at_limit, fixed=True)
        counts = model.by_sample(best.parameters)
        likelihood = self.recast.likelihood
        drawn = {channel.name: channel.drawn for channel in self.recast.release.channels}
        return PostFit(
            title=self.scenario.settings.title,
            mass=float(curve.mass[0]),
            mu_best=float(np.sqrt(best.strength)),
            mu_limit=mu,
            mu_expected=curve.bands[:, 0],
            confidence=curve.confidence,
            channels=likelihood.channels,
            edges={name: axis.edges for name, axis in drawn.items()},
            edges_label=next(iter(drawn.values())).title,
            observed=data.counts,
            components={
                label: _sum(counts, likelihood.samples(model, source))
                for source, label in likelihood.sources.items()
            },
            signal_best=_sum(counts, model.signals),
            signal_limit=_sum(model.by_sample(at_limit.parameters), model.signals),
            nuisances=model.names,
            pulls=best.parameters[1:],
            errors=standard_deviations(model, data, best)[1:],
            pulls_limit=at_limit.parameters[1:],
            provenance=self.provenance,
        )

    def likelihood(self, mass_sterile: float) -> tuple[BinnedModel, Observation]:
        """The likelihood and the data at m_4 (energy).

        Raises
        ------
        PhysicsError
            If no recoil can be observed.
        """
        built = self._model(mass_sterile)
        if built is None:
            raise PhysicsError(
                f"{self._where(mass_sterile)}: no recoil can be seen; give a lower mass"
            )
        return built

    def _model(self, mass_sterile: float) -> tuple[BinnedModel, Observation] | None:
        """The likelihood and the data, or None if no recoil can be observed."""
        signals = self.recast.signals(mass_sterile)
        if not any(counts.any() for runs in signals.values() for counts in runs.values()):
            return None
        model = self.recast.likelihood.model(signals)
        return model, self.recast.likelihood.observation(model)

    @cached_property
    def _massless(self) -> tuple[BinnedModel, Observation]:
        """The likelihood and the data for m_4 = 0."""
        built = self._model(0.0)
        if built is None:
            raise PhysicsError(
                f"{self.scenario.name}: no recoil of the sources in [flux] can be seen in the "
                "release's detector; add 8B or hep"
            )
        return built

    def _key(self, mass: FloatArray, bands: bool) -> dict[str, object]:
        """All inputs of a calibration, including the data, JSON-ready."""
        return {
            "upscatter": version("upscatter"),
            "scenario_sha256": self.scenario.digest,
            "release_sha256": self.recast.release.digest,
            "mass_MeV": mass.tolist(),
            "bands": bands,
        }

    def _fits(self, mass: FloatArray, bands: bool, work: Work) -> LimitFits:
        """Limits and fits at all m_4, as hypotheses about the same data."""
        signals = self.recast.signals(mass)
        every = [counts for runs in signals.values() for counts in runs.values()]
        seen = np.any([counts.reshape(mass.size, -1).any(axis=1) for counts in every], axis=0)
        likelihood = self.recast.likelihood
        if not seen.any():
            return LimitFits.none(seen.size, len(self._massless[0].names), bands)
        model = likelihood.model(
            {
                source: {run: counts[seen] for run, counts in runs.items()}
                for source, runs in signals.items()
            }
        )
        return LimitFits.of(
            model,
            likelihood.observations(model),
            self.recast.scattering.method,
            seen,
            bands=bands,
            where=self.scenario.name,
            work=work,
        )

    def _where(self, mass_sterile: float) -> str:
        return f"{self.scenario.name}: m4 = {mass_sterile / MEV:.5g} MeV"


def measured_limit(
    scenario: Scenario | str,
    data: Path | str,
    masses: Energies | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    bands: bool = False,
    jobs: int | None = 1,
    store: Path | Literal["cache"] | None = None,
    progress: Progress | None = None,
) -> MeasuredCurve:
    """Upper limit on μ_ν4 against m_4 from a data release.

    Parameters
    ----------
    scenario, data, flavour, flavour_sum
        As for `Measurement.read`.
    masses, bands
        As for `Measurement.limit`.
    jobs, store, progress
        As for `upscatter.upper_limit`.

    Returns
    -------
    MeasuredCurve

    Examples
    --------
    >>> curve = measured_limit("xenonnt-s2only", "path/of/the/clone", [0.01])  # doctest: +SKIP
    >>> curve.mu, curve.p_value  # doctest: +SKIP
    (array([1.21e-09]), array([0.5]))
    """
    measurement = Measurement.read(scenario, data, flavour=flavour, flavour_sum=flavour_sum)
    work = Work(jobs=jobs, store=store, progress=progress)
    return measurement.limit(masses, bands=bands, work=work)


def _sum(counts: Mapping[str, FloatArray], names: Iterable[str]) -> FloatArray:
    """Sum of samples over runs."""
    return np.asarray(np.sum([counts[name] for name in names], axis=0))
