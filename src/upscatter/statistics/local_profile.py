"""Profile likelihood at a fixed strength, to second order around some nuisance parameters.

A search for a limit changes the strength and the nuisance parameters together. It needs no fit at
each strength: −2 ln L, its minimum over the nuisance parameters and the derivative of this minimum
by the strength (the envelope theorem) all follow from one expansion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.newton import Parabolas, solved_by
from upscatter.statistics.observation import Observation


@dataclass(frozen=True)
class LocalProfile:
    """Minima of −2 ln L over the nuisance parameters; NaN where the model forbids the data.

    Parameters
    ----------
    deviance : ndarray, shape (sets,)
        −2 ln L at the minimum of its parabola.
    slope : ndarray, shape (sets,)
        Derivative of the deviance by the strength.
    gain : ndarray, shape (sets,)
        How much it is below −2 ln L at the point.
    pulls : ndarray, shape (sets, nuisances)
        Nuisance parameters at the minimum, within their bounds.
    step : ndarray, shape (sets, nuisances)
        How far they are from the point.
    """

    deviance: FloatArray
    slope: FloatArray
    gain: FloatArray
    pulls: FloatArray
    step: FloatArray

    @classmethod
    def at(
        cls, model: BinnedModel, data: Observation, strength: FloatArray, pulls: FloatArray
    ) -> LocalProfile:
        """Expand −2 ln L.

        Parameters
        ----------
        model : BinnedModel
        data : Observation
            Counts (sets, bins).
        strength : ndarray, shape (sets,)
        pulls : ndarray, shape (sets, nuisances)

        Examples
        --------
        >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
        >>> data = model.observe([[8.0]])
        >>> local = LocalProfile.at(model, data, np.array([3.0]), np.zeros((1, 0)))
        >>> local.deviance.tolist(), local.slope.tolist()
        ([0.0], [0.0])
        """
        deviance, slope, gain = np.full((3, strength.size), np.nan)
        moved = np.clip(pulls, *model.bounds)
        with np.errstate(all="ignore"):  # counts that would be negative; their value is infinite
            local = model.expand(np.concatenate([strength[:, None], moved], axis=1), data)
        possible = np.flatnonzero(np.isfinite(local.value))
        here = moved[possible]
        fixed, (low, high) = np.full(possible.size, np.nan), model.bounds[:, None] - here
        gradient, curvature = local.gradient[possible], local.curvature[possible]
        step = Parabolas(gradient, curvature, fixed, fixed, low, high).minimum()
        bent = np.matmul(curvature, step[:, :, None])[:, :, 0]
        gain[possible] = -((gradient + 0.5 * bent) * step).sum(axis=1)
        deviance[possible] = local.value[possible] - gain[possible]
        slope[possible] = gradient[:, 0] + bent[:, 0]
        moved[possible] = here + step[:, 1:]
        far = np.zeros_like(moved)
        far[possible] = step[:, 1:]
        return cls(deviance, slope, gain, moved, far)


def gaussian(model: BinnedModel, artificial: Observation) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of a vanishing strength, and change of the pulls by a strength.

    Parameters
    ----------
    model : BinnedModel
    artificial : Observation
        Signal-free Asimov data, counts (sets, bins).

    Returns
    -------
    deviation : ndarray, shape (sets,)
    response : ndarray, shape (sets, nuisances)
    """
    none = np.concatenate([np.zeros((artificial.hypothesis.size, 1)), artificial.auxdata], axis=1)
    curvature = model.expand(none, artificial).curvature
    mixed = curvature[:, 1:, 0]
    solved = solved_by(curvature[:, 1:, 1:], mixed[..., None])[..., 0]
    bend = curvature[:, 0, 0] - (mixed * solved).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(2.0 / np.maximum(bend, 0.0))), np.asarray(-solved)
