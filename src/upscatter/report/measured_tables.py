"""The fit behind a measured limit, as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from upscatter.limits.measured import PostFit
from upscatter.rates.signal import with_article
from upscatter.report.released_labels import nuisance_label
from upscatter.report.tables import new_table

if TYPE_CHECKING:
    from rich.table import Table


def pulls_table(fit: PostFit) -> Table:
    """Table of nuisance parameters at one m_4, in standard deviations of their constraints.

    Parameters
    ----------
    fit : PostFit
    """
    symbol, unit = fit.parameter.letter, fit.parameter.short_unit
    table = new_table(
        f"m4 = {fit.mass:.5g} MeV: best fit {symbol} = {fit.mu_best:.3g}, limit {fit.mu_limit:.3e} "
        f"{unit} at {100 * fit.confidence:g} % CL"
        + (
            f"\nlimits without {with_article(fit.label)}: median {fit.mu_expected[2]:.2e}, "
            f"1 sigma {fit.mu_expected[1]:.2e} to {fit.mu_expected[3]:.2e} {unit}"
            if np.isfinite(fit.mu_expected).all()
            else ""
        )
    )
    for name in ("nuisance parameter", "best fit", "at the limit"):
        table.add_column(name, justify="left" if name.startswith("nuisance") else "right")
    for name, pull, error, pull_limit in zip(
        fit.nuisances, fit.pulls, fit.errors, fit.pulls_limit, strict=True
    ):
        spread = "at its limit" if np.isnan(error) else f"± {error:.2f}"
        best = f"{_rounded(pull):+.2f} {spread}"
        table.add_row(nuisance_label(name), best, f"{_rounded(pull_limit):+.2f}")
    for one in fit.fitted:
        spread = "at a bound" if np.isnan(one.error) else f"± {one.error:.2g}"
        if np.isinf(one.error):
            spread = "not known"
        table.add_row(
            f"{one.name} [{one.unit}]", f"{one.value:.5g} {spread}", f"{one.at_limit:.5g}"
        )
    pulls = "pulls in standard deviations of the constraints"
    lines = (pulls if fit.nuisances else "there are no nuisance parameters", fit.remark)
    table.caption = "\n".join(line for line in lines if line)
    return table


def _rounded(pull: float) -> float:
    """Round to the printed digits, without the sign of a negative zero."""
    return round(float(pull), 2) + 0.0
