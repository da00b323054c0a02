"""Export to pyhf: the same expectation, likelihood, limits and significances there and here."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from released_files import official_release, read_release
from upscatter.errors import PhysicsError
from upscatter.interactions.dipole import Dipole
from upscatter.limits.counting import counting_model
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.asymptotics import discovery, strength_statistic
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.upper_limits import upper_limit
from upscatter.statistics.workspace import MODIFIER_SETTINGS, workspace
from upscatter.units import MEV

pyhf = pytest.importorskip("pyhf", reason="pyhf is an optional extra")

# pyhf 0.7's validator
pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated")

ONES = np.array([-1.0, 0.0, 1.0])
SIGNAL = np.array([2.0, 5.0, 3.0, 0.0])
SOLAR = np.array([20.0, 12.0, 6.0, 0.0])
CATHODE = np.array([30.0, 24.0, 15.0, 8.0])
TILT = np.array([4.0, 1.0, -1.5, -2.0])


def template_model(bend=0.0, shared=None):
    """A flux that the signal shares, a normalisation, and a shape that may be lopsided."""
    templates = np.stack([CATHODE - TILT, CATHODE, CATHODE + TILT]) + bend * np.abs(ONES)[:, None]
    rocks = np.array([1.0, 2.0, 3.0, 4.0])
    return BinnedModel(
        SIGNAL,
        {"solar": SOLAR, "cathode": CATHODE, "rocks": rocks},
        (
            Normalisation("flux 8B", {"signal": 0.1, "solar": 0.1} if shared is None else shared),
            Normalisation("rocks", {"rocks": 0.4}),
        ),
        (Shape("tilt", ONES, {"cathode": templates}),),
    )


def product_model(sigma):
    """Two normalisations on each of two samples, one of which has a shape as well."""
    templates = np.stack([CATHODE - TILT, CATHODE, CATHODE + TILT])
    return BinnedModel(
        SIGNAL,
        {"solar": SOLAR, "cathode": CATHODE},
        (
            Normalisation("flux", {"signal": 2.0 * sigma, "solar": 2.0 * sigma}),
            Normalisation("exposure", {"signal": sigma, "solar": sigma, "cathode": sigma}),
        ),
        (Shape("tilt", ONES, {"cathode": templates}),),
    )


def imported(exported):
    """pyhf's model and data from the text of a workspace, which it finds valid."""
    there = pyhf.Workspace(json.loads(json.dumps(exported)))
    model = there.model(modifier_settings=MODIFIER_SETTINGS)
    return model, there.data(model)


def translated(theirs, model, parameters, reference=1.0, poi="strength"):
    """Our parameters in pyhf's order; parameters that act on nothing are not there."""
    values = dict(zip(model.names, parameters[1:], strict=True))
    values[poi] = parameters[0] / reference
    return np.array([values[name] for name in theirs.config.par_order])


def expected_there(exported, model, parameters, reference=1.0):
    theirs, _ = imported(exported)
    return np.array(
        [theirs.expected_actualdata(translated(theirs, model, p, reference)) for p in parameters]
    )


def random_parameters(model, reach, sets=25, seed=1):
    rng = np.random.default_rng(seed)
    z = rng.uniform(-reach, reach, (sets, len(model.names)))
    return np.concatenate([rng.uniform(0.0, 3.0, (sets, 1)), z], axis=1)


def test_the_expectation_is_the_same():
    """At any parameters where each sample has one factor, or a shape with opposite templates."""
    model = template_model()
    points = random_parameters(model, 4.0)
    points[:, 3] = points[:, 3].clip(-2.5, 2.5)  # counts are not negative
    there = expected_there(workspace(model, model.observe(SOLAR)), model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)


def counting(mass):
    """`ge-nextgen` at a mass in MeV."""
    model = Model(Scenario.load("ge-nextgen"))
    signals = model.experiment.counts(Dipole(), model.signal.flux, mass * MEV)
    return counting_model(model.expectation, signals)


def test_the_expectation_of_a_scenario_is_the_same():
    model = counting(0.01)
    points = random_parameters(model, 4.0)
    points[:, 0] *= 1e-18
    data = model.observe(model.expected(np.zeros(1 + len(model.names))))
    exported = workspace(model, data, reference=1e-18)
    there = expected_there(exported, model, points, 1e-18)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)


def test_a_factor_may_vanish_and_change_sign():
    """σ > 1: 1 + σz below zero, as far as other samples allow, and a bound where it vanishes."""
    wide = Normalisation("wide", {"signal": 0.5, "solar": 1.5})
    model = BinnedModel(SIGNAL, {"solar": SOLAR, "cathode": CATHODE}, (wide,))
    exported = workspace(model, model.observe(CATHODE))
    points = random_parameters(model, 1.2)
    assert (model.expected(points) > 0.0).all()
    assert points[:, 1].min() < -1.0 / 1.5
    there = expected_there(exported, model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)
    theirs, _ = imported(exported)
    bounds = theirs.config.suggested_bounds()[theirs.config.par_order.index("wide")]
    assert tuple(bounds) == (-1.0 / 1.5, 5.0)


def test_a_lopsided_shape_deviates_as_documented():
    """By 0.175 of the second difference at most within |z| ≤ 1, and by (|z| − 1) of it beyond."""
    bend = 1.5
    model = template_model(bend)
    z = np.concatenate([np.linspace(-1.0, 1.0, 201), [-2.0, 2.0]])
    points = np.zeros((z.size, 4))
    points[:, 3] = z
    exported = workspace(model, model.observe(CATHODE))
    off = expected_there(exported, model, points) - model.expected(points)
    np.testing.assert_allclose(off[[0, 100, 200]], 0.0, atol=1e-12)
    assert np.abs(off[:201]).max() == pytest.approx(0.175 * bend, rel=1e-3)
    np.testing.assert_allclose(off[201:], -bend, rtol=1e-12)


@pytest.mark.parametrize(("code", "largest"), [("code0", 0.25), ("code2", 0.0)])
def test_other_interpolations_are_farther_off(code, largest):
    """Why code4p: code0 has a kink, code2 is ours within |z| ≤ 1 and jumps just beyond."""
    bend = 1.5
    model = template_model(bend)
    settings = {**MODIFIER_SETTINGS, "histosys": {"interpcode": code}}
    exported = workspace(model, model.observe(CATHODE))
    theirs = pyhf.Workspace(exported).model(modifier_settings=settings)
    points = np.zeros((103, 4))
    points[:, 3] = [*np.linspace(-1.0, 1.0, 101), -1.0 - 1e-9, 1.0 + 1e-9]
    there = [theirs.expected_actualdata(translated(theirs, model, p)) for p in points]
    off = np.abs(np.array(there) - model.expected(points))
    assert off[:101].max() == pytest.approx(largest * bend, abs=1e-12)
    if code == "code2":
        np.testing.assert_allclose(off[101], bend, rtol=1e-6)
        np.testing.assert_allclose(off[102], np.abs(TILT + bend), rtol=1e-6)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.25])
def test_products_deviate_as_documented(sigma):
    """0.1 σ² of a second factor within |z| ≤ 1, none at −1, 0 and 1, and σ² at ±2."""
    model = product_model(sigma)
    exported = workspace(model, model.observe(CATHODE))
    at = np.array(np.meshgrid([0.0, 2.0], *3 * [ONES])).reshape(4, -1).T
    here = model.expected(at)
    np.testing.assert_allclose(expected_there(exported, model, at), here, rtol=1e-12)
    points = random_parameters(model, 1.0, 200)
    here = model.expected(points)
    off = (expected_there(exported, model, points) - here) / model.expected(points * [1, 1, 0, 1])
    assert 0.08 * sigma**2 < np.abs(off).max() < 0.11 * sigma**2
    far = np.array([[1.0, 0.0, 2.0, 0.0], [1.0, 0.0, -2.0, 0.0]])
    difference = expected_there(exported, model, far) - model.expected(far)
    nominal = model.expected(np.array([1.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(difference, sigma**2 * np.tile(nominal, (2, 1)), rtol=1e-9)


def test_a_second_wide_factor_lacks_its_product():
    model = BinnedModel(
        SIGNAL, {"b": CATHODE},
        (Normalisation("n", {"b": 1.2}), Normalisation("m", {"b": 1.1})),
    )  # fmt: skip
    exported = workspace(model, model.observe(CATHODE))
    points = np.array([[1.0, 0.3, 0.0], [1.0, 0.0, 0.4], [1.0, 0.3, 0.4]])
    off = expected_there(exported, model, points) - model.expected(points)
    np.testing.assert_allclose(off[:2], 0.0, atol=1e-12)
    np.testing.assert_allclose(off[2], -1.2 * 0.3 * 1.1 * 0.4 * CATHODE, rtol=1e-12)


def test_an_exponential_shape_is_a_factor():
    """Templates at −3 to 3 that grow by a ratio: straight from ±1 they would be far off."""
    shifts = np.arange(-3.0, 4.0)
    templates = CATHODE * np.exp(0.3 * shifts)[:, None]
    model = BinnedModel(SIGNAL, {"b": CATHODE}, (), (Shape("s", shifts, {"b": templates}),))
    exported = workspace(model, model.observe(CATHODE))
    points = np.stack([np.zeros(7), shifts], axis=1)
    there = expected_there(exported, model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)
    np.testing.assert_allclose(there, CATHODE * np.exp(0.3 * shifts)[:, None], rtol=1e-12)


def test_a_straight_shape_stays_straight():
    """Templates at −3 to 3 that grow by equal steps are one change of counts."""
    shifts = np.arange(-3.0, 4.0)
    templates = CATHODE + np.outer(shifts, TILT)
    model = BinnedModel(SIGNAL, {"b": CATHODE}, (), (Shape("s", shifts, {"b": templates}),))
    points = random_parameters(model, 3.5)
    there = expected_there(workspace(model, model.observe(CATHODE)), model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)


def test_a_bent_shape_is_met_at_one_deviation():
    shifts = np.arange(-3.0, 4.0)
    templates = (CATHODE + np.outer(shifts, TILT)) * np.exp(0.2 * shifts)[:, None]
    model = BinnedModel(SIGNAL, {"b": CATHODE}, (), (Shape("s", shifts, {"b": templates}),))
    exported = workspace(model, model.observe(CATHODE))
    points = np.stack([np.zeros(7), shifts], axis=1)
    there = expected_there(exported, model, points)
    np.testing.assert_allclose(there[2:5], templates[2:5], rtol=1e-12)
    straight = CATHODE + np.abs(shifts)[:, None] * (templates[[2, 2, 2, 3, 4, 4, 4]] - CATHODE)
    assert ((there - templates) ** 2).sum() < 0.05 * ((straight - templates) ** 2).sum()


def test_shifts_without_unit_steps():
    """Templates at −2, 0 and 2: those at ±1 come from our interpolation."""
    shifts = np.array([-2.0, 0.0, 2.0])
    templates = np.stack([CATHODE - 2 * TILT, CATHODE, CATHODE + 2 * TILT])
    model = BinnedModel(SIGNAL, {"b": CATHODE}, (), (Shape("s", shifts, {"b": templates}),))
    points = random_parameters(model, 2.5)
    there = expected_there(workspace(model, model.observe(CATHODE)), model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)


def test_the_likelihood_is_the_same():
    """−2 ln L differs from pyhf's by the same number at all parameters, constraints included."""
    model = template_model()
    data = model.observe([54.0, 33.0, 24.0, 9.0], [0.4, -0.2, 0.7])
    theirs, observed = imported(workspace(model, data))
    points = random_parameters(model, 1.5, 30)
    there = np.array(
        [-2.0 * theirs.logpdf(translated(theirs, model, p), observed).item() for p in points]
    )
    one = model.observe(np.tile(data.counts, (30, 1)), np.tile(data.auxdata, (30, 1)))
    here = model.deviance(points, one)
    np.testing.assert_allclose(there - there[0], here - here[0], rtol=1e-10, atol=1e-10)


@pytest.fixture
def exact_fits():
    """pyhf's default optimiser with a smaller tolerance."""
    before = pyhf.get_backend()
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-13))
    yield
    pyhf.set_backend(*before)


def limits_there(exported, highest, precision=1e-6):
    """pyhf's CL_s limits at 90 %, observed and expected.

    Its scan is called by itself, for `upper_limit` of pyhf 0.7.6 does not hand `level` on to it;
    it does not begin at 0, where pyhf divides by √q_A = 0.
    """
    theirs, observed = imported(exported)
    limit, bands = pyhf.infer.intervals.upper_limits.toms748_scan(
        observed, theirs, 0.05, highest, level=0.1, rtol=precision
    )
    return float(limit), np.array([float(band) for band in bands])


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("mass", [0.01, 8.0])
def test_limits_of_a_scenario(mass, seed):
    """Asimov data, and a data set that fluctuates; strengths are near 1e-18."""
    model = counting(mass)
    counts = model.expected(np.zeros(1 + len(model.names)))
    if seed is not None:
        counts = np.random.default_rng(seed).poisson(counts)
    data = model.observe(counts)
    bands = expected_limit(model, data, 0.90)
    assert 1e-19 < bands[2] < 1e-17
    exported = workspace(model, data, reference=bands[2])
    observed, expected = limits_there(exported, 6.0)
    limit = float(upper_limit(model, data, 0.90).require("limit"))
    assert bands[2] * observed == pytest.approx(limit, rel=1e-6)
    np.testing.assert_allclose(bands[2] * expected, bands, rtol=1e-6)


COUNTS = [[54.0, 33.0, 24.0, 9.0], [40.0, 30.0, 22.0, 14.0], [66.0, 55.0, 33.0, 11.0]]


@pytest.mark.usefixtures("exact_fits")
@pytest.mark.parametrize("counts", COUNTS[1:])
def test_limits_of_a_template_model(counts):
    model = template_model()
    data = model.observe(counts, [0.3, 0.0, -0.2])
    observed, expected = limits_there(workspace(model, data), 8.0, 3e-6)
    limit = float(upper_limit(model, data, 0.90).require("limit"))
    assert observed == pytest.approx(limit, rel=1e-5)
    np.testing.assert_allclose(expected, expected_limit(model, data, 0.90), rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "precision"), [(product_model(0.05), 1e-3), (template_model(bend=1.0), 6e-3)]
)
def test_limits_of_products_and_a_lopsided_shape(model, precision):
    """Where pyhf's model is not ours to the last digit its limits are still close."""
    data = model.observe(COUNTS[0])
    observed, expected = limits_there(workspace(model, data), 8.0, 1e-4)
    limit = float(upper_limit(model, data, 0.90).require("limit"))
    assert observed == pytest.approx(limit, rel=precision)
    np.testing.assert_allclose(expected, expected_limit(model, data, 0.90), rtol=precision)


@pytest.mark.usefixtures("exact_fits")
@pytest.mark.parametrize("counts", COUNTS)
def test_statistics_and_p_values(counts):
    """q̃ of a tested strength, and q_0 with its p-value."""
    model = template_model()
    data = model.observe(counts)
    theirs, observed = imported(workspace(model, data))
    arguments = (observed, theirs, theirs.config.suggested_init(), theirs.config.suggested_bounds(),
                 theirs.config.suggested_fixed())  # fmt: skip
    found = discovery(model, data)
    q0 = float(pyhf.infer.test_statistics.q0(0.0, *arguments))
    assert q0 == pytest.approx(float(found.q0), rel=1e-4, abs=1e-6)
    p_value = float(pyhf.infer.hypotest(0.0, observed, theirs, test_stat="q0"))
    assert p_value == pytest.approx(float(found.p_value), rel=1e-4, abs=1e-4 * (q0 < 1e-6))
    tested = float(pyhf.infer.test_statistics.qmu_tilde(6.0, *arguments))
    here = float(strength_statistic(model, data, 6.0))
    assert tested == pytest.approx(here, rel=1e-4, abs=1e-6)


def test_channels_share_their_parameters():
    """Three runs of a detector: the same expectation, and samples only where they have counts."""
    runs = {"run 0": slice(0, 2), "run 1": slice(2, 4), "run 2": slice(4, 7)}
    first, second = np.zeros(7), np.zeros(7)
    first[:2], second[2:] = [3.0, 4.0], [5.0, 6.0, 7.0, 8.0, 0.0]
    morphed = np.stack([0.9 * second, second, 1.1 * second])
    model = BinnedModel(
        {"signal 0": first, "signal 1": second},
        {"b": np.arange(7.0), "empty": np.zeros(7)},
        (
            Normalisation("flux", {"signal 0": 0.1, "b": 0.1}),
            Normalisation("nothing", {"empty": 0.1}),
        ),
        (Shape("yield", ONES, {"signal 1": morphed}),),
    )
    data = model.observe(np.arange(7.0) + 2.0)
    exported = workspace(model, data, channels=runs, poi="mu")
    names = [[s["name"] for s in c["samples"]] for c in exported["channels"]]
    assert names == [["signal 0", "b"], ["signal 1", "b"], ["signal 1", "b"]]
    theirs, observed = imported(exported)
    assert sorted(theirs.config.par_order) == ["flux", "mu", "yield"]
    assert observed[:7] == data.counts.tolist()
    points = random_parameters(model, 1.0)
    there = [theirs.expected_actualdata(translated(theirs, model, p, poi="mu")) for p in points]
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12)


@pytest.mark.usefixtures("exact_fits")
def test_bins_and_channels_without_counts():
    """A bin that only the signal reaches, one that nothing reaches, and a channel of the latter."""
    model = BinnedModel(
        np.array([2.0, 0.0, 3.0, 0.0]), {"b": np.array([0.0, 0.0, 5.0, 0.0])},
        (Normalisation("n", {"b": 0.2}),),
    )  # fmt: skip
    data = model.observe([0.0, 0.0, 6.0, 0.0])
    parts = {"seen": slice(0, 3), "unseen": slice(3, 4)}
    exported = workspace(model, data, channels=parts)
    assert [len(c["samples"]) for c in exported["channels"]] == [2, 1]
    points = random_parameters(model, 2.0)
    there = expected_there(exported, model, points)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-12, atol=1e-300)
    observed, expected = limits_there(exported, 6.0, 1e-5)
    limit = float(upper_limit(model, data, 0.90).require("limit"))
    assert observed == pytest.approx(limit, rel=1e-4)
    np.testing.assert_allclose(expected, expected_limit(model, data, 0.90), rtol=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.floats(-18.0, 6.0))
def test_any_model_round_trips(seed, unit):
    rng = np.random.default_rng(seed)
    bins, sources = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    signals = {f"s{i}": 10.0**-unit * rng.uniform(0.1, 5.0, bins) for i in range(sources)}
    backgrounds = {f"b{i}": rng.uniform(1.0, 50.0, bins) for i in range(sources + 1)}
    fluxes = tuple(
        Normalisation(f"flux {i}", dict.fromkeys((f"s{i}", f"b{i}"), rng.uniform(0.0, 0.3)))
        for i in range(sources)
    )
    last = backgrounds[f"b{sources}"]
    change = 0.2 * last * rng.uniform(-1.0, 1.0, bins)
    shape = Shape("shape", ONES, {f"b{sources}": np.stack([last - change, last, last + change])})
    model = BinnedModel(signals, backgrounds, fluxes, (shape,))
    points = random_parameters(model, 3.0, 5, seed)
    points[:, 0] *= 10.0**unit
    data = model.observe(rng.poisson(sum(backgrounds.values())), rng.normal(size=sources + 1))
    exported = workspace(model, data, reference=10.0**unit)
    assert json.loads(json.dumps(exported)) == exported
    there = expected_there(exported, model, points, 10.0**unit)
    np.testing.assert_allclose(there, model.expected(points), rtol=1e-11)
    theirs, observed = imported(exported)
    assert observed[:bins] == data.counts.tolist()
    auxiliary = dict(zip(theirs.config.auxdata_order, theirs.config.auxdata, strict=True))
    auxdata = dict(zip(model.names, data.auxdata, strict=True))
    assert auxiliary == {name: auxdata[name] for name in auxiliary}


def test_the_workspace_reads_as_pyhf_writes_it():
    """Independent transcription of the format, pyhf's schema 1.0.0."""
    model = BinnedModel(
        np.array([2.0, 1.0]), {"b": np.array([8.0, 6.0])}, (Normalisation("n", {"b": 0.25}),)
    )
    data = model.observe([9.0, 7.0], [0.5])
    exported = workspace(model, data, reference=2.0, channel="counts", measurement="dipole")
    strength = {"name": "strength", "type": "normfactor", "data": None}
    change = {"hi_data": [10.0, 7.5], "lo_data": [6.0, 4.5]}
    assert exported["channels"] == [
        {
            "name": "counts",
            "samples": [
                {"name": "signal", "data": [4.0, 2.0], "modifiers": [strength]},
                {
                    "name": "b",
                    "data": [8.0, 6.0],
                    "modifiers": [{"name": "n", "type": "histosys", "data": change}],
                },
            ],
        }
    ]
    assert exported["observations"] == [{"name": "counts", "data": [9.0, 7.0]}]
    (measurement,) = exported["measurements"]
    assert measurement["name"] == "dipole"
    assert measurement["config"]["poi"] == "strength"
    poi, nuisance = measurement["config"]["parameters"]
    assert nuisance == {"name": "n", "inits": [0.5], "bounds": [[-4.0, 5.5]], "auxdata": [0.5]}
    assert poi["inits"] == [1.0]
    # (9 + 10·3 + 10)/2 counts of unit strength in the first bin, over the reference
    assert poi["bounds"] == [[0.0, pytest.approx(49.0 / 4.0)]]
    assert exported["version"] == "1.0.0"


def test_bounds_of_a_release():
    """A fit's limits go along, and a start outside them does not."""
    model = template_model()
    data = model.observe(COUNTS[0], [0.0, 0.0, 2.0])
    theirs, _ = imported(workspace(model, data, bounds={"tilt": (-1.5, 1.5)}))
    k = theirs.config.par_order.index("tilt")
    assert tuple(theirs.config.suggested_bounds()[k]) == (-1.5, 1.5)
    assert theirs.config.suggested_init()[k] == 1.5
    assert theirs.config.auxdata[theirs.config.auxdata_order.index("tilt")] == 2.0


def test_limits_of_a_release(reference):
    """XENONnT's S2-only search with the dipole's signal: CL_s at our limits, 0.1 there too."""
    release = read_release(official_release(reference))
    recast = ReleasedExperiment(Scattering(Scenario.load("xenonnt-s2only")), release)
    likelihood = recast.likelihood
    model = likelihood.model(recast.signals(5.0 * MEV))
    data = likelihood.observation(model)
    bands = expected_limit(model, data, 0.90)
    limit = float(upper_limit(model, data, 0.90).require("limit"))
    exported = workspace(model, data, reference=limit, channels=likelihood.channels)
    theirs, observed = imported(exported)
    assert theirs.config.channels == [*likelihood.channels]
    found = pyhf.infer.hypotest(1.0, observed, theirs)
    assert float(found) == pytest.approx(0.1, abs=0.005)
    _, expected = pyhf.infer.hypotest(bands[2] / limit, observed, theirs, return_expected_set=True)
    assert float(expected[2]) == pytest.approx(0.1, abs=0.002)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": 1e9}, "one of 22 gives many counts; give one nearby"),
        ({"reference": 1e-18}, "out of proportion"),
        ({"reference": np.nan}, "out of proportion"),
        ({"poi": "tilt"}, "'tilt' is a nuisance parameter"),
        ({"bounds": {"b": (-1.0, 1.0)}}, "of flux 8B, rocks, tilt"),
        ({"bounds": {"tilt": (1.0, -1.0)}}, "give finite ones, the lesser first"),
        ({"bounds": {"tilt": (-np.inf, 1.0)}}, "give finite ones"),
        ({"channels": {"a": slice(0, 2)}}, "channels a hold 2 bins, not each of the 4"),
        ({"channels": {"a": slice(0, 3), "b": slice(2, 4)}}, "channels a, b hold 5 bins"),
    ],
)
def test_bad_input(options, words):
    model = template_model()
    with pytest.raises(PhysicsError, match=words):
        workspace(model, model.observe(COUNTS[0]), **options)


def test_one_data_set():
    model = template_model()
    with pytest.raises(PhysicsError, match="give one data set"):
        workspace(model, model.observe(COUNTS))


def test_a_surface_is_the_sum_of_the_changes_along_its_axes():
    ends = np.array([-1.0, 0.0, 1.0])
    first, second = np.multiply.outer(ends, [0.5, -0.2]), np.multiply.outer(ends, [-0.3, 0.6])
    counts = 9.0 + first[:, None] + second[None]
    joint = Surface(("yield", "field"), (ends, ends), {"b": counts})
    model = BinnedModel(np.array([1.0, 2.0]), {"b": np.full(2, 9.0)}, (), (joint,))
    theirs, _ = imported(workspace(model, model.observe([9.0, 9.0])))
    point = {"strength": 1.5, "yield": 0.4, "field": -0.7}
    there = theirs.expected_actualdata([point[name] for name in theirs.config.par_order])
    np.testing.assert_allclose(there, model.expected(np.array([*point.values()])), rtol=1e-12)


def test_a_purely_joint_change_is_refused():
    ends = np.array([-1.0, 0.0, 1.0])
    counts = (9.0 + np.multiply.outer(ends, ends))[..., None]
    joint = Surface(("yield", "field"), (ends, ends), {"b": counts})
    model = BinnedModel(np.ones(1), {"b": np.full(1, 9.0)}, (), (joint,))
    with pytest.raises(PhysicsError, match="'yield, field': pyhf has no joint change"):
        workspace(model, model.observe([9.0]))


def test_bounds_of_the_model_are_those_of_the_workspace():
    model = template_model().bounded({"tilt": (-0.5, 1.5)})
    exported = workspace(model, model.observe(COUNTS[1]))
    (measured,) = exported["measurements"]
    entries = {entry["name"]: entry["bounds"] for entry in measured["config"]["parameters"]}
    assert entries["tilt"] == [[-0.5, 1.5]]
    assert all(high > 4.0 for name, [[_, high]] in entries.items() if name != "tilt")
