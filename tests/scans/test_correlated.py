"""All uncertain inputs drawn together: each as it should be, and the limit that it gives."""

import distributed
import numpy as np
import pytest
from scipy.stats import norm

import upscatter
from scenario_files import scenario
from upscatter.errors import PhysicsError
from upscatter.scans.correlated import correlated_impacts
from upscatter.scans.drawn_inputs import MIXING_PRECISION, _mixed
from upscatter.scenario.changes import scaled_background, scaled_quenching
from upscatter.scenario.load import Scenario


@pytest.fixture(scope="module")
def drawn():
    return correlated_impacts("ge-nextgen", 400, seed=2)


def test_inputs_are_those_of_impacts(drawn):
    alone = upscatter.impacts("ge-nextgen")
    known = {impact.name: impact.change for impact in alone.impacts}
    for each in drawn.inputs:
        assert known[each.name] == each.change
    names = [each.name for each in drawn.inputs]
    assert names == ["8B flux", "hep flux", "sin2_theta_w", "Essig's plateau", "background"]


def test_draws_are_gaussian(drawn):
    for pulls in drawn.pulls.T:
        # one in each of 400 intervals of equal probability
        assert sorted(np.floor(400 * norm.cdf(pulls))) == [*range(400)]
    assert np.abs(np.corrcoef(drawn.pulls.T) - np.eye(5)).max() < 0.15


def test_a_draw_is_the_limit_of_the_changed_scenario(drawn):
    """The documents of some draws by hand, given to the limit that users compute."""
    base = Scenario.load("ge-nextgen")
    flux = {"8B": 5.69e6, "hep": 7.93e3}
    for row in (0, 17, 399):
        boron, hep, angle, quenching, background = drawn.pulls[row].tolist()
        changes = {
            "flux.fluxes.8B": f"{flux['8B'] * (1 + 0.16 * boron)!r} / (cm^2 s)",
            "flux.fluxes.hep": f"{flux['hep'] * (1 + 0.16 * hep)!r} / (cm^2 s)",
            "physics.sin2_theta_w": base.settings.physics.sin2_theta_w + 5e-5 * angle,
            **scaled_quenching(base, 1.0 + 0.1 * quenching),
            **scaled_background(base, 1.0 + 0.1 * background),
        }
        own = upscatter.upper_limit(base.replaced(changes), [0.01]).mu[0]
        assert drawn.limits[row] == pytest.approx(own, rel=1e-9, abs=0.0)


@pytest.mark.thorough
def test_small_errors_add_up_in_squares():
    """For a limit that is nearly linear in its inputs."""
    text = scenario(
        flux='uncertainty = { "8B" = 0.02, hep = 0.02 }',
        extra='[statistics]\ntest = "chi2-pulls"',
    ).replace('day)"\n[flux]', 'day)"\nuncertainty = 0.03\n[flux]')
    base = Scenario.parse(text, "mine")
    alone = upscatter.impacts(base)
    found = correlated_impacts(base, 300)
    names = {each.name for each in found.inputs}
    squares = [
        (impact.high - impact.low) ** 2 / 4.0
        for impact in alone.impacts
        if impact.name in names and impact.low and impact.high
    ]
    assert len(squares) == len(names)
    assert found.limits.std() == pytest.approx(np.sqrt(sum(squares)), rel=0.1)


def test_rank_correlations_have_the_sign_of_impacts(drawn):
    alone = {impact.name: impact for impact in upscatter.impacts("ge-nextgen").impacts}
    for each, correlation in zip(drawn.inputs, drawn.rank_correlations, strict=True):
        impact = alone[each.name]
        if abs(impact.high / impact.low - 1.0) > 0.02:
            assert np.sign(correlation) == np.sign(impact.high - impact.low)


def test_mixing_is_drawn_where_it_matters():
    universal = correlated_impacts("ge-nextgen", 3)
    assert not {each.name for each in universal.inputs} & {*MIXING_PRECISION}
    flavour = correlated_impacts("ge-nextgen", 3, flavour="mu")
    assert {each.name for each in flavour.inputs} >= {*MIXING_PRECISION}
    assert any("theta23 and delta_cp are not drawn" in remark for remark in flavour.remarks)
    # neutrinos on electrons are a background that knows flavours, unless it is in a published one
    assert {each.name for each in correlated_impacts("darwin-er", 3).inputs} >= {*MIXING_PRECISION}
    assert not Scenario.load("xenonnt-er").settings.oscillates
    angle = np.arcsin(np.sqrt(0.307)) * (1.0 + 0.13 / 6.0 * 1.5)
    changed = _mixed("theta12", 0.13 / 6.0, Scenario.load("ge-nextgen"), 1.5)
    assert changed == {"oscillation.mixing.sin2_theta12": pytest.approx(np.sin(angle) ** 2)}
    changed = _mixed("dm2_21", 0.025, Scenario.load("ge-nextgen"), -2.0)
    number, unit = changed["oscillation.mixing.dm2_21"].split()
    assert (float(number), unit) == (pytest.approx(0.95 * 7.41e-5, rel=1e-9), "eV^2")


def test_a_standard_deviation_of_mixing_is_a_sixth_of_the_stated_range():
    """Relative precision at 3 sigma: 13 %, 8 %, 15 % and 6 % (arXiv:2410.05380, abstract)."""
    for name, stated in (("theta12", 0.13), ("theta13", 0.08), ("dm2_21", 0.15), ("dm2_31", 0.06)):
        ends = []
        for pull in (-3.0, 3.0):
            base = Scenario.load("ge-nextgen")
            changed = base.replaced(_mixed(name, MIXING_PRECISION[name], base, pull))
            found = changed.settings.oscillation.mixing.mixing()
            key = f"sin2_{name}" if name.startswith("theta") else name
            value = getattr(found, key)
            ends.append(np.arcsin(np.sqrt(value)) if name.startswith("theta") else value)
        assert 2.0 * (ends[1] - ends[0]) / (ends[1] + ends[0]) == pytest.approx(stated, rel=1e-6)


@pytest.mark.thorough
def test_a_flux_stays_positive():
    base = Scenario.load("ge-nextgen").replaced("flux.uncertainty.8B", 0.9)
    found = correlated_impacts(base, 200)
    assert (1.0 + 0.9 * found.pulls[:, 0] > 0.0).all()
    assert np.isfinite(found.limits).all()


@pytest.mark.thorough
def test_a_cluster_finds_the_same():
    here = correlated_impacts("ge-nextgen", 150)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = correlated_impacts("ge-nextgen", 150, cluster=client)
    np.testing.assert_allclose(there.limits, here.limits, rtol=1e-12)


def test_refused():
    with pytest.raises(PhysicsError, match="no neutrino can produce it"):
        correlated_impacts("ge-nextgen", 5, 40.0)
    with pytest.raises(PhysicsError, match="is a combination"):
        correlated_impacts(upscatter.combine("ge-nextgen", "ge-future"), 5)
    with pytest.raises(PhysicsError, match="correlated: 0 is not between"):
        correlated_impacts("ge-nextgen", 0)
