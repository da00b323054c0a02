"""COHERENT's measurement of CEvNS on caesium iodide: arXiv:2110.07730.

Events are counted in photoelectrons (PE) and in time after the beginning of a pulse of the SNS. The
release has lists of events in coincidence and in anti-coincidence with the beam, distributions of
neutrons, and the coefficients of efficiency and scintillation with their variations. What is not in
its files is from its description: mass, spread of the photoelectrons, efficiency in time,
expected numbers of neutrons and the constraints.

The exposure is 14.6 kg yr by convention: the release counts protons, not time, and a scenario says
that its 3.198e23 protons come in one year.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, xlogy

from upscatter.errors import TableError
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.releases.definition import Definition
from upscatter.releases.files import REMEDY, Files
from upscatter.releases.release import (
    Anchors,
    Axis,
    Channel,
    Nuisance,
    Release,
    Response,
    Template,
)
from upscatter.releases.tables import read_numbers
from upscatter.releases.times import Timing
from upscatter.units import KEV, KG, MEV, MICROSECOND, YEAR

MASS = 14.6 * KG
EXPOSURE = MASS * YEAR
"""Mass, and the year in which a scenario says that the protons come."""

LIGHT_YIELD = 13.35
"""Photoelectrons per keVee."""

PE_EDGES = np.array([8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 40.0, 50.0, 60.0])
TIME_EDGES = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 2.0, 4.0, 6.0])
"""Bins of photoelectrons and μs, our choice: wide enough for some steady events in each."""

EFFICIENCY, LIGHT = "efficiency", ("scintillation 0", "scintillation 1")
NUISANCES = (
    Nuisance("neutrons of the beam", 1.0, 0.25, 0.0, 5.0),
    Nuisance("neutrons of neutrinos", 1.0, 0.35, 0.0, 5.0),
    Nuisance("steady state", 1.0, 0.021, 0.0, 5.0),
    *(Nuisance(name, 0.0, 1.0, -3.0, 3.0) for name in (EFFICIENCY, *LIGHT)),
)
EXPECTED = {"brn": 18.4, "nin": 5.6}
"""Neutrons of the beam and of neutrinos before the fit, within the bins."""

ENERGIES = np.arange(1.0, 48.01, 0.125) * KEV
"""Recoil energies of the response, up to those of 53 MeV neutrinos.

Of recoils of 1 keV, one in a million has 8 photoelectrons. These steps are good to 1e-4 of the
counts of a continuous spectrum, and to 2e-3 of those of a line, whose recoils end within a step.
"""

_EVENTS, _STEADY = "dataBeamOnC.txt", "dataBeamOnAC.txt"
_SCINTILLATION, _EFFICIENCY = "scintRespCoefficients.txt", "effCoefficients.txt"
_SHIFTS = (-1.0, 0.0, 1.0)
_ANCHORS = Anchors((EFFICIENCY, *LIGHT), (_SHIFTS,) * 3, separate=True)
_TIME_STEP = 0.01
_NODES = 16  # in a bin of photoelectrons


def read(files: Files) -> Release:
    """Read the files of the release.

    Parameters
    ----------
    files : Files
        Of the release.

    Raises
    ------
    TableError
        If a file is missing or wrong; the message names it.
    """
    neutrons = (
        ("brn", "neutrons of the beam", "neutrons of the beam"),
        ("nin", "neutrons of neutrinos", "neutrons of neutrinos in the shield"),
    )
    steady = _steady(_binned(files, _STEADY))
    run = Channel(
        name="CsI",
        exposure=EXPOSURE,
        axes=(Axis("light", "PE", PE_EDGES), Axis("time", "us", TIME_EDGES)),
        observed=_binned(files, _EVENTS).ravel(),
        backgrounds=(
            Template("steady", steady / EXPOSURE, ("steady state",), label="steady state"),
            *(
                Template(name, _neutrons(files, name) / EXPOSURE, (rate,), label=label)
                for name, rate, label in neutrons
            ),
        ),
        response=Response(
            ENERGIES,
            _probabilities(files),
            anchors=_ANCHORS,
            timing=Timing.sharp(
                TIME_EDGES * MICROSECOND,
                lambda time: time_efficiency(time / MICROSECOND),
                _TIME_STEP * MICROSECOND,
            ),
        ),
    )
    return Release(channels=(run,), nuisances=NUISANCES, citation="arXiv:2110.07730, with its data")


def time_efficiency(time: FloatArray) -> FloatArray:
    """Efficiency at a time in μs: 1 before 0.52, exp(−0.0494 (t − 0.52)) after (2110.07730)."""
    return np.asarray(np.exp(-0.0494 * np.maximum(time - 0.52, 0.0)))


def efficiency(pe: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Efficiency a/(1 + exp(−b (x − c))) + d at x photoelectrons, zero where that is negative."""
    a, b, c, d = coefficients
    return np.asarray(np.maximum(a / (1.0 + np.exp(-b * (pe - c))) + d, 0.0))


def visible_energy(energy_recoil: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Electron-equivalent energy a T + b T² + c T³ + d T⁴ of a recoil, T in MeV.

    Parameters
    ----------
    energy_recoil : ndarray, shape (n,)
        Energies.
    coefficients : ndarray, shape (4,)

    Returns
    -------
    ndarray, shape (n,)
        Energies.
    """
    t = energy_recoil / MEV
    return np.asarray(MEV * np.polynomial.polynomial.polyval(t, [0.0, *coefficients]))


def spread(pe: FloatArray, energy_ee: FloatArray) -> FloatArray:
    """Density of the photoelectrons of an energy, a gamma distribution.

    P(x) = (a (1 + b))^{1+b}/Γ(1 + b) x^b e^{−a(1+b)x} with a = 0.0749/E and b = 9.56 E, E in keVee
    (2110.07730); its mean is 1/a.

    Parameters
    ----------
    pe : ndarray
        x, photoelectrons.
    energy_ee : ndarray
        Energies; broadcasts with `pe`.

    Returns
    -------
    ndarray
        Per photoelectron.
    """
    e = energy_ee / KEV
    shape = 1.0 + 9.56 * e
    rate = 0.0749 / e * shape
    log = xlogy(shape, rate) - gammaln(shape) + xlogy(shape - 1.0, pe) - rate * pe
    return np.asarray(np.exp(log))


def _probabilities(files: Files) -> FloatArray:
    """Response at its anchors, shape (anchors, energies, bins of photoelectrons)."""
    seen, light = _curves(files, _EFFICIENCY, 3), _curves(files, _SCINTILLATION, 5)
    where = files.where(_SCINTILLATION)
    x, weights = gauss_legendre(_NODES, PE_EDGES[:-1], PE_EDGES[1:])
    spreads = []
    for coefficients in light:
        visible = visible_energy(ENERGIES, coefficients)
        if not (visible[0] > 0.0 and (np.diff(visible) > 0.0).all()):
            raise TableError(f"{where}: a curve does not rise with the recoil energy; {REMEDY}")
        spreads.append(spread(x[None], visible[:, None, None]) * weights)
    efficiencies = [efficiency(x, coefficients) for coefficients in seen]
    if not all(0.0 < e.max() <= 1.0 for e in efficiencies):
        raise TableError(f"{files.where(_EFFICIENCY)}: is not between 0 and 1; {REMEDY}")
    nominal, *others = spreads
    # the files have +1 before −1; the axis has rising values of each parameter
    pairs = [(nominal, efficiencies[0])]
    pairs += [(nominal, e) for e in (efficiencies[2], efficiencies[1])]
    pairs += [(others[k], efficiencies[0]) for k in (1, 0, 3, 2)]
    return np.stack([(each * e).sum(axis=-1) for each, e in pairs])


def _curves(files: Files, name: str, curves: int) -> FloatArray:
    """Coefficients of the nominal curve, and of its variations by +1 and −1."""
    found = read_numbers(files, name, 4)
    if len(found) != curves:
        raise TableError(f"{files.where(name)}: has {len(found)} curves, not {curves}; {REMEDY}")
    return found


def _binned(files: Files, name: str) -> FloatArray:
    """Events per bin of a list of events, shape (bins of photoelectrons, bins of time)."""
    counts, _ = np.histogramdd(read_numbers(files, name, 2), (PE_EDGES, TIME_EDGES))
    if not counts.any():
        raise TableError(f"{files.where(name)}: has no events in the bins; {REMEDY}")
    return np.asarray(counts)


def _steady(counts: FloatArray) -> FloatArray:
    """Steady events per bin: the product of their distributions in both observables."""
    product = counts.sum(axis=1)[:, None] * counts.sum(axis=0) / counts.sum()
    return np.asarray(product.ravel())


def _neutrons(files: Files, kind: str) -> FloatArray:
    """Neutrons per bin, from distributions at centres of equal steps in PE and μs."""
    shares = [
        _share(files, f"{kind}PE.txt", PE_EDGES, 1.0),
        _share(files, f"{kind}Trec.txt", TIME_EDGES, 0.01),
    ]
    return np.asarray(EXPECTED[kind] * np.multiply.outer(*shares).ravel())


def _share(files: Files, name: str, edges: FloatArray, step: float) -> FloatArray:
    """Share in each bin of all that is in the bins."""
    where = files.where(name)
    centres, density = read_numbers(files, name, 2).T
    if centres.size < 2 or not np.allclose(np.diff(centres), step):
        raise TableError(f"{where}: is not in steps of {step:g}; {REMEDY}")
    if centres[0] > edges[0] + step or centres[-1] < edges[-1] - step or (density < 0.0).any():
        raise TableError(f"{where}: is no distribution up to {edges[-1]:g}; {REMEDY}")
    # a step that an edge divides belongs to both bins
    below = np.concatenate([[0.0], np.cumsum(density)])
    steps = np.append(centres - 0.5 * step, centres[-1] + 0.5 * step)
    inside = np.diff(np.interp(edges, steps, below))
    if not inside.any():
        raise TableError(f"{where}: is empty in the bins; {REMEDY}")
    return np.asarray(inside / inside.sum())


DEFINITION = Definition(
    name="coherent-csi",
    read=read,
    description="COHERENT, CEvNS on caesium iodide, arXiv:2110.07730",
    target="CsI",
    uses=(
        _EVENTS,
        _STEADY,
        _SCINTILLATION,
        _EFFICIENCY,
        *(f"{kind}{axis}.txt" for kind in EXPECTED for axis in ("PE", "Trec")),
    ),
    proton_time=YEAR,
    version=1,
)
