"""COHERENT's measurement of CEvNS on liquid argon, analysis A: arXiv:2006.12659.

Events are counted in energy (keVee), in F90, the share of light within 90 ns, and in time after the
beginning of a pulse of the SNS: 12 × 8 × 10 bins (DOI 10.5281/zenodo.3903810). Backgrounds and
their variations are the release's distributions, with the numbers and errors that it predicts.
CEvNS is computed: recoils with the release's quenching, resolution and efficiency, and at each
observed energy the distribution of F90 that the release's own CEvNS has there. A dipole has the
same. Times are those of each flux, so that the prompt ν_μ have lower energies than the others; in
the release's own CEvNS energy and time are independent.

A variation that the release gives in one direction only, the spread of the neutrons' times and
the time of the neutrinos, has a parameter that is never negative. The variations of the neutrons
have the nominal number of events, which has a parameter of its own.

The exposure is the fiducial mass times one year by convention: the release counts protons, not
time, and a scenario says that its 1.38e23 protons come in one year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from scipy.special import ndtr

from upscatter.errors import TableError
from upscatter.numerics import FloatArray
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
from upscatter.releases.tables import read_numbers, read_yaml
from upscatter.releases.times import Timing
from upscatter.units import KEV, KG, MICROSECOND, NANOSECOND, YEAR

SHAPE = (12, 8, 10)
ENERGY_EDGES = np.linspace(0.0, 120.0, 13)
F90_EDGES = np.linspace(0.5, 0.9, 9)
TIME_EDGES = np.linspace(-0.1, 4.9, 11)

ENERGIES = np.arange(0.5, 160.01, 0.5) * KEV
"""Recoil energies of the response, up to those of 53 MeV neutrinos."""

F90, DELAY, ACCEPTANCE = "F90", "time of neutrinos", "acceptance"
BEAM_ENERGY, BEAM_MEAN, BEAM_WIDTH = "neutron energy", "neutron time", "neutron spread"

PARAMETERS = "LArParametersAnlA.yaml"
EFFICIENCY = "CENNS10AnlAEfficiency.txt"
DATA = "datanobkgsub.txt"
STEADY, LATE = "bkgpdf.txt", "delbrnpdf.txt"
BEAM, RECOILS = "brnpdf{}.txt", "cevnspdf{}.txt"

_BOTH, _ONE = (-1.0, 0.0, 1.0), (0.0, 0.5, 1.0)  # of a parameter with two variations, and with one
_BEAM_ANCHORS = Anchors((BEAM_ENERGY, BEAM_MEAN, BEAM_WIDTH), (_BOTH, _BOTH, _ONE), separate=True)
_RECOIL_ANCHORS = Anchors((F90, DELAY), (_BOTH, _ONE), separate=True)
_TIME_STEP = 0.01
_FEW = 0.01  # events: an energy with fewer in the release's CEvNS has the F90 of the one below
_FINE = 40  # steps of observed energy in a bin


def read(files: Files) -> Release:
    """Read the files of the release.

    Parameters
    ----------
    files : Files
        Of the release.

    Raises
    ------
    TableError
        If a file is missing or wrong, or a package that reads it is not installed; the message
        names it.
    """
    known = Parameters(files.where(PARAMETERS), read_yaml(files, PARAMETERS))
    exposure = known.value("fiducialMass") * KG * YEAR
    sources = {
        "steady": ("ssBackground", _histogram(files, STEADY), Anchors(), "steady state"),
        "prompt": (
            "promptBeamRelatedNeutron",
            _beam(files),
            _BEAM_ANCHORS,
            "prompt neutrons of the beam",
        ),
        "delayed": (
            "delayedBeamRelatedNeutron",
            _histogram(files, LATE),
            Anchors(),
            "delayed neutrons of the beam",
        ),
    }
    backgrounds, nuisances = [], []
    for name, (key, shape, anchors, label) in sources.items():
        expected = known.value(f"{key}PredictionNormalization")
        error = known.value(f"{key}PredictionNormalization", "uncertainty")
        rates = expected * shape.reshape(*anchors.shape, -1) / shape.sum(axis=(-3, -2, -1)).max()
        scale = f"{name} background"
        backgrounds.append(Template(name, rates / exposure, (scale,), anchors, label))
        nuisances.append(Nuisance(scale, 1.0, error / expected, 0.0, 6.0))
    nuisances.append(Nuisance(ACCEPTANCE, 1.0, known.acceptance_error, 0.0, 3.0))
    both, one = (F90, BEAM_ENERGY, BEAM_MEAN), (DELAY, BEAM_WIDTH)
    nuisances += [Nuisance(name, 0.0, 1.0, -3.0, 3.0) for name in both]
    nuisances += [Nuisance(name, 0.0, 1.0, 0.0, 3.0) for name in one]
    run = Channel(
        name="LAr",
        exposure=exposure,
        axes=(
            Axis("energy", "keVee", ENERGY_EDGES),
            Axis("F90", "", F90_EDGES),
            Axis("time", "us", TIME_EDGES),
        ),
        observed=_histogram(files, DATA).ravel(),
        backgrounds=tuple(backgrounds),
        response=_response(files, known),
    )
    return Release(
        channels=(run,),
        nuisances=tuple(nuisances),
        citation="arXiv:2006.12659; data: DOI 10.5281/zenodo.3903810",
    )


@dataclass(frozen=True)
class Parameters:
    """Content of `LArParametersAnlA.yaml`.

    Parameters
    ----------
    where : str
        The file, for error messages.
    content : mapping
    """

    where: str
    content: object

    def value(self, key: str, field: str = "value", name: str | None = None) -> float:
        """A positive number of an entry, or of the parameter `name` of an entry.

        Raises
        ------
        TableError
            If it is not there.
        """
        entry = self.content.get(key) if isinstance(self.content, Mapping) else None
        if name is not None:
            listed = entry.get("parameters") if isinstance(entry, Mapping) else None
            listed = listed if isinstance(listed, list) else []
            named = (p for p in listed if isinstance(p, Mapping) and p.get("name") == name)
            entry = next(named, None)
        found = entry.get(field) if isinstance(entry, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found < 1e12:
            which = " ".join(filter(None, (key, name, field)))
            raise TableError(f"{self.where}: has no positive number {which}; {REMEDY}")
        return float(found)

    @cached_property
    def acceptance_error(self) -> float:
        """Relative error of the number of CEvNS events without that of the flux, 8.7 %."""
        cevns, flux = (
            self.value(key, field="uncertainty") / self.value(key)
            for key in ("cevnsPredictionNormalization", "neutrinosPerProton")
        )
        if not cevns > flux:
            raise TableError(
                f"{self.where}: cevnsPredictionNormalization is known better than the flux; "
                f"{REMEDY}"
            )
        return float(np.sqrt(cevns**2 - flux**2))


def _response(files: Files, known: Parameters) -> Response:
    """Recoils in bins of energy and F90, at the anchors; and of time."""
    in_energy = observed_energy(
        visible_energy(ENERGIES, known),
        known.value("energyResolution", name="a"),
        _efficiency(files),
    )
    f90 = [_f90(files, variation) for variation in ("", "-1sigF90", "+1sigF90")]
    every = np.stack([in_energy[:, :, None] * shares for shares in f90])
    probabilities = every[[0, 1, 2, 0, 0]].reshape(5, ENERGIES.size, -1)
    latest = known.value("snsPOTTraceTiming", "uncertainty", "a") * NANOSECOND
    return Response(
        ENERGIES,
        probabilities,
        (ACCEPTANCE,),
        _RECOIL_ANCHORS,
        Timing.sharp(
            TIME_EDGES * MICROSECOND,
            np.ones_like,
            _TIME_STEP * MICROSECOND,
            latest * np.array([0.0, 0.0, 0.0, *_ONE[1:]]),
        ),
    )


def visible_energy(energy_recoil: FloatArray, known: Parameters) -> FloatArray:
    """Electron-equivalent energy (a + b T) T of a recoil, in keVee."""
    a, b = (known.value("larQF", name=name) for name in "ab")
    t = energy_recoil / KEV
    return np.asarray((a + b * t) * t)


def observed_energy(
    energy_ee: FloatArray, resolution: float, efficiency: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Probability of each bin of observed energy.

    A Gaussian of σ = a √E, times the efficiency at the observed energy: linear between the
    centres of its table, zero below the first and constant above the last.

    Parameters
    ----------
    energy_ee : ndarray, shape (n,)
        keVee.
    resolution : float
        a, in √keVee.
    efficiency : tuple of ndarray
        Energies in keVee, and the efficiency there.

    Returns
    -------
    ndarray, shape (n, bins)
    """
    fine = np.linspace(ENERGY_EDGES[0], ENERGY_EDGES[-1], _FINE * SHAPE[0] + 1)
    sigma = resolution * np.sqrt(energy_ee)
    below = ndtr((fine - energy_ee[:, None]) / sigma[:, None])
    seen = np.interp(0.5 * (fine[1:] + fine[:-1]), *efficiency, left=0.0)
    return np.asarray((np.diff(below, axis=1) * seen).reshape(-1, SHAPE[0], _FINE).sum(axis=2))


def _efficiency(files: Files) -> tuple[FloatArray, FloatArray]:
    where = files.where(EFFICIENCY)
    energies, _, values = read_numbers(files, EFFICIENCY, 3).T
    if energies.size < 2 or not (np.diff(energies) > 0.0).all():
        raise TableError(f"{where}: has no rising energies; {REMEDY}")
    if not (((values >= 0.0) & (values <= 1.0)).all() and values.any()):
        raise TableError(f"{where}: is not between 0 and 1; {REMEDY}")
    return energies, values


def _f90(files: Files, variation: str) -> FloatArray:
    """Distribution of F90 at each observed energy, shape (energies, bins of F90).

    With a variation its sum is the change of the number at this energy, else 1.
    """
    nominal = _histogram(files, RECOILS.format("")).sum(axis=2)
    varied = _histogram(files, RECOILS.format(variation)).sum(axis=2)
    numbers = nominal.sum(axis=1)
    shares = np.zeros_like(nominal)
    for row, number in enumerate(numbers):
        if number > _FEW:
            shares[row] = varied[row] / number
        elif row == 0:
            raise TableError(
                f"{files.where(RECOILS.format(''))}: has no events in the first bin of energy; "
                f"{REMEDY}"
            )
        else:
            shares[row] = shares[row - 1]
    return np.asarray(shares)


def _beam(files: Files) -> FloatArray:
    """Distributions of prompt neutrons at their anchors, each with the nominal number of events."""
    shapes = [
        _histogram(files, BEAM.format(variation))
        for variation in (
            "", "-1sigEnergy", "+1sigEnergy", "-1sigBRNTimingMean", "+1sigBRNTimingMean",
            "BRNTimingWidthSyst",
        )
    ]  # fmt: skip
    shapes = [shape / shape.sum() for shape in shapes]
    shapes.insert(-1, 0.5 * (shapes[0] + shapes[-1]))
    return np.stack(shapes)


def _histogram(files: Files, name: str) -> FloatArray:
    """A histogram of the release, shape (energies, F90, times), of rows of centres and content."""
    where = files.where(name)
    table = read_numbers(files, name, 4)
    edges = ENERGY_EDGES, F90_EDGES, TIME_EDGES
    axes = np.meshgrid(*(0.5 * (e[1:] + e[:-1]) for e in edges), indexing="ij")
    centres = np.stack([axis.ravel() for axis in axes], axis=1)
    if table.shape[0] != len(centres) or not np.allclose(table[:, :3], centres, atol=1e-6):
        bins = " x ".join(map(str, SHAPE))
        raise TableError(f"{where}: has other bins than the {bins} of analysis A; {REMEDY}")
    counts = table[:, 3]
    if (counts < 0.0).any() or not counts.any():
        raise TableError(f"{where}: has negative entries, or none above zero; {REMEDY}")
    return np.asarray(counts.reshape(SHAPE))


_VARIATIONS = MappingProxyType(
    {
        BEAM: ("", "?1sigEnergy", "?1sigBRNTimingMean", "BRNTimingWidthSyst"),
        RECOILS: ("", "?1sigF90"),
    }
)

DEFINITION = Definition(
    name="coherent-lar",
    read=read,
    description="COHERENT, CEvNS on liquid argon, analysis A, arXiv:2006.12659",
    extra="coherent",
    target="Ar",
    uses=(
        *(PARAMETERS, EFFICIENCY, DATA, STEADY, LATE),
        *(file.format(each) for file, names in _VARIATIONS.items() for each in names),
    ),
    proton_time=YEAR,
    version=1,
)
