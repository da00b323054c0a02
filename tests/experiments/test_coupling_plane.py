"""The plane of two couplings: what a scenario with those couplings gives, one by one."""

import numpy as np
import pytest

from made_up_release import made_up_release
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.experiments.coupling_plane import CouplingPlane
from upscatter.experiments.released import Released
from upscatter.flux.coupling import FlavourSum
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.units import MEV

MASS = 2.0 * MEV
ANY = [(1.0, 0.0), (0.0, 1.0), (0.3, -1.7), (-0.3, 1.7), (2.5, 0.4), (1e-3, -1.0)]


def released(scenario):
    return Released(ReleasedExperiment(Scattering(scenario), made_up_release(0.2)))


def with_components(build, flavours, pair, flavour_sum):
    """The model of a scenario that states the couplings itself."""
    components = dict(zip(flavours, pair, strict=True))
    return build({"components": components, "sum": flavour_sum}).likelihood_at(MASS)


def described(coupling):
    return experiment_of(Scenario.load("ge-nextgen").replaced("coupling", coupling))


def measured(coupling):
    return released(Scenario.load("xenonnt-s2only").replaced("coupling", coupling))


def together(coupling):
    beam = Scenario.load("ge-nextgen").replaced("coupling", coupling)
    return combine(beam, measured(coupling))


@pytest.mark.parametrize("build", [described, measured, together])
@pytest.mark.parametrize("flavours", [("e", "mu"), ("tau", "e")])
@pytest.mark.parametrize("flavour_sum", ["exact", "incoherent"])
def test_it_is_the_model_of_each_scenario(build, flavours, flavour_sum: FlavourSum):
    plane = CouplingPlane.of(build({"flavour": "universal"}), flavours, MASS, flavour_sum)
    whole = plane.model(*np.array(ANY).T)
    rng = np.random.default_rng(1)
    for i, pair in enumerate(ANY):
        alone = with_components(build, flavours, pair, flavour_sum)
        part = whole.only(i)
        assert part.names == alone.names
        point = np.array([0.8, *rng.uniform(-0.9, 0.9, len(part.names))])
        expected = alone.expected(point)
        # in the last bins what is left of cancelling terms is a rounding error of the first ones
        atol = 1e-12 * expected.max()
        np.testing.assert_allclose(part.expected(point), expected, rtol=1e-9, atol=atol)
        both = part.total_signal, alone.total_signal
        np.testing.assert_allclose(*both, rtol=1e-7, atol=1e-12 * both[1].max())


def test_a_common_sign_changes_nothing_and_a_relative_one_does():
    plane = CouplingPlane.of(described({"flavour": "e"}), ("e", "mu"), MASS, "exact")
    signal = plane.model([1.0, -1.0, 1.0, -1.0], [0.5, -0.5, -0.5, 0.5]).total_signal
    np.testing.assert_array_equal(signal[0], signal[1])
    np.testing.assert_array_equal(signal[2], signal[3])
    assert abs(signal[2].sum() / signal[0].sum() - 1.0) > 0.1


def test_incoherent_sums_have_no_interference():
    plane = CouplingPlane.of(described({"flavour": "e"}), ("e", "mu"), MASS, "incoherent")
    plus, minus, e, mu = plane.model([1.0, 1.0, 1.0, 0.0], [1.0, -1.0, 0.0, 1.0]).total_signal
    np.testing.assert_allclose(plus, minus, rtol=1e-12)
    np.testing.assert_allclose(plus, e + mu, rtol=1e-12)


def test_provenance_says_what_these_couplings_depend_on():
    """The mixing matters, which it did not for the universal coupling of the scenario."""
    both = combine("ge-nextgen", "conus-plus-projection", test="cls")
    plane = CouplingPlane.of(both, ("e", "mu"), MASS, "exact")
    own = both.provenance["combination"]["ge-nextgen"]
    said = plane.provenance["combination"]["ge-nextgen"]
    assert "mixing" not in own
    assert said["mixing"] == {"fit": "NuFIT-5.3"}
    assert said["scenario_sha256"] == own["scenario_sha256"]
    assert (said["coupling"], said["flavour_sum"]) == ("e and mu", "exact")
    assert "components" not in said
    assert plane.provenance["test"] == "cls"


def test_beside_a_reactor_another_source_may_have_the_flavour():
    """The reactor has electron antineutrinos alone, the Sun both."""
    both = combine("conus-plus-projection", "ge-nextgen")
    plane = CouplingPlane.of(both, ("e", "mu"), MASS, "exact")
    e, mu = plane.model([1.0, 0.0], [0.0, 1.0]).total_signal
    first = experiment_of("conus-plus-projection").channels["recoils"].bins
    assert e[first].sum() > 0.0
    assert mu[first].max() < 1e-9 * e[first].sum()
    assert mu[first.stop :].sum() > 0.0


@pytest.mark.parametrize(
    ("name", "flavours", "mass", "message"),
    [
        ("conus-plus-projection", ("e", "mu"), MASS, "no neutrino that can be seen has flavour mu"),
        ("conus-plus-projection", ("tau", "mu"), MASS, "no such neutrino arrives"),
        ("ge-nextgen", ("e", "e"), MASS, "couplings e, e: are not two of e, mu, tau"),
        ("ge-nextgen", ("e", "x"), MASS, "couplings e, x: are not two of e, mu, tau"),
        ("ge-nextgen", ("e",), MASS, "couplings e: are not two of e, mu, tau"),
        ("ge-nextgen", ("e", "mu"), 30.0 * MEV, "no recoil can be seen"),
    ],
)
def test_what_cannot_be_mapped_is_refused(name, flavours, mass, message):
    with pytest.raises((ScenarioError, PhysicsError), match=message):
        CouplingPlane.of(experiment_of(name), flavours, mass, "exact")
