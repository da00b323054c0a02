"""Signals in the detector of a data release that a scenario names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import ScenarioError
from upscatter.flux.source import Flux
from upscatter.inputs.nuclei import NucleusArray
from upscatter.interactions.form_factors import form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray
from upscatter.rates.spectrum import recoil_spectrum
from upscatter.releases.folding import RecoilFold
from upscatter.releases.likelihood import ReleasedLikelihood
from upscatter.releases.release import Release, Response
from upscatter.scenario.model import ReleaseBlock, ReleaseFile
from upscatter.scenario.scattering import Scattering


def release_block(scattering: Scattering) -> ReleaseBlock:
    """Block of the release that a scenario names.

    Raises
    ------
    ScenarioError
        If the scenario describes a detector instead.
    """
    settings = scattering.scenario.settings
    if not isinstance(settings, ReleaseFile):
        raise ScenarioError(
            f"{scattering.scenario.name}: describes a detector, whose limit is a projection and "
            "takes no data; omit --data, or use a scenario with [release] such as xenonnt-s2only"
        )
    return settings.release


@dataclass(frozen=True)
class ReleasedExperiment:
    """Neutrinos of a scenario's sources in the detector of a release.

    Parameters
    ----------
    scattering : Scattering
        Nuclei, neutrinos and cross sections of a scenario that names the release.
    release : Release
    """

    scattering: Scattering
    release: Release

    @cached_property
    def likelihood(self) -> ReleasedLikelihood:
        """The release's likelihood, for any signal."""
        causes = self.scattering.causes
        if self.release.cevns is not None:
            return ReleasedLikelihood(self.release, causes)
        standard_model = self.scattering.standard_model
        cevns = self.counts(standard_model.interaction, standard_model.flux)
        return ReleasedLikelihood(self.release, causes, cevns)

    @cached_property
    def folds(self) -> dict[str, RecoilFold]:
        """Quadrature of each channel's response, by the rule that the scenario chooses."""
        integral = release_block(self.scattering).rule == "integral"
        rule = RecoilFold.integral if integral else RecoilFold.cells
        return {channel.name: rule(channel.response) for channel in self.release.channels}

    def counts(
        self, interaction: Interaction, flux: Flux, mass_sterile: npt.ArrayLike = 0.0
    ) -> dict[str, dict[str, FloatArray]]:
        """Expected events of each source in each channel.

        Parameters
        ----------
        interaction : Interaction
        flux : mapping
            Components of each source.
        mass_sterile : array_like, shape () or (masses,)
            m_4, energy.

        Returns
        -------
        dict
            Source to channel to events, shape (*anchors, bins), or (masses, *anchors, bins) for
            several masses; for the dipole per (μ/μ_B)².
        """
        return {
            source: {
                channel.name: channel.scale
                * self._timed(
                    fold.rates(
                        self._spectrum(fold.energies, interaction, flux, source, mass_sterile)
                    ),
                    channel.response,
                    source,
                )
                for channel, fold in zip(self.release.channels, self.folds.values(), strict=True)
            }
            for source in flux
        }

    def _timed(self, rates: FloatArray, response: Response, source: str) -> FloatArray:
        """Rates (..., *anchors, bins), in bins of time as well if the response has times."""
        if response.timing is None:
            return rates
        shares = response.timing.shares(self._arrivals(source))
        return (rates[..., :, None] * shares[..., None, :]).reshape(*rates.shape[:-1], -1)

    def _arrivals(self, name: str) -> Callable[[FloatArray], FloatArray]:
        """Shares of a flux between times after the beginning of a pulse."""
        (source,) = (each for each in self.scattering.sources if name in each.components)

        def arrivals(edges: FloatArray) -> FloatArray:
            shares = source.arrival(name, edges)
            if shares is None:
                raise ScenarioError(
                    f"{self.scattering.scenario.name}: the flux {name} is steady, but the release "
                    "has times after pulses; describe a pulsed source alone, such as "
                    "[stopped_pion]"
                )
            return shares

        return arrivals

    def _spectrum(
        self,
        energies: FloatArray,
        interaction: Interaction,
        flux: Flux,
        source: str,
        mass_sterile: npt.ArrayLike,
    ) -> FloatArray:
        """Recoils of a source per mass, time and energy, shape (n,) or (masses, n)."""
        form = form_factor(self.scattering.scenario.settings.physics.form_factor)
        each = [
            recoil_spectrum(
                energies, self.scattering.nuclei, form, flux[source], interaction, float(m4)
            )
            for m4 in np.atleast_1d(mass_sterile)
        ]
        # where recoils end, cancelling terms leave rounding errors of either sign
        spectrum = np.maximum(np.stack(each), 0.0)
        return spectrum if np.ndim(mass_sterile) else spectrum[0]

    def signals(self, mass_sterile: npt.ArrayLike) -> dict[str, dict[str, FloatArray]]:
        """Events of the signal for a strength of one; see `counts`."""
        signal = self.scattering.signal
        return self.counts(signal.interaction, signal.flux, mass_sterile)

    @cached_property
    def highest_mass(self) -> float:
        """Greatest m_4 (energy) that any neutrino of the scenario can produce in the target."""
        endpoint = max(part.endpoint for parts in self.scattering.flux.values() for part in parts)
        columns = NucleusArray.of(self.scattering.nuclei)
        return float(np.max(self.scattering.signal.interaction.maximum_mass(endpoint, columns)))
