"""A release made up in memory, whose backgrounds nearly are what has been seen."""

import numpy as np

from released_files import ENERGIES, EXPOSURES, probability
from upscatter.inputs.xenonnt import (
    OBSERVED,
    RUNS,
    SHIFTS,
    Parameter,
    Release,
    Run,
    RunResponse,
    Template,
)
from upscatter.units import KEV, TONNE, YEAR

SHARES = {"cathode": 0.85, "de": 0.05, "ae": 0.06, "cevns": 0.04}


def parameters():
    factors = {"cevns_rate_multiplier": 0.0381}
    for run in RUNS:
        factors |= {f"{source}_{run}_rate_multiplier": 0.1 for source in ("cathode", "de", "ae")}
        factors |= {f"signal_efficiency_{run}": 0.112}
    shapes = ["t_qy", *(f"t_sys_{run}" for run in RUNS)]
    return (
        *(Parameter(name, 1.0, width, 0.0, 5.0) for name, width in factors.items()),
        *(Parameter(name, 0.0, 1.0, -3.0, 3.0) for name in shapes),
    )


def template(source, run, observed, exposure):
    scales = (f"{source}_{run}_rate_multiplier",)
    morph, shifts = None, (0,)
    if source == "cathode":
        morph, shifts = f"t_sys_{run}", SHIFTS
    if source == "cevns":
        scales = ("cevns_rate_multiplier", f"signal_efficiency_{run}")
        morph, shifts = "t_qy", SHIFTS
    tilt = np.linspace(-0.03, 0.03, observed.size)
    rates = [SHARES[source] * observed / exposure * (1.0 + t * tilt) for t in shifts]
    return Template(source, scales, morph, shifts, np.stack(rates))


def made_up_release(excess=0.0):
    """Of all runs; with an excess (relative) seen over what is expected in the low bins."""
    runs = []
    for run in RUNS:
        exposure = EXPOSURES[run] * TONNE * YEAR
        energies = ENERGIES * KEV
        table = np.stack([probability(t, ENERGIES) for t in SHIFTS])
        observed = np.array(OBSERVED[run], dtype=float)
        expected = observed / (1.0 + excess * np.array([1.0, 0.8, 0.5, 0.2, 0.1, 0.0, 0.0]))
        backgrounds = tuple(template(source, run, expected, exposure) for source in SHARES)
        runs.append(
            Run(run, exposure, RunResponse(SHIFTS, energies, table), backgrounds, OBSERVED[run])
        )
    return Release(np.linspace(80.0, 500.0, 8), tuple(runs), parameters())
