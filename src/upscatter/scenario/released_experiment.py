"""Dipole signals in the detector of a data release that a scenario names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import ScenarioError
from upscatter.flux.source import Flux
from upscatter.inputs.xenonnt import Release
from upscatter.interactions.form_factors import form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import maximum_mass
from upscatter.limits.released import ReleasedLikelihood
from upscatter.numerics import FloatArray
from upscatter.rates.recast import RecoilFold
from upscatter.rates.spectrum import recoil_spectrum
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
    """Solar neutrinos in the detector of a release.

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
        uncertainties = self.scattering.flux_uncertainties
        return ReleasedLikelihood(self.release, uncertainties)

    @cached_property
    def folds(self) -> dict[str, RecoilFold]:
        """Quadrature of each run's response, by the rule that the scenario chooses."""
        integral = release_block(self.scattering).rule == "integral"
        rule = RecoilFold.integral if integral else RecoilFold.cells
        return {run.name: rule(run.response) for run in self.release.runs}

    def counts(
        self, interaction: Interaction, flux: Flux, mass_sterile: float = 0.0
    ) -> dict[str, dict[str, FloatArray]]:
        """Expected events of each source in each run.

        Parameters
        ----------
        interaction : Interaction
        flux : mapping
            Components of each source.
        mass_sterile : float
            m_4, energy.

        Returns
        -------
        dict
            Source to run to events, shape (shifts, bins); for the dipole per (μ/μ_B)².
        """
        form = form_factor(self.scattering.scenario.settings.physics.form_factor)
        return {
            source: {
                run.name: run.exposure
                * fold.rates(
                    # where recoils end, cancelling terms leave rounding errors of either sign
                    np.maximum(
                        recoil_spectrum(
                            fold.energies,
                            self.scattering.nuclei,
                            form,
                            components,
                            interaction,
                            mass_sterile,
                        ),
                        0.0,
                    )
                )
                for run, fold in zip(self.release.runs, self.folds.values(), strict=True)
            }
            for source, components in flux.items()
        }

    def signals(self, mass_sterile: npt.ArrayLike) -> dict[str, dict[str, FloatArray]]:
        """Dipole events for μ_ν4 = μ_B; see `counts`. (masses, shifts, bins) for several masses."""
        interaction, flux = self.scattering.signal.interaction, self.scattering.signal.flux
        if np.ndim(mass_sterile) == 0:
            return self.counts(interaction, flux, float(np.asarray(mass_sterile)))
        each = [self.counts(interaction, flux, float(m)) for m in np.asarray(mass_sterile)]
        return {
            source: {run: np.stack([counts[source][run] for counts in each]) for run in self.folds}
            for source in flux
        }

    @cached_property
    def highest_mass(self) -> float:
        """Greatest m_4 (energy) that any neutrino of the scenario can produce in the target."""
        endpoint = max(part.endpoint for parts in self.scattering.flux.values() for part in parts)
        return max(float(maximum_mass(endpoint, n.mass)) for n in self.scattering.nuclei)
