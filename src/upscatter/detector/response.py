"""Detector response: the linear map from recoil energies to observed bins.

The acceptance A_i(T) is the probability that a recoil of energy T is counted in bin i. Quenching,
resolution and efficiency enter only here. Response objects also give the intervals of T ("panels")
on which their acceptance is smooth, so that a quadrature can be placed on them once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from upscatter.detector.quenching import Quenching
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.errors import ScenarioError
from upscatter.numerics import FloatArray
from upscatter.units import KEV

SMEARING_REACH = 5.0
"""Standard deviations at which the Gaussian is cut (it leaves out 6e-7 of the events)."""

_PANEL_RATIO = 1.6
_RECOILS = 64  # at once: their tables fit the processor's cache
_GAUSS_STEPS = np.array([-3.5, -2.25, -1.0, 0.0, 1.0, 2.25, 3.5])


@dataclass(frozen=True)
class Response(ABC):
    """Detector response to the recoils of one kind of nucleus.

    Parameters
    ----------
    edges : tuple of float
        Bin edges in observed energy, increasing.
    quenching : Quenching
    efficiency : Efficiency
    cutoff : float
        Recoil energy below which no recoil is detected, whatever the resolution.
    """

    edges: tuple[float, ...]
    quenching: Quenching
    efficiency: Efficiency
    cutoff: float

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    @abstractmethod
    def acceptance(self, energy_recoil: FloatArray) -> FloatArray:
        """A_i(T): shape (..., bins) for recoil energies of shape (...)."""

    @property
    def constant_in_bins(self) -> bool:
        """Whether each A_i is constant in its bin and 0 outside it."""
        return False

    @property
    def sees_anything(self) -> bool:
        """Whether a recoil of any energy can be in any bin."""
        edges = self.panel_edges()
        return bool(self.acceptance(np.sqrt(edges[1:] * edges[:-1])).any())

    def panel_edges(self) -> FloatArray:
        """Increasing recoil energies between which every A_i is smooth; A = 0 outside them."""
        return self._panels

    @cached_property
    def _panels(self) -> FloatArray:
        """`panel_edges`, found once: each edge costs an inverse of the quenching."""
        edges = self._panel_edges()
        edges.setflags(write=False)
        return edges

    @abstractmethod
    def _panel_edges(self) -> FloatArray:
        """See `panel_edges`."""

    def _detectable(self, energy_recoil: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether a recoil can be detected: without any charge it is not, whatever the noise."""
        quenching = self.quenching
        lowest = max(self.cutoff, quenching.threshold)
        return (energy_recoil >= lowest) & (energy_recoil <= quenching.highest_energy)

    def _refined(self, points: FloatArray) -> FloatArray:
        """Add the points where quenching and efficiency have kinks, then cut long panels."""
        low, high = points[0], points[-1]
        kinks = np.array(self.quenching.breakpoints + self.efficiency.knots("recoil"))
        inner = kinks[(kinks > low) & (kinks < high)]
        edges = np.unique(np.concatenate([points, inner]))
        ratio = edges[1:] / edges[:-1]
        pieces = np.ceil(np.log(ratio) / np.log(_PANEL_RATIO)).astype(np.intp)
        first = np.cumsum(pieces) - pieces
        step = (np.arange(pieces.sum()) - np.repeat(first, pieces)) / np.repeat(pieces, pieces)
        cut = np.repeat(edges[:-1], pieces) * np.repeat(ratio, pieces) ** step
        return np.append(cut, edges[-1])


class SharpResponse(Response):
    """Perfect resolution: a recoil is observed at its visible energy."""

    @property
    def constant_in_bins(self) -> bool:
        """See `Response.constant_in_bins`."""
        return self.efficiency.constant is not None

    def acceptance(self, energy_recoil: FloatArray) -> FloatArray:
        """See `Response.acceptance`."""
        visible = self.quenching.visible_energy(energy_recoil)
        index = np.searchsorted(self.edges, visible, side="right") - 1
        kept = np.where(self._detectable(energy_recoil), self._kept(energy_recoil), 0.0)
        return np.where(index[..., None] == np.arange(self.bins), kept[..., None], 0.0)

    def _panel_edges(self) -> FloatArray:
        knots = [k for k in self.efficiency.knots("observed") if self.edges[0] < k < self.edges[-1]]
        observed = np.unique(np.concatenate([self.edges, knots]))
        recoil = self.quenching.recoil_energy(observed)
        start = max(self.cutoff, recoil[0]) or self.efficiency.lowest_recoil
        if start <= 0.0:
            raise ScenarioError(
                "region: it starts at zero recoil energy, where the dipole rate 1/T diverges; "
                "raise its lower end or set a cutoff"
            )
        if start >= recoil[-1]:
            raise ScenarioError(
                f"cutoff: {self.cutoff / KEV:.4g} keVnr is above the whole region; lower it"
            )
        return self._refined(np.concatenate([[start], recoil[recoil > start]]))

    def _kept(self, energy_recoil: FloatArray) -> FloatArray | float:
        """Efficiency of each recoil, whatever its bin."""
        constant = self.efficiency.constant
        if constant is not None:
            return constant
        visible = self.quenching.visible_energy(energy_recoil)
        observed = self.efficiency.on_axis("observed", visible)
        return observed * self.efficiency.on_axis("recoil", energy_recoil)


@dataclass(frozen=True)
class GaussianResponse(Response):
    """Visible energies smeared by a Gaussian of energy-dependent width.

    The efficiency is linear between its knots, so A_i(T) is a closed form in error functions and
    Gaussians: no quadrature over observed energy is made.
    """

    resolution: Resolution

    def acceptance(self, energy_recoil: FloatArray) -> FloatArray:
        """See `Response.acceptance`."""
        energy = np.asarray(energy_recoil, dtype=float)
        # Beyond its range, where nothing is detected, a model may fall below zero: no width there.
        visible = np.maximum(self.quenching.visible_energy(energy).ravel(), 0.0)
        # Without noise the width vanishes with the energy; such a recoil is not smeared.
        least = 1e-12 * self.edges[-1]
        sigma = np.maximum(self.resolution.sigma(visible), least)
        kept = np.empty((visible.size, self.bins))
        for block in range(0, visible.size, _RECOILS):
            rows = slice(block, block + _RECOILS)
            kept[rows] = self._seen(visible[rows, None], sigma[rows, None])
        if self.resolution.positive:
            kept /= ndtr(visible / sigma)[:, None]
        true_efficiency = self.efficiency.on_axis("recoil", energy)
        detected = np.where(self._detectable(energy), true_efficiency, 0.0)
        return np.asarray(kept.reshape(*energy.shape, self.bins) * detected[..., None])

    def _seen(self, visible: FloatArray, sigma: FloatArray) -> FloatArray:
        """Share of recoils seen in each bin, shape (recoils, bins), by (recoils, 1)."""
        points, slope, offset, starts = self._segments
        # a point beyond the Gaussian's reach has no share
        reach = SMEARING_REACH * sigma
        low, high = float((visible - reach).min()), float((visible + reach).max())
        first = max(int(np.searchsorted(points, low)) - 1, 0)
        last = min(int(np.searchsorted(points, high)), points.size - 1)
        segments = np.zeros((visible.size, points.size - 1))
        if last > first:
            near = slice(first, last)
            z = (points[first : last + 1] - visible) / sigma
            inside = np.abs(z) < SMEARING_REACH
            reached = z[inside]
            below = np.where(z < 0.0, ndtr(-SMEARING_REACH), ndtr(SMEARING_REACH))
            below[inside] = ndtr(reached)
            height = np.full_like(z, np.exp(-0.5 * SMEARING_REACH**2))
            height[inside] = np.exp(-0.5 * reached**2)
            probability = np.diff(below, axis=-1)
            density = np.diff(height, axis=-1) / np.sqrt(2.0 * np.pi)
            segments[:, near] = (offset[near] + slope[near] * visible) * probability
            segments[:, near] -= slope[near] * sigma * density
        return np.add.reduceat(segments, starts, axis=-1)

    @cached_property
    def _segments(self) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.intp]]:
        """Observed points, efficiency between them (slope and offset), and where bins begin."""
        points = self._observed_points()
        left, right = self._segment_ends(points)
        slope = (right - left) / np.diff(points)
        return points, slope, left - slope * points[:-1], np.searchsorted(points, self.edges[:-1])

    def _panel_edges(self) -> FloatArray:
        points = self._observed_points()
        low = max(self.cutoff, self.quenching.threshold)
        if low <= 0.0:
            reach = SMEARING_REACH * float(self.resolution.sigma(points[0]))
            low = float(self._recoil(points[0] - reach)) or self.efficiency.lowest_recoil
            if low <= 0.0:
                each = reach / SMEARING_REACH / KEV
                raise ScenarioError(
                    f"resolution: the region starts at {points[0] / KEV:.4g} keVee, within "
                    f"{SMEARING_REACH:.0f} standard deviations (of {each:.4g} keVee) of zero, "
                    "where the dipole rate 1/T diverges; raise the region, or set the cutoff below "
                    "which no recoil is detected"
                )
        sigma = self.resolution.sigma(points)
        # A width that grows with the energy lets recoils in from farther above the region.
        kinks = self.resolution.reach(points[:, None], SMEARING_REACH * np.array([-1.0, 1.0]))
        top = kinks[-1, 1]
        steps = (points[:, None] + sigma[:, None] * _GAUSS_STEPS).ravel()
        steps = np.sort(steps[(steps > 0.0) & (steps < top)])
        # Neighbouring edges offer nearly equal steps; half a width apart is close enough.
        kept = [0.0]
        for e, width in zip(steps.tolist(), self.resolution.sigma(steps).tolist(), strict=True):
            if e - kept[-1] > 0.5 * width:
                kept.append(e)
        recoil = self._recoil(np.unique([*kept, *kinks.ravel()]))
        high = min(recoil[-1], self.quenching.highest_energy)
        if high <= low:
            raise ScenarioError(
                f"cutoff: {low / KEV:.4g} keVnr is above the whole region; lower it"
            )
        inside = recoil[(recoil > low) & (recoil < high)]
        return self._refined(np.unique(np.concatenate([[low], inside, [high]])))

    def _observed_points(self) -> FloatArray:
        inner = [k for k in self.efficiency.knots("observed") if self.edges[0] < k < self.edges[-1]]
        return np.unique(np.concatenate([self.edges, inner]))

    def _segment_ends(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Efficiency at both ends of each segment, one-sided where it jumps at its first knot."""
        nudge = 1e-9 * np.diff(points)
        left = self.efficiency.on_axis("observed", points[:-1] + nudge)
        right = self.efficiency.on_axis("observed", points[1:] - nudge)
        return left, right

    def _recoil(self, visible: FloatArray | float) -> FloatArray:
        """Recoil energy of a visible one, or the highest one that the quenching is defined for."""
        q = self.quenching
        top = min(q.highest_energy, 1e4 * self.edges[-1])
        return q.recoil_energy(np.minimum(visible, q.visible_energy(top)))
