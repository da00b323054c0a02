"""`[own_flux]`: a user's own spectrum and lines."""

import numpy as np
import pytest

import upscatter
from upscatter.errors import ScenarioError, TableError
from upscatter.scenario.load import Scenario
from upscatter.scenario.scattering import Scattering
from upscatter.units import CM, MEV, SECOND

HEAD = """
title = "Silicon in a beam"
[target]
element = "Si"
[detector]
exposure = "1 t yr"
region = ["10 eVee", "60 eVee"]
bins = 5
quenching = { model = "constant", value = 1.0 }
[background]
flat = "1e-2 / (keVee kg day)"
"""
KNOWN = 'flavour = "e"\nuncertainty = 0.1\n'
ROWS = "points = [[1.0, 1.0], [2.0, 3.0], [4.0, 1.0]]\n"
LINE = 'lines = [{ energy = "1 MeV", flux = "1e12 / (cm^2 s)" }]\n'


def scenario(block, extra="", directory=None):
    return Scenario.parse(f"{HEAD}[own_flux]\n{block}{extra}", "own.toml", directory)


def total(block, **options):
    (parts,) = Scattering(scenario(block, **options)).flux.values()
    return sum(part.total for part in parts) * CM**2 * SECOND


class TestFlux:
    def test_a_table_with_its_unit(self):
        """Two trapezia of area 2 and 4."""
        assert total(KNOWN + ROWS + 'unit = "1e9 / (MeV cm^2 s)"\n') == pytest.approx(6e9, rel=1e-9)
        assert total(KNOWN + ROWS + 'unit = "1e6 / (keV cm^2 s)"\n') == pytest.approx(6e9, rel=1e-9)

    def test_a_shape_with_its_flux(self):
        assert total(KNOWN + ROWS + 'flux = "5e8 / (cm^2 s)"\n') == pytest.approx(5e8, rel=1e-9)

    def test_lines(self):
        assert total(KNOWN + LINE) == pytest.approx(1e12, rel=1e-12)
        both = total(KNOWN + LINE + ROWS + 'flux = "5e8 / (cm^2 s)"\n')
        assert both == pytest.approx(1e12 + 5e8, rel=1e-9)

    def test_a_table_in_a_file_is_embedded(self, tmp_path):
        (tmp_path / "flux.csv").write_text("E,flux\n1,1\n2,3\n4,1\n")
        unit = 'unit = "1e9 / (MeV cm^2 s)"\n'
        of_file = scenario(KNOWN + 'file = "flux.csv"\n' + unit, directory=tmp_path)
        assert of_file.digest == scenario(KNOWN + ROWS + unit).digest
        again = Scenario.parse(of_file.to_toml(), "elsewhere")
        assert again.digest == of_file.digest

    def test_counts_are_those_of_the_line(self):
        """A narrow table about a line counts like the line."""
        narrow = "points = [[0.9999, 1.0], [1.0, 1.0], [1.0001, 1.0]]\n"
        line = upscatter.expected_counts(scenario(KNOWN + LINE), 1e-10)
        table = upscatter.expected_counts(
            scenario(KNOWN + narrow + 'flux = "1e12 / (cm^2 s)"\n'), 1e-10
        )
        np.testing.assert_allclose(table.signal["own flux"], line.signal["own flux"], rtol=2e-3)


class TestSeveral:
    BLOCKS = "".join(
        f'[[own_flux]]\nname = "{flavour}"\nflavour = "{flavour}"\nuncertainty = 0.1\n{LINE}'
        for flavour in ("e", "mu")
    )

    def test_they_add_up(self):
        both = Scenario.parse(HEAD + self.BLOCKS, "own.toml")
        counts = upscatter.expected_counts(both, flavour="mu").signal
        assert list(counts) == ["e", "mu"]
        np.testing.assert_array_equal(counts["e"], 0.0)
        assert counts["mu"].sum() > 0.0
        assert list(Scattering(both).provenance)[3:5] == ["own_flux[0]", "own_flux[1]"]

    def test_each_has_a_name(self):
        same = self.BLOCKS.replace('name = "mu"', 'name = "e"')
        with pytest.raises(ScenarioError, match=r"own.toml: two sources have a flux named 'e'"):
            _ = Scattering(Scenario.parse(HEAD + same, "own.toml")).flux

    def test_a_value_of_one_is_replaced(self):
        both = Scenario.parse(HEAD + self.BLOCKS, "own.toml")
        changed = both.replaced("own_flux.1.uncertainty", 0.3)
        assert Scattering(changed).causes["mu"] == {"mu": 0.3}


class TestFlavours:
    def test_shares(self):
        mixed = scenario(KNOWN.replace('"e"', "{ e = 0.25, tau = 0.75 }") + LINE)
        every = upscatter.expected_counts(mixed).signal["own flux"]
        tau = upscatter.expected_counts(mixed, flavour="tau").signal["own flux"]
        np.testing.assert_allclose(tau, 0.75 * every, rtol=1e-9)

    def test_a_continuum_of_shares(self):
        rows = ROWS + 'flux = "1e12 / (cm^2 s)"\n'
        mixed = scenario(KNOWN.replace('"e"', "{ e = 0.25, tau = 0.75 }") + rows)
        every = upscatter.expected_counts(mixed).signal["own flux"]
        tau = upscatter.expected_counts(mixed, flavour="tau").signal["own flux"]
        np.testing.assert_allclose(tau, 0.75 * every, rtol=1e-9)

    def test_no_signal_of_others(self):
        muons = scenario(KNOWN.replace('"e"', '"mu"') + LINE)
        message = r"coupling: e has no signal.*own flux: nu_mu.*couple to mu"
        with pytest.raises(ScenarioError, match=message):
            upscatter.upper_limit(muons, [0.1], flavour="e")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("", r"own_flux.flavour: is missing; add flavour = .e."),
        ('flavour = "e"\n', r"own_flux.uncertainty: is missing; add uncertainty = 0.1"),
        (KNOWN, r"own_flux: has neither a table nor lines"),
        (KNOWN + ROWS, r"a table needs either unit = '1 / \(MeV cm\^2 s\)'.* or the total flux"),
        (KNOWN + ROWS + 'unit = "1 / (cm^2 s)"\n', r"unit = .*needs a flux per energy"),
        (KNOWN + LINE + 'flux = "1e9 / (cm^2 s)"\n', r"neither goes with lines alone"),
        (KNOWN.replace('"e"', "{ e = 0.5 }") + LINE, r"the shares add up to 0.5; let them add up"),
        (KNOWN.replace('"e"', '"x"') + LINE, r"flavour = .x.: is unknown; choose one of e, mu"),
        (KNOWN + LINE.replace("1e12 / (cm^2 s)", "1e12"), r"lines\[0\].flux = .1e12.: has no unit"),
        (KNOWN + LINE + "antineutrino = true\n", r"did you mean 'antineutrinos'"),
    ],
)
def test_refused_in_one_line(block, message):
    with pytest.raises(ScenarioError, match=message) as error:
        scenario(block)
    assert "\n" not in str(error.value)


def test_a_negative_flux_is_refused():
    block = KNOWN + ROWS.replace("3.0", "-3.0") + 'flux = "1e9 / (cm^2 s)"\n'
    with pytest.raises((ScenarioError, TableError), match=r"own_flux: .*row 2.*negative density"):
        _ = Scattering(scenario(block)).flux


def test_provenance_has_units():
    found = Scattering(scenario(KNOWN + LINE)).provenance["own_flux"]
    (line,) = found["lines"]
    assert line["energy_MeV"] == pytest.approx(1.0 * MEV / MEV)
    assert line["flux_per_cm2_s"] == pytest.approx(1e12, rel=1e-12)
    assert found["flavours"] == {"e": 1.0}
