"""Couplings of the flavours, and the two statements of their sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.errors import PhysicsError
from upscatter.flux.coupling import Coupling, coupling
from upscatter.inputs.mixing import GLOBAL_FITS, mixing
from upscatter.names import COUPLINGS

FAST = settings(deadline=None, max_examples=50)
SINGLE = ("e", "mu", "tau")
COMPONENT = st.complex_numbers(max_magnitude=10.0, allow_nan=False, allow_infinity=False)
COMPONENTS = st.tuples(COMPONENT, COMPONENT, COMPONENT).filter(
    lambda c: max(map(abs, c)) > 1e-3  # squares must not underflow
)


def random_rho(seed, mixed=3):
    """Density matrix: pure states at random, with random weights."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(mixed, 3)) + 1j * rng.normal(size=(mixed, 3))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    weights = rng.dirichlet(np.ones(mixed))
    return sum(w * np.outer(s, s.conj()) for w, s in zip(weights, states, strict=True))


class TestEffectiveSquared:
    @FAST
    @given(c=COMPONENTS, seed=st.integers(0, 2**31))
    def test_exact_is_the_double_sum(self, c, seed):
        rho = random_rho(seed)
        total = sum(c[a].conjugate() * rho[a, b] * c[b] for a in range(3) for b in range(3))
        assert abs(total.imag) < 1e-12 * (1.0 + abs(total))
        value = float(Coupling("custom", c, "exact").effective_squared(rho))
        assert value == pytest.approx(total.real, rel=1e-12, abs=1e-12)

    @FAST
    @given(c=COMPONENTS, seed=st.integers(0, 2**31))
    def test_incoherent_is_the_sum_over_probabilities(self, c, seed):
        rho = random_rho(seed)
        total = sum(abs(c[a]) ** 2 * rho[a, a].real for a in range(3))
        value = float(Coupling("custom", c, "incoherent").effective_squared(rho))
        assert value == pytest.approx(total, rel=1e-12)

    @FAST
    @given(c=COMPONENTS, seed=st.integers(0, 2**31))
    def test_exact_lies_between_nothing_and_the_coupling_of_one_state(self, c, seed):
        """0 ≤ c† ρ c ≤ |c|², for ρ is positive with trace 1."""
        value = float(Coupling("custom", c, "exact").effective_squared(random_rho(seed)))
        largest = sum(abs(x) ** 2 for x in c)
        assert -1e-12 * largest <= value <= largest * (1.0 + 1e-12)

    @pytest.mark.parametrize("flavour", SINGLE)
    def test_one_flavour_is_the_same_in_both_statements(self, flavour):
        for seed in range(5):
            rho = random_rho(seed)
            exact, incoherent = (
                float(coupling(flavour, how).effective_squared(rho))
                for how in ("exact", "incoherent")
            )
            probability = rho[SINGLE.index(flavour), SINGLE.index(flavour)].real
            assert exact == pytest.approx(incoherent, rel=1e-14)
            assert exact == pytest.approx(probability, rel=1e-14)

    def test_universal_differs_by_the_interference(self):
        rho = random_rho(1)
        interference = 2.0 * (rho[0, 1] + rho[0, 2] + rho[1, 2]).real
        exact = float(coupling("universal", "exact").effective_squared(rho))
        assert abs(interference) > 0.1
        assert exact == pytest.approx(1.0 + interference, rel=1e-12)
        incoherent = float(coupling("universal", "incoherent").effective_squared(rho))
        assert incoherent == pytest.approx(1.0, rel=1e-14)

    def test_statements_agree_where_nothing_interferes(self):
        rho = np.diag([0.2, 0.5, 0.3]).astype(complex)
        c = (1.0, 2.0j, -0.5)
        values = [float(Coupling("custom", c, s).effective_squared(rho))
                  for s in ("exact", "incoherent")]  # fmt: skip
        assert values == pytest.approx([0.2 + 0.5 * 4.0 + 0.3 * 0.25] * 2, rel=1e-14)

    @pytest.mark.parametrize("fit", GLOBAL_FITS)
    @pytest.mark.parametrize("state", range(3))
    def test_couplings_along_a_mass_state_see_that_state_alone(self, fit, state):
        """ν_i arrives as ρ = U_i U_i†, ρ_αβ = U_αi U*_βi; a wrong conjugation fails, δ ≠ 0, π."""
        u = mixing(fit).matrix()
        along = Coupling("custom", tuple(u[:, state].tolist()), "exact")
        values = [
            float(along.effective_squared(np.outer(u[:, i], u[:, i].conj()))) for i in range(3)
        ]
        assert values == pytest.approx(np.eye(3)[state], abs=1e-14)

    def test_the_conjugate_mass_state_is_another(self):
        u = mixing("NuFIT-6.0-IC19-IO").matrix()  # δ = 285°
        rho = np.outer(u[:, 1], u[:, 1].conj())
        conjugate = Coupling("custom", tuple(u[:, 1].conj().tolist()), "exact")
        assert float(conjugate.effective_squared(rho)) < 0.999

    @FAST
    @given(c=COMPONENTS, seed=st.integers(0, 2**31), phase=st.floats(0.0, 6.3))
    def test_a_common_phase_is_not_seen(self, c, seed, phase):
        rho = random_rho(seed)
        turned = tuple(x * np.exp(1j * phase) for x in c)
        for how in ("exact", "incoherent"):
            value = float(Coupling("custom", turned, how).effective_squared(rho))
            expected = float(Coupling("custom", c, how).effective_squared(rho))
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)

    def test_a_relative_phase_is_seen_by_the_exact_sum_alone(self):
        rho = random_rho(2)
        aligned, turned = (1.0, 1.0, 0.0), (1.0, 1j, 0.0)
        exact = [float(Coupling("c", c, "exact").effective_squared(rho)) for c in (aligned, turned)]
        incoherent = [
            float(Coupling("c", c, "incoherent").effective_squared(rho)) for c in (aligned, turned)
        ]
        # c† ρ c = ρ_ee + ρ_μμ + 2 Re(c_e* ρ_eμ c_μ), and Re(i ρ_eμ) = −Im ρ_eμ
        diagonal = (rho[0, 0] + rho[1, 1]).real
        assert exact[0] == pytest.approx(diagonal + 2.0 * rho[0, 1].real, rel=1e-12)
        assert exact[1] == pytest.approx(diagonal - 2.0 * rho[0, 1].imag, rel=1e-12)
        assert abs(exact[0] - exact[1]) > 0.01
        assert incoherent[0] == incoherent[1]

    def test_shape_follows_the_density_matrices(self):
        rho = np.stack([[random_rho(i + 2 * j) for i in range(2)] for j in range(4)])
        for how in ("exact", "incoherent"):
            values = Coupling("c", (1.0, 2.0, 3j), how).effective_squared(rho)
            assert values.shape == (4, 2)
            assert values[3, 1] == Coupling("c", (1.0, 2.0, 3j), how).effective_squared(rho[3, 1])


class TestBlindToFlavour:
    @pytest.mark.parametrize(
        ("components", "how", "blind"),
        [
            ((1.0, 1.0, 1.0), "incoherent", True),
            ((2.0, -2.0, 2j), "incoherent", True),
            ((1.0, 1.0, 1.0), "exact", False),
            ((1.0, 1.0, 0.9), "incoherent", False),
            ((1.0, 0.0, 0.0), "incoherent", False),
        ],
    )
    def test_only_equal_moduli_added_incoherently(self, components, how, blind):
        assert Coupling("c", components, how).blind_to_flavour is blind

    def test_means_what_it_says(self):
        blind = Coupling("c", (2.0, -2.0, 2j), "incoherent")
        for seed in range(5):
            assert float(blind.effective_squared(random_rho(seed))) == pytest.approx(4.0, rel=1e-14)


class TestNames:
    def test_are_those_of_the_command_line(self):
        assert COUPLINGS == ("universal", "e", "mu", "tau")

    def test_name_the_coupling(self):
        for name in COUPLINGS:
            assert coupling(name).name == name
            assert coupling(name).flavour_sum == "incoherent"

    def test_unknown_flavour(self):
        with pytest.raises(PhysicsError, match=r"'muon'.*universal, e, mu, tau"):
            coupling("muon")

    def test_unknown_sum(self):
        with pytest.raises(PhysicsError, match=r"'coherent'.*incoherent, exact"):
            coupling("e", "coherent")


@pytest.mark.parametrize(
    "components", [(0.0, 0.0, 0.0), (np.nan, 1.0, 1.0), (1.0, complex(0.0, np.inf), 0.0)]
)
def test_components_that_mean_nothing_are_refused(components):
    with pytest.raises(PhysicsError, match=r"finite and not all zero; give") as caught:
        Coupling("custom", components)
    assert "\n" not in str(caught.value)
