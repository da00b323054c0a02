"""A release made up in memory, whose backgrounds nearly are what has been seen."""

import numpy as np

from released_files import ENERGIES, EXPOSURES, probability
from upscatter.releases.release import (
    Anchors,
    Axis,
    Channel,
    Nuisance,
    Release,
    Response,
    Template,
)
from upscatter.releases.xenonnt_s2only import LABELS, OBSERVED, RUNS, SHIFTS
from upscatter.units import KEV, TONNE, YEAR

CAUSES = {"cevns_rate_multiplier": "flux 8B"}
SHARES = {"cathode": 0.85, "de": 0.05, "ae": 0.06, "cevns": 0.04}


def parameters():
    factors = {"cevns_rate_multiplier": 0.0381}
    for run in RUNS:
        factors |= {f"{source}_{run}_rate_multiplier": 0.1 for source in ("cathode", "de", "ae")}
        factors |= {f"signal_efficiency_{run}": 0.112}
    shapes = ["t_qy", *(f"t_sys_{run}" for run in RUNS)]
    return (
        *(Nuisance(n, 1.0, w, 0.0, 5.0, CAUSES.get(n, "")) for n, w in factors.items()),
        *(Nuisance(name, 0.0, 1.0, -3.0, 3.0) for name in shapes),
    )


def template(source, run, observed, exposure):
    scales = (f"{source}_{run}_rate_multiplier",)
    morph = {"cathode": f"t_sys_{run}", "cevns": "t_qy"}.get(source)
    if source == "cevns":
        scales = ("cevns_rate_multiplier", f"signal_efficiency_{run}")
    tilt = np.linspace(-0.03, 0.03, observed.size)
    nominal = SHARES[source] * observed / exposure
    label = LABELS.get(source, "")
    if morph is None:
        return Template(source, nominal, scales, label=label)
    rates = np.stack([nominal * (1.0 + t * tilt) for t in SHIFTS])
    return Template(source, rates, scales, Anchors((morph,), (SHIFTS,)), label)


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
        anchors = Anchors(("t_qy",), (SHIFTS,))
        response = Response(energies, table, (f"signal_efficiency_{run}",), anchors)
        axis = Axis("cS2", "PE", np.linspace(80.0, 500.0, 8))
        runs.append(
            Channel(name=run, axes=(axis,), observed=observed, backgrounds=backgrounds,
                    response=response, exposure=exposure)
        )  # fmt: skip
    return Release(channels=tuple(runs), nuisances=parameters(), cevns="cevns")
