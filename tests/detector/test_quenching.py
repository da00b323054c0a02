"""Quenching models: formulas, Jacobians, inverses and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Tabulated
from upscatter.errors import ScenarioError
from upscatter.units import EV, KEV

FAST = settings(deadline=None, max_examples=60)
TABLE = Tabulated(tuple(np.array([0.2, 0.5, 1.0, 4.0]) * KEV), (0.0, 0.12, 0.18, 0.25))
JUMP = Tabulated(tuple(np.array([0.2, 0.5, 1.0]) * KEV), (0.10, 0.15, 0.20))
MODELS = {
    "essig-high": EssigHigh(),
    "lindhard": Lindhard(32, 0.157),
    "constant": Constant(0.2),
    "table": TABLE,
}
recoils = st.floats(np.log(0.021), np.log(3.9)).map(lambda x: float(np.exp(x)) * KEV)
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


@pytest.mark.parametrize(
    ("recoil_ev", "visible_ev"),
    # T · 0.18 [1 − e^{(15 − T)/71.03}] (arXiv:1801.10159, T in eV), worked by hand; the second is
    # the 0.1 keVnr = 0.0126 keVee of the paper, of Demirci and Mustamin
    [(50.0, 3.5014), (100.0, 12.560), (500.0, 89.9014), (1000.0, 179.99983), (15.0, 0.0)],
)
def test_essig_high_in_electronvolts(recoil_ev, visible_ev):
    assert EssigHigh().visible_energy(recoil_ev * EV) / EV == pytest.approx(visible_ev, rel=1e-4)


@each_model
@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 20.0])
def test_scaled_yields_move_that_way_and_stay_at_most_one(model, factor):
    t = np.geomspace(0.21, 3.9, 50) * KEV
    before, scaled = (m.ionization_yield(t) for m in (model, model.scaled(factor)))
    assert ((scaled > before) == (factor > 1.0)).all()
    assert (scaled <= 1.0).all()
    np.testing.assert_array_equal(model.scaled(1.0).ionization_yield(t), before)
    if not isinstance(model, Lindhard):  # its yield is no multiple of k
        np.testing.assert_allclose(model.scaled(0.9).ionization_yield(t), 0.9 * before, rtol=1e-14)


def test_essig_high_transcription():
    t = np.geomspace(15.001, 1e5, 200)
    np.testing.assert_allclose(
        EssigHigh().ionization_yield(t * EV), 0.18 - 0.18 * np.exp(15 / 71.03 - t / 71.03),
        rtol=1e-12, atol=1e-15,
    )  # fmt: skip


def test_essig_high_is_blind_below_15_ev_and_saturates():
    model = EssigHigh()
    below = np.array([0.0, 1.0, 14.999, 15.0]) * EV
    np.testing.assert_array_equal(model.visible_energy(below), 0.0)
    np.testing.assert_array_equal(model.yield_slope(below), 0.0)
    assert model.threshold == pytest.approx(15.0 * EV, rel=1e-15)
    assert model.ionization_yield(10.0 * KEV) == pytest.approx(0.18, rel=1e-12)


def test_lindhard_transcription():
    model = Lindhard(32, 0.157)
    t = np.geomspace(1e-3, 100.0, 100)  # keV
    reduced = 11.5 * t / 32 ** (7 / 3)
    g = reduced + 3 * reduced**0.15 + 0.7 * reduced**0.6
    np.testing.assert_allclose(
        model.ionization_yield(t * KEV), 1 / (1 + 1 / (0.157 * g)), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("protons", "nucleons", "k"),
    # The values that experiments quote as Lindhard's own; xenon's by Sorensen and Dahl,
    # PRD 83, 063501 (2011)
    [(32, 72.63, 0.157), (14, 28.085, 0.146), (54, 131.29, 0.166)],
)
def test_default_strength_of_lindhard(protons, nucleons, k):
    assert Lindhard.default_k(protons, nucleons) == pytest.approx(k, abs=6e-4)


def test_lindhard_limits():
    model = Lindhard(32, 0.157)
    assert model.visible_energy(0.0) == 0.0
    assert model.ionization_yield(1e9 * KEV) == pytest.approx(1.0, rel=1e-5)
    assert Lindhard(32, 0.0).visible_energy(1.0 * KEV) == 0.0


def test_constant():
    model = Constant(0.25)
    t = np.array([[0.0, 1.0], [2.0, 3.0]]) * KEV
    np.testing.assert_array_equal(model.visible_energy(t), 0.25 * t)
    np.testing.assert_array_equal(model.jacobian(t), 0.25)
    assert model.recoil_energy(1.0 * KEV) == pytest.approx(4.0 * KEV, rel=1e-13)


def test_table_is_linear_and_ends():
    np.testing.assert_allclose(
        TABLE.ionization_yield(np.array([0.1, 0.2, 0.35, 0.75, 2.5, 4.0]) * KEV),
        [0.0, 0.0, 0.06, 0.15, 0.215, 0.25],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        TABLE.yield_slope(np.array([0.1, 0.2, 0.35, 0.75, 4.0, 4.1]) * KEV) * KEV,
        [0.0, 0.4, 0.4, 0.12, 0.07 / 3, 0.0],
        rtol=1e-12,
    )
    assert TABLE.threshold == 0.2 * KEV
    assert TABLE.highest_energy == 4.0 * KEV
    assert TABLE.breakpoints == TABLE.energies


@each_model
@FAST
@given(recoil=recoils)
def test_slope_and_jacobian_are_derivatives(model, recoil):
    step = 1e-6 * recoil
    kinks = np.array([*model.breakpoints, model.threshold])
    if (np.abs(kinks - recoil) <= 2 * step).any():
        return
    around = recoil + step * np.array([1.0, -1.0])
    slope = -np.diff(model.ionization_yield(around))[0] / (2.0 * step)
    jacobian = -np.diff(model.visible_energy(around))[0] / (2.0 * step)
    assert model.yield_slope(recoil) == pytest.approx(slope, rel=1e-5, abs=1e-8 / KEV)
    assert model.jacobian(recoil) == pytest.approx(jacobian, rel=1e-6, abs=1e-9)


@each_model
@FAST
@given(recoil=recoils)
def test_round_trip(model, recoil):
    visible = float(model.visible_energy(recoil))
    if visible <= 0.0:
        assert model.recoil_energy(visible) == model.threshold
    else:
        back = model.recoil_energy(visible)
        assert model.visible_energy(back) == pytest.approx(visible, rel=1e-12)
        assert back == pytest.approx(recoil, rel=1e-9)


@each_model
def test_jacobian_conserves_events(model):
    """∫ dT_ee (dR/dT_nr)/(dT_ee/dT_nr) over observed energies equals ∫ dT_nr dR/dT_nr."""
    low, high = 0.3 * KEV, 3.0 * KEV

    def rate(t):
        return np.exp(-t / (0.8 * KEV)) / KEV

    def observed(e):
        t = model.recoil_energy(e)
        return rate(t) / float(model.jacobian(t))

    ends = [float(model.visible_energy(t)) for t in (low, high)]
    kinks = [float(model.visible_energy(t)) for t in model.breakpoints if low < t < high] or None
    integral = quad(observed, *ends, points=kinks, epsrel=1e-9)[0]
    assert integral == pytest.approx(quad(rate, low, high, epsrel=1e-10)[0], rel=1e-8)


@each_model
def test_nothing_visible_is_seen_from_the_dead_energy_on(model):
    for visible in (-1.0 * KEV, 0.0):
        assert model.recoil_energy(visible) == model.threshold


@pytest.mark.parametrize("model", [MODELS["essig-high"], MODELS["lindhard"], MODELS["constant"]])
@pytest.mark.parametrize("visible", [1e-12 * KEV, 1e-3 * EV, 1e6 * KEV])
def test_extreme_visible_energies_have_a_recoil(model, visible):
    recoil = model.recoil_energy(visible)
    assert recoil >= model.threshold
    assert model.visible_energy(recoil) == pytest.approx(visible, rel=1e-6)


def test_what_a_table_leaps_over_is_seen_from_its_first_point():
    """A table may start with Y > 0: no recoil is seen between 0 and Y T of its first point."""
    for visible in (0.001, 0.0199, 0.02):
        assert JUMP.recoil_energy(visible * KEV) == JUMP.energies[0]
    assert JUMP.recoil_energy(0.0201 * KEV) > JUMP.energies[0]


def test_beyond_the_end_of_a_table():
    assert TABLE.recoil_energy(1.0 * KEV) == pytest.approx(4.0 * KEV, rel=1e-12)
    with pytest.raises(
        ScenarioError,
        match=r"^quenching: no recoil is seen as 1\.5 keVee \(the model ends at 4 keVnr\); "
        r"lower the region or extend the model$",
    ):
        TABLE.recoil_energy(1.5 * KEV)


def test_a_yield_of_zero_sees_nothing():
    with pytest.raises(ScenarioError, match=r"^quenching: no recoil is seen as 0\.1 keVee"):
        Constant(0.0).recoil_energy(0.1 * KEV)


@each_model
def test_monotonic_models_are_accepted(model):
    model.require_monotonic(0.02 * KEV, 4.0 * KEV)
    model.require_monotonic(0.0, 4.0 * KEV)


@pytest.mark.parametrize(
    ("yields", "where"),
    # T_ee falls from 0.12 keV at 1 keV to 0.10 at 2 keV; or is flat there
    [((0.1, 0.12, 0.05, 0.2), 1.0), ((0.1, 0.12, 0.06, 0.2), None)],
)
def test_a_falling_visible_energy_is_refused(yields, where):
    model = Tabulated(tuple(np.array([0.5, 1.0, 2.0, 4.0]) * KEV), yields)
    with pytest.raises(
        ScenarioError, match=r"^quenching: visible energy does not rise near .* keVnr, so an "
    ) as caught:
        model.require_monotonic(0.5 * KEV, 4.0 * KEV)
    assert "\n" not in str(caught.value)
    if where is not None:
        named = float(str(caught.value).split("near ")[1].split()[0])
        # T Y(T) is a parabola between the points: it has its top at 1.36 keV
        assert named == pytest.approx(1.36, abs=0.02)
    model.require_monotonic(0.5 * KEV, 1.0 * KEV)  # it rises where the region is


def test_a_spike_narrower_than_the_grid_is_found():
    energies = tuple(np.array([0.5, 1.0, 1.0001, 1.0002, 4.0]) * KEV)
    model = Tabulated(energies, (0.1, 0.15, 0.1, 0.15, 0.2))
    with pytest.raises(ScenarioError, match="does not rise near 1 keVnr"):
        model.require_monotonic(0.5 * KEV, 4.0 * KEV)


def test_a_fall_right_behind_the_first_point_is_found():
    model = Tabulated(tuple(np.array([1.0, 1.001, 20.0]) * KEV), (0.9, 0.2, 0.2))
    with pytest.raises(ScenarioError, match="does not rise near 1 keVnr"):
        model.require_monotonic(0.5 * KEV, 4.0 * KEV)
