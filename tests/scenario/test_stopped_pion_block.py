"""Block `[stopped_pion]` of a scenario: its ways to say the same, and what is refused."""

import numpy as np
import pytest

import upscatter
from upscatter.errors import ScenarioError
from upscatter.flux.pulse import GaussianPulse
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.scattering import Scattering
from upscatter.units import CM, KG, NANOSECOND, SECOND, YEAR

CSI = """
title = "Caesium iodide at a spallation source"
[target]
element = "CsI"
[detector]
exposure = "14.6 kg yr"
region = ["8 keVnr", "60 keVnr"]
bins = 4
quenching = { model = "constant", value = 1.0 }
[background]
flat = "0.1 / (keVee kg day)"
[stopped_pion]
"""
BEAM = """
protons = 3.198e23
time = "1 yr"
pions_per_proton = 0.0848
distance = "19.3 m"
"""


def scenario(block=BEAM, folder=None):
    return Scenario.parse(CSI + block, "mine.toml", folder)


def source(block):
    (only,) = Scattering(scenario(block)).sources
    return only


def test_number_of_coherent_recoils():
    """569 above 8 keV in 14.6 kg of CsI (Klein–Nystrand; an independent count)."""
    counts = Model(scenario()).expectation.sources.values()
    assert sum(each.sum() for each in counts) == pytest.approx(569.0, rel=2e-3)


def test_the_sun_does_not_shine():
    assert set(Scattering(scenario()).flux) == {"nu_mu", "nu_e", "nubar_mu"}


class TestProtons:
    def test_number_in_a_time_is_a_rate(self):
        rate = 3.198e23 / (YEAR / SECOND)
        text = BEAM.replace("protons = 3.198e23", f'protons = "{rate!r} / s"')
        same = source(text.replace('time = "1 yr"\n', ""))
        assert same.flux == pytest.approx(source(BEAM).flux, rel=1e-12)

    def test_power_and_energy(self):
        """1.4 MW of 1 GeV: 1.4e6 J/s over 1.602176634e-10 J are 8.738e15 protons per s."""
        power = 'power = "1.4 MW"\nenergy = "1.0 GeV"'
        text = BEAM.replace('protons = 3.198e23\ntime = "1 yr"', power)
        expected = 1.4e6 / 1.602176634e-10 * 0.0848 / (4.0 * np.pi * 1930.0**2)
        assert source(text).flux * CM**2 * SECOND == pytest.approx(expected, rel=1e-9)


class TestPulse:
    def test_that_of_the_sns(self):
        found = source(BEAM)
        assert found.pulse == GaussianPulse(440.0 * NANOSECOND, 150.0 * NANOSECOND)
        assert found.repetition * SECOND == 60.0

    def test_a_gaussian_of_ones_own(self):
        found = source(BEAM + 'pulse = { mean = "0.5 us", width = "100 ns" }\nrepetition = "50 Hz"')
        assert found.pulse.mean == pytest.approx(500.0 * NANOSECOND)
        assert found.pulse.width == pytest.approx(100.0 * NANOSECOND)
        assert found.repetition * SECOND == 50.0

    def test_a_table_in_a_file_is_one_in_place(self, tmp_path):
        (tmp_path / "trace.csv").write_text("t [ns], protons\n0, 0\n400, 1\n900, 0\n")
        edges = np.linspace(0.0, 6000.0, 13) * NANOSECOND
        shares = []
        for table in ('{ file = "trace.csv" }', "{ points = [[0, 0], [400, 1], [900, 0]] }"):
            (found,) = Scattering(scenario(BEAM + f"pulse = {table}", tmp_path)).sources
            shares.append(found.arrival("nu_mu", edges))
        np.testing.assert_array_equal(*shares)
        assert shares[0].sum() == pytest.approx(1.0)


def test_the_same_after_writing(tmp_path):
    (tmp_path / "trace.csv").write_text("0 0\n400 1\n900 0\n")
    original = scenario(BEAM + 'pulse = { file = "trace.csv" }', tmp_path)
    assert Scenario.parse(original.to_toml(), "written.toml").digest == original.digest


def test_limit_by_flavour_reaches_the_end():
    """Only ν_e make up one limit, ν_μ and ν̄_μ the other; the universal one is stronger."""
    masses = [0.01, 20.0, 50.0, 53.0]
    limits = {
        f: np.array(upscatter.upper_limit(scenario(), masses, flavour=f).mu)
        for f in ("e", "mu", "universal")
    }
    assert (limits["universal"][:3] < np.minimum(limits["e"], limits["mu"])[:3]).all()
    assert (limits["e"][:3] > limits["mu"][:3]).all()
    assert all(not limit[3] > 0.0 for limit in limits.values())


def test_provenance_has_the_block_as_it_was_written():
    found = Scattering(scenario()).provenance["stopped_pion"]
    assert found["distance"] == "19.3 m"
    assert found["protons"] == 3.198e23


def test_flux_of_the_exposure():
    """2106 recoils above 0.1 keV in 14.6 kg (Klein–Nystrand; an independent count)."""
    text = CSI.replace("8 keVnr", "0.1 keVnr") + BEAM
    model = Model(Scenario.parse(text, "mine.toml"))
    total = sum(counts.sum() for counts in model.expectation.sources.values())
    assert total == pytest.approx(2106.0, rel=1e-3)
    assert model.scenario.described.detector.exposure == pytest.approx(14.6 * KG * YEAR)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("19.3 m", "0 m"), "must be positive, such as '20.7 m'"),
        (("19.3 m", "19.3"), "has no unit"),
        (("19.3 m", "19.3 s"), "has the dimension of s; needs a length such as '20.7 m'"),
        (("3.198e23", "0.0"), "must be a number of protons above zero, such as 3.198e23"),
        (("3.198e23", '"-1 / s"'), "must be a number of protons per time above zero"),
        (("3.198e23", '"3 kg"'), "or a number of protons such as 3.198e23"),
        (('time = "1 yr"', ""), "protons is a number without the time in which they come; add"),
        (("3.198e23", '"1e16 / s"'), "has a time, which only a number of protons needs; remove"),
        (("protons = 3.198e23", ""), "has no protons; give protons = "),
        (("protons", 'power = "1 MW"\nprotons'), "has both protons and power; give"),
        (("protons", 'power = "1 MWe"\n#'), "has the dimension of MWe; needs a power such as"),
        (("protons", 'energy = "1 GeV"\nprotons'), "has energy without power; give power and"),
        (("0.0848", "0.0"), "pions_per_proton"),
        (("distance", 'repetition = "1 MHz"\ndistance'), "give at most 10 kHz"),
        (("distance", 'pulse = { width = "0 ns" }\ndistance'), "must be positive"),
        (
            ("distance", 'pulse = { mean = "1 ns", points = [[0, 1], [1, 1]] }\ndistance'),
            "pulse: has a table and a Gaussian; keep one of them",
        ),
        (("distance", "protns = 3\ndistance"), "did you mean 'protons'?"),
    ],
)
def test_refused_in_one_line(change, message):
    with pytest.raises(ScenarioError) as refused:
        scenario(BEAM.replace(*change))
    assert str(refused.value).startswith("mine.toml: stopped_pion")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_that_is_no_profile():
    with pytest.raises(ScenarioError) as refused:
        source(BEAM + "pulse = { points = [[0, 1], [100, -1]] }")
    assert str(refused.value) == (
        "mine.toml: stopped_pion: pulse: -1 at 100 ns is negative; give zero or more"
    )
