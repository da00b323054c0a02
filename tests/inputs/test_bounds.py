"""The catalogue of published limits: sources, shapes, numbers of the papers, no extrapolation."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from math import pi, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from upscatter.constants import ALPHA, ELECTRON_MASS
from upscatter.errors import UpscatterError
from upscatter.inputs.bounds import KINDS, STATISTICS, TOPOLOGIES, Bound
from upscatter.inputs.catalogue import known_bound, known_bounds
from upscatter.units import GEV

PUBLISHED = known_bounds("published")


def named(bound):
    return bound.name


def test_every_row_that_is_asked_for_is_there():
    assert {bound.name for bound in PUBLISHED} == {
        "xenon1t-nr", "xenon1t-er", "borexino", "borexino-sk", "bbn", "cmb-lower", "cmb-upper",
        "sn1987a", "red-giants", "icecube", "lsnd-magill", "lsnd-e", "ship", "ship-e",
        "dune-nd-e", "dune-nd-mu", "charm-ii", "nomad", "minerva", "nd280", "sk-atm-e",
        "sk-atm-mu", "sk-atm-tau", "darwin",
    }  # fmt: skip


@pytest.mark.parametrize("bound", PUBLISHED, ids=named)
def test_a_row_is_complete(bound):
    assert bound.label
    assert bound.paper
    assert bound.process
    assert bound.convention
    assert bound.caveats
    assert bound.kind in KINDS
    assert bound.topology in TOPOLOGIES
    assert bound.statistic in STATISTICS
    assert len(bound.arxiv) == 10
    assert bound.confidence is None or 0.8 < bound.confidence < 1.0
    assert bound.mass.size == bound.mu.size >= 5
    assert (bound.mass > 0.0).all()
    assert ((bound.mu > 1e-14) & (bound.mu < 1e-1)).all()


@pytest.mark.parametrize("bound", PUBLISHED, ids=named)
def test_a_lower_edge_goes_from_mass_to_mass_and_a_region_does_not(bound):
    turns_back = bool((np.diff(bound.mass) < 0.0).any())
    assert turns_back == bound.is_region


@pytest.mark.parametrize("bound", PUBLISHED, ids=named)
def test_nothing_is_extrapolated(bound):
    low, high = bound.mass_range
    outside = np.array([0.999 * low, 1.001 * high])
    assert np.isnan(bound.lower_limit(outside)).all()
    assert not bound.excludes(outside, bound.mu.max()).any()


@pytest.mark.parametrize(
    ("name", "mass", "mu", "tolerance"),
    [
        # Red giants: 3e-12 for light neutrinos (Raffelt 1990, as hep-ph/0610388 quotes it).
        ("red-giants", 0.01, 3.0e-12, 0.2),
        # CHARM-II: the flat part of the curve in Coloma et al., arXiv:1707.08573.
        ("charm-ii", 2.0, 3.0e-9, 0.05),
        # Read off Fig. 2 of Brdar et al., arXiv:2007.15563, at the left of the figure.
        ("borexino", 0.02, 6.95e-11, 0.01),
        ("xenon1t-er", 0.02, 5.7e-11, 0.02),
        ("xenon1t-nr", 0.1, 1.1e-8, 0.02),
        ("darwin", 0.02, 9.5e-12, 0.02),
    ],
)
def test_numbers_of_the_papers(name, mass, mu, tolerance):
    assert_allclose(known_bound(name).lower_limit(mass), mu, rtol=tolerance)


def test_the_conversion_of_d_is_the_bohr_magneton():
    # mu = 2 d, and mu_B = e/(2 m_e) with e = sqrt(4 pi alpha): 296.3 per GeV.
    bohr = sqrt(4.0 * pi * ALPHA) / (2.0 * ELECTRON_MASS)
    assert_allclose(bohr * GEV, 296.3, rtol=1e-4)
    converted = [b.name for b in PUBLISHED if "296.3" in b.convention]
    assert "lsnd-e" in converted
    assert all("2 d" in known_bound(name).convention for name in converted)


def test_the_two_readings_of_lsnd_differ_by_two_and_say_so():
    mass = np.geomspace(1.1, 80.0, 50)
    strong, weak = known_bound("lsnd-magill"), known_bound("lsnd-e")
    ratio = weak.lower_limit(mass) / strong.lower_limit(mass)
    assert ratio.min() > 1.5
    assert ratio.max() < 2.3
    assert_allclose(np.median(ratio), 2.0, rtol=0.1)
    assert "lsnd-e" in strong.caveats
    assert "lsnd-magill" in weak.caveats


def test_ship_coincides_with_nothing_but_its_own_flavour():
    # The curve of Fig. 1 lies below the one for nu_e at low mass by what the caveats say.
    mass = np.array([2.0, 10.0])
    ratio = known_bound("ship-e").lower_limit(mass) / known_bound("ship").lower_limit(mass)
    assert (ratio > 1.3).all()


def test_the_supernova_excludes_a_closed_region():
    supernova = known_bound("sn1987a")
    assert supernova.topology == "closed"
    assert_array_equal(
        supernova.excludes(1.0, [4e-13, 1e-12, 1e-10, 4e-10, 6e-10, 1e-6]),
        [False, True, True, True, False, False],
    )
    assert not supernova.excludes(400.0, 1e-12)


def test_nucleosynthesis_leaves_a_tongue_free():
    # Late decays below, early relativistic ones above the quark-hadron transition's mu, between
    # them nothing (Brdar et al., Fig. 2); heavy nu_4 that decay early are free too.
    bbn = known_bound("bbn")
    assert_array_equal(bbn.excludes(0.3, [1e-12, 1e-11, 1e-10, 1e-8]), [True, False, True, True])
    assert_array_equal(bbn.excludes(10.0, [5e-13, 1e-11, 1e-9]), [True, False, False])
    assert_array_equal(bbn.excludes([0.02, 0.005], 1e-11), [True, False])


def test_recombination_has_two_branches():
    lower, upper = known_bound("cmb-lower"), known_bound("cmb-upper")
    mu = np.array([1e-11, 4e-10, 1e-9, 1e-7])
    assert_array_equal(lower.excludes(0.011, mu), [True, True, False, False])
    assert_array_equal(upper.excludes(0.011, mu), [False, False, False, True])


@pytest.mark.parametrize("name", ["sk-atm-e", "sk-atm-mu", "ship", "ship-e", "icecube"])
def test_a_wedge_is_open_to_low_masses_and_closed_above(name):
    wedge = known_bound(name)
    low, _ = wedge.mass_range
    nearest = wedge.lower_limit(1.01 * low)
    assert wedge.excludes(1.01 * low, 1.05 * nearest).all()
    tip = wedge.mass[wedge.mass.argmax()]
    assert not wedge.excludes(0.9 * tip, 1e-2)
    assert wedge.excludes(0.9 * tip, 1.1 * wedge.lower_limit(0.9 * tip)).all()


def test_the_limit_itself_is_on_the_excluded_side():
    borexino = known_bound("borexino")
    mass = np.array([0.2, 1.0])
    limit = borexino.lower_limit(mass)
    assert_array_equal(borexino.excludes(mass, 1.0001 * limit), [True, True])
    assert_array_equal(borexino.excludes(mass, 0.9999 * limit), [False, False])


def test_interpolation_is_a_power_law_between_vertices():
    bound = Bound(name="a", label="A", kind="measurement", mass=np.array([1.0, 100.0]),
                           mu=np.array([1e-8, 1e-10]))  # fmt: skip
    assert_allclose(bound.lower_limit(10.0), 1e-9, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("borexino", "Borexino_Brdar"),
        ("xenon1t-er", "XENON1T_ER_Brdar"),
        ("darwin", "DARWIN_proj_Brdar"),
        ("minerva", "MINERvA_numu_Kamp"),
        ("nd280", "ND280_numu_Liu"),
        ("dune-nd-mu", "DUNE_ND_mu_hi_Schwetz"),
        ("nomad", "NOMAD_Coloma"),
    ],
)
def test_thinning_keeps_what_a_figure_shows(reference, name, stem):
    rows = np.loadtxt(reference / "limits" / f"{stem}.csv", delimiter=",", skiprows=2)
    bound = known_bound(name)
    x, y = np.log(rows.T)
    vx, vy = np.log(bound.mass), np.log(bound.mu)
    # Distance of each reading from the chain: 2 % from thinning, 0.7 % from rounding.
    t = np.linspace(0.0, vx.size - 1.0, 20_001)
    cx, cy = np.interp(t, range(vx.size), vx), np.interp(t, range(vx.size), vy)
    distance = [np.hypot(cx - a, cy - b).min() for a, b in zip(x, y, strict=True)]
    assert max(distance) < 0.027
    assert bound.mass.size < max(0.6 * x.size, 17)


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(UpscatterError, match="did you mean 'borexino'"):
        known_bound("borexin")


def test_the_catalogue_cannot_be_changed():
    borexino = known_bound("borexino")
    with pytest.raises(FrozenInstanceError):
        borexino.name = "other"
    with pytest.raises(ValueError, match="read-only"):
        borexino.mu[0] = 1.0


def test_nothing_is_read_on_import():
    code = (
        "import tomllib; tomllib.loads = tomllib.load = None\n"
        "import upscatter.inputs.catalogue as b\n"
        "try: b.known_bounds()\n"
        "except TypeError: print('read on demand')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "read on demand\n"
