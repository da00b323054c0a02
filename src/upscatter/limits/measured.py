"""Limits from observed counts, with the fits that they are based on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import numpy as np

from upscatter.limits.channel import Channel
from upscatter.limits.curve import BAND_NAMES, LimitCurve
from upscatter.limits.fitted import Fitted, column
from upscatter.limits.projection import Projection, residuals
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter, with_article
from upscatter.results import Result, none_where_nan, origin


@dataclass(frozen=True, kw_only=True)
class MeasuredCurve(LimitCurve):
    """A limit curve from observed data, with best fit, significance and pulls at each m_4.

    Parameters
    ----------
    best : ndarray, shape (masses,)
        Best-fit μ_ν4/μ_B ≥ 0, NaN like the limit where m_4 is out of reach.
    significance : ndarray, shape (masses,)
        √q_0 of the hypothesis without a signal, in standard deviations; 0 where the best fit is 0.
    p_value : ndarray, shape (masses,)
        Probability of at least this q_0 without a signal (asymptotic, one-sided); 0.5 where the
        best fit is 0.
    nuisances : tuple of str
        Names of the constrained nuisance parameters.
    pulls : ndarray, shape (masses, nuisances)
        Their best-fit values, in standard deviations of their constraints.
    fitted : mapping
        Best fit of the free nuisance parameters by name and unit, shape (masses,).
    deviance : float
        −2 ln L of the fit without a signal, relative to the saturated model.
    bins : int
        Number of bins, the deviance's degrees of freedom.
    gof_p_value : float
        Probability of a greater deviance without a signal (χ² distribution).
    """

    best: FloatArray
    significance: FloatArray
    p_value: FloatArray
    nuisances: tuple[str, ...]
    pulls: FloatArray
    deviance: float
    bins: int
    gof_p_value: float
    fitted: Mapping[tuple[str, str], FloatArray] = field(default_factory=dict)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the curve as a table."""
        pulls = (f"pull_{name.replace(' ', '_')}" for name in self.nuisances)
        return (
            *super().header,
            f"best_fit_{self.parameter.key}",
            "significance",
            "p_value",
            *pulls,
            *(f"fit_{column(*name)}" for name in self.fitted),
        )

    @property
    def rows(self) -> list[tuple[float | None, ...]]:
        """Rows of the curve as a table; a mass out of reach has ``None``."""
        more = np.column_stack(
            [self.best, self.significance, self.p_value, self.pulls, *self.fitted.values()]
        )
        return [
            (*row, *none_where_nan(extra)) for row, extra in zip(super().rows, more, strict=True)
        ]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the curve."""
        return [*super().comments, self.fit_without_signal]

    @property
    def fit_without_signal(self) -> str:
        """A line of text with the deviance and the p-value of the fit without a signal."""
        signal = with_article(self.label)
        if not np.isfinite(self.deviance):
            return f"fit without {signal}: excluded by a count that only {signal} predicts"
        return (
            f"fit without {signal}: -2 ln L = {self.deviance:.1f} for {self.bins} bins, "
            f"goodness-of-fit p = {self.gof_p_value:.3g}"
        )

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary, limit and fits; a mass out of reach has ``None``."""
        columns = dict(zip(self.header, zip(*self.rows, strict=True), strict=True))
        names = (f"best_fit_{self.parameter.key}", "significance", "p_value")
        return {
            **super().to_dict(),
            **{name: list(columns[name]) for name in names},
            "pulls": {
                name: list(columns[f"pull_{name.replace(' ', '_')}"]) for name in self.nuisances
            },
            **self._fitted,
            f"without_{self.label.replace(' ', '_')}": {
                "deviance": self.deviance if np.isfinite(self.deviance) else None,
                "bins": self.bins,
                "p_value": self.gof_p_value,
            },
        }

    @property
    def _fitted(self) -> dict[str, object]:
        """Best fits of free parameters, JSON-ready; nothing if there are none."""
        if not self.fitted:
            return {}
        return {"fitted": {column(*n): none_where_nan(v) for n, v in self.fitted.items()}}


@dataclass(frozen=True, kw_only=True)
class PostFit(Result):
    """Data, fitted components and nuisance parameters at one m_4.

    Parameters
    ----------
    scenario : str
        Name of the scenario, or names of those combined.
    title : str
    mass : float
        m_4 in MeV.
    mu_best, mu_limit : float
        Best fit and upper limit, μ_ν4/μ_B.
    mu_expected : ndarray, shape (5,)
        Limits of data without a signal, for `upscatter.statistics.limit_method.BANDS`; NaN if they
        were not computed.
    confidence : float
        Confidence level of the limits.
    channels : mapping
        Science runs or detectors by name, with their bins.
    observed : ndarray, shape (bins,)
    widths : ndarray, shape (bins,)
        Standard deviations of background-subtracted data; 0 where the data are counts.
    components : mapping
        Name to counts of each background at the best fit, shape (bins,).
    signal_best, signal_limit : ndarray, shape (bins,)
        Signal counts at the best fit, and at the limit with the nuisance parameters fitted to it.
    nuisances : tuple of str
    pulls, errors : ndarray, shape (nuisances,)
        Best fit and its standard deviation, in standard deviations of the constraint; the latter is
        NaN if the parameter is at a bound of the release.
    pulls_limit : ndarray, shape (nuisances,)
        Pulls with the signal at its limit.
    fitted : tuple of Fitted
        Free nuisance parameters, which have no pull.
    label : str
        Name of the signal.
    parameter : Parameter
        The bounded parameter; `mu_best`, `mu_limit` and `mu_expected` are values of it.
    provenance : mapping
    """

    scenario: str
    title: str
    mass: float
    mu_best: float
    mu_limit: float
    mu_expected: FloatArray
    confidence: float
    channels: Mapping[str, Channel]
    observed: FloatArray
    widths: FloatArray
    components: Mapping[str, FloatArray]
    signal_best: FloatArray
    signal_limit: FloatArray
    nuisances: tuple[str, ...]
    pulls: FloatArray
    errors: FloatArray
    pulls_limit: FloatArray
    fitted: tuple[Fitted, ...] = ()
    label: str = "dipole"
    parameter: Parameter = MOMENT

    figure_function: ClassVar[str] = "upscatter.report.postfit_plots:post_fit_figure"

    @property
    def expected(self) -> FloatArray:
        """Total counts at the best fit, shape (bins,)."""
        return np.asarray(self.signal_best + sum(self.components.values()))

    @property
    def residuals(self) -> FloatArray:
        """(observed − expected)/Δ, shape (bins,): Δ² is the expectation, or that of the data."""
        return residuals(self.observed, self.expected, self.widths)

    def projected(self, channel: str, axis: int) -> Projection:
        """Counts of a channel in the bins of one of its axes, summed over the others."""
        of, on = self.channels[channel], partial(self.channels[channel].projected, axis=axis)
        return Projection(
            axis=of.axes[axis],
            observed=on(self.observed),
            widths=np.sqrt(on(self.widths**2)),
            components={name: on(counts) for name, counts in self.components.items()},
            signal_best=on(self.signal_best),
            signal_limit=on(self.signal_limit),
        )

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the counts as a table."""
        components = (name.replace(" ", "_") for name in self.components)
        ends = (f"{end}_{axis}" for axis in self._axes for end in ("low", "high"))
        return ("run", *ends, "observed", *components, *self._signals)

    @property
    def _axes(self) -> tuple[str, ...]:
        """Names of the axes in files; of those that differ between channels, "edge" and so on."""
        every = {tuple(axis.key for axis in channel.axes) for channel in self.channels.values()}
        if len(every) == 1:
            return every.pop()
        most = max(map(len, every))
        return ("edge", *(f"edge_{number}" for number in range(2, most + 1)))

    @property
    def _signals(self) -> tuple[str, str]:
        """Names of the signal's counts in files."""
        label = self.label.replace(" ", "_")
        return f"{label}_best_fit", f"{label}_limit"

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each bin of each run; a run with fewer axes than others has ``None``."""
        counts = [self.observed, *self.components.values(), self.signal_best, self.signal_limit]
        table = np.stack(counts, axis=1)
        return [
            (name, *end, *[None] * (2 * len(self._axes) - len(end)), *row)
            for name, channel in self.channels.items()
            for end, row in zip(channel.ends, table[channel.bins].tolist(), strict=True)
        ]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the counts."""
        remarks = [self.remark] if self.remark else []
        parameter, (best, limit) = self.parameter, self._signals
        return [
            f"{self.title}: counts per bin at m4 = {self.mass:.5g} MeV, and the fit to them",
            f"best fit: {parameter.name} = {self.mu_best:.4g} {parameter.unit}; limit at "
            f"{100 * self.confidence:g} % CL: {self.mu_limit:.4g}",
            f"backgrounds and {best}: at the best fit; {limit}: with {parameter.name} at its "
            "limit and the nuisance parameters fitted to it",
            *remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; the error of a parameter at a bound is ``None``."""
        pulls = zip(
            self.pulls.tolist(),
            none_where_nan(self.errors),
            self.pulls_limit.tolist(),
            strict=True,
        )
        names = ("best_fit", "error", "at_limit")
        key, (best, limit) = self.parameter.key, self._signals
        return {
            "title": self.title,
            "confidence": self.confidence,
            "mass_MeV": self.mass,
            key: self.mu_limit,
            f"best_fit_{key}": self.mu_best,
            f"expected_{key}": dict(zip(BAND_NAMES, none_where_nan(self.mu_expected), strict=True)),
            **self._edges,
            "counts": {
                run: {
                    "observed": self.observed[channel.bins].tolist(),
                    "background": {
                        name: counts[channel.bins].tolist()
                        for name, counts in self.components.items()
                    },
                    best: self.signal_best[channel.bins].tolist(),
                    limit: self.signal_limit[channel.bins].tolist(),
                }
                for run, channel in self.channels.items()
            },
            "pulls": {
                nuisance: dict(zip(names, values, strict=True))
                for nuisance, values in zip(self.nuisances, pulls, strict=True)
            },
            **self._fitted,
            "remark": self.remark,
            "provenance": dict(self.provenance),
        }

    @property
    def _fitted(self) -> dict[str, object]:
        """Free parameters, JSON-ready; nothing if there are none."""
        if not self.fitted:
            return {}
        return {
            "fitted": {
                one.key: {
                    "best_fit": one.value,
                    "error": one.error if np.isfinite(one.error) else None,
                    "at_limit": one.at_limit,
                }
                for one in self.fitted
            }
        }

    @property
    def _edges(self) -> dict[str, object]:
        """Bin edges, JSON-ready; by channel where these have different ones."""
        by_channel = {
            name: {axis.key: axis.edges.tolist() for axis in channel.axes}
            for name, channel in self.channels.items()
        }
        first = next(iter(by_channel.values()))
        if any(edges != first for edges in by_channel.values()):
            return {"bin_edges": by_channel}
        several = {"axes": [*first]} if len(first) > 1 else {}
        return {**several, **{f"bin_edges_{key}": edges for key, edges in first.items()}}

    @property
    def remark(self) -> str:
        """Caveat that is printed with the limit; empty if there is none."""
        for name, expected in zip(("-2 sigma", "-1 sigma"), self.mu_expected[:2], strict=True):
            if self.mu_limit < expected:
                return (
                    f"limit below the {name} value: the data fluctuate down; quote the median too"
                )
        return ""
