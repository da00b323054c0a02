"""Backgrounds given by formulae, with derivatives by their parameters: counts per bin.

All are in observed energy E:

- constant: r;
- exponential: r exp(−(E − E_0)/d), with E_0 the lower end of the first bin;
- line: a Gaussian of integral R, mean and standard deviation;
- template: R times the share of each bin, fixed numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt
from typing import Literal

import numpy as np
from scipy.special import ndtr

from upscatter.numerics import FloatArray

AnalyticName = Literal["constant", "exponential", "line", "template"]


@dataclass(frozen=True)
class Argument:
    """An argument of a formula: a number times a product of parameters.

    Parameters
    ----------
    factor : float
    parameters : tuple of int
        Indices of the parameters, each at most once; none for a fixed argument.
    """

    factor: float
    parameters: tuple[int, ...] = ()

    def at(self, values: FloatArray) -> FloatArray:
        """The argument, shape (sets, 1), of parameters (sets, parameters)."""
        return np.asarray(self.factor * values[:, list(self.parameters)].prod(axis=1)[:, None])

    def slopes(self, values: FloatArray) -> dict[int, FloatArray]:
        """Derivative, shape (sets, 1), by each of the parameters."""
        return {
            k: Argument(self.factor, tuple(i for i in self.parameters if i != k)).at(values)
            for k in self.parameters
        }


@dataclass(frozen=True)
class AnalyticBackground:
    """A background given by a formula.

    Parameters
    ----------
    model : {"constant", "exponential", "line", "template"}
    arguments : tuple of Argument
        Those of the formula: the rate, per target mass and time (and per energy for a constant or
        an exponential); then decay energy, or energy and width.
    template : tuple of float
        Share of the rate in each bin, for a template.
    """

    model: AnalyticName
    arguments: tuple[Argument, ...]
    template: tuple[float, ...] = ()


@dataclass(frozen=True)
class AnalyticCounts:
    """Counts of several backgrounds as a function of their common parameters.

    Parameters
    ----------
    edges : tuple of float
        Bin edges in observed energy.
    exposure : float
        Target mass times time.
    components : tuple of AnalyticBackground
    shares : tuple of tuple of float
        Shares of each component's counts in intervals of time; empty without bins in time. With
        them the bins are those in energy and time, flattened, with time running fastest.

    Examples
    --------
    >>> flat = AnalyticBackground("constant", (Argument(1.0, (0,)),))
    >>> counts = AnalyticCounts((0.0, 1.0, 3.0), 10.0, (flat,))
    >>> counts(np.array([[2.0]]))[0, :, 0].tolist()
    [[20.0, 40.0], [10.0, 20.0]]
    """

    edges: tuple[float, ...]
    exposure: float
    components: tuple[AnalyticBackground, ...]
    shares: tuple[tuple[float, ...], ...] = ()

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Counts, and their derivatives by the parameters.

        Parameters
        ----------
        parameters : ndarray, shape (sets, parameters)

        Returns
        -------
        ndarray, shape (sets, 1 + parameters, components, bins)
        """
        sets, number = parameters.shape
        edges = self._edges
        result = np.zeros((sets, 1 + number, len(self.components), edges.size - 1))
        for i, component in enumerate(self.components):
            values = [argument.at(parameters) for argument in component.arguments]
            if component.model == "template":
                counts, *slopes = _template(np.array(component.template), *values)
            else:
                counts, *slopes = _FORMULAE[component.model](edges, *values)
            result[:, 0, i] = self.exposure * counts
            for argument, slope in zip(component.arguments, slopes, strict=True):
                for k, inner in argument.slopes(parameters).items():
                    result[:, 1 + k, i] += self.exposure * slope * inner
        if not self.shares:
            return result
        shares = np.array(self.shares)[:, None]
        bins = result.shape[-1] * shares.shape[-1]
        return np.asarray((result[..., None] * shares).reshape(*result.shape[:3], bins))

    @cached_property
    def _edges(self) -> FloatArray:
        return np.array(self.edges)


def _constant(edges: FloatArray, rate: FloatArray) -> tuple[FloatArray, ...]:
    width = np.diff(edges)
    return rate * width, np.broadcast_to(width, (rate.size, width.size))


def _exponential(edges: FloatArray, rate: FloatArray, decay: FloatArray) -> tuple[FloatArray, ...]:
    u = (edges - edges[0]) / decay
    steps = np.diff(u, axis=1)
    # exp(−u) (1 − exp(−Δu)) keeps the digits of narrow bins
    share = np.exp(-u[:, :-1]) * -np.expm1(-steps)
    bent = np.diff(u * np.exp(-u), axis=1)
    return rate * decay * share, decay * share, rate * (share - bent)


def _line(
    edges: FloatArray, rate: FloatArray, energy: FloatArray, width: FloatArray
) -> tuple[FloatArray, ...]:
    z = (edges - energy) / width
    # above the mean the difference is taken in the other tail, where it does not cancel
    above = z[:, :-1] > 0.0
    share = np.where(above, ndtr(-z[:, :-1]) - ndtr(-z[:, 1:]), ndtr(z[:, 1:]) - ndtr(z[:, :-1]))
    density = np.exp(-0.5 * z**2) / sqrt(2.0 * pi)
    slope = -rate / width
    return (
        rate * share,
        share,
        slope * np.diff(density, axis=1),
        slope * np.diff(z * density, axis=1),
    )


def _template(shares: FloatArray, rate: FloatArray) -> tuple[FloatArray, ...]:
    return rate * shares, np.broadcast_to(shares, (rate.size, shares.size))


_FORMULAE: Mapping[str, Callable[..., tuple[FloatArray, ...]]] = {
    "constant": _constant,
    "exponential": _exponential,
    "line": _line,
}
