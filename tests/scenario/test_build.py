"""From a scenario to physics: what only the physics can refuse, and says where."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.summary import summarise
from upscatter.units import KEV


def model(text, directory=None):
    return Model(Scenario.parse(text, "my.toml", directory))


def refusal(text, directory=None):
    with pytest.raises(ScenarioError) as caught:
        assert model(text, directory).experiment
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("my.toml: ")
    return message.removeprefix("my.toml: ")


def table(points):
    return detector(quenching=f'{{ model = "table", points = {points} }}')


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"region": '["2.16 keVee", "0.16 keVee"]'}, "region: is empty, from 2.16 to 0.16 keVee;"),
        ({"region": '["1 keVee", "1 keVee"]'}, "region: is empty, from 1 to 1 keVee; give a lower"),
        (
            {"region": '["50 keVee", "60 keVee"]'},
            "region: starts at 50 keVee, above the highest recoil that the active sources can give",
        ),
        ({"region": '["0 keVee", "2 keVee"]', "quenching": '"lindhard"'}, "region: it starts at z"),
        ({"cutoff": '"100 keVnr"'}, "cutoff: 100 keVnr is above the whole region; lower it"),
        (
            {"resolution": '{ noise = "50 eVee" }', "quenching": '"lindhard"'},
            "resolution: the region starts at 0.16 keVee, within 5 standard deviations (of 0.05 ",
        ),
        (
            {"region": None, "bins": None, "bin_edges": '["1 keVee", "2 keVee", "1.5 keVee"]'},
            "bin_edges: 1.5 keVee comes after 2 keVee; let the energies rise",
        ),
        # 1 keVnr is less than 0.2 keVee in this quenching.
        (
            {"region": None, "bins": None, "bin_edges": '["0.2 keVee", "1 keVnr", "2 keVee"]'},
            "bin_edges: 0.18 keVee comes after 0.2 keVee; let the energies rise",
        ),
        (
            {"efficiency": '{ energy = "keVee", points = [[50, 1], [60, 1]] }'},
            "efficiency: is zero for every recoil in the region; correct its table, or the region",
        ),
        (
            {"efficiency": '{ energy = "keVnr", points = [[0, 0], [60, 0]] }'},
            "efficiency: is zero for every recoil in the region",
        ),
        (
            {"efficiency": '{ energy = "keVnr", points = [[0, 0], [60, 1.1]] }'},
            "efficiency: row 2 of the table: efficiency 1.1 must lie between 0 and 1; correct",
        ),
        (
            {"efficiency": '{ energy = "keVee", points = [[-1, 0], [60, 1]] }'},
            "efficiency: row 1 of the table: energy [keVee] -1 must not be negative; correct",
        ),
    ],
)
def test_an_impossible_detector(fields, message):
    assert refusal(scenario(detector=detector(**fields))).startswith(f"detector.{message}")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("[[0.1, 0.2], [5, 1.3]]", "row 2 of the table: yield 1.3 must lie between 0 and 1;"),
        ("[[0.1, -0.2], [5, 0.3]]", "row 1 of the table: yield -0.2 must lie between 0 and 1;"),
        ("[[-1, 0.2], [5, 0.3]]", "row 1 of the table: energy [keVnr] -1 must not be negative;"),
        ("[[0.1, 0.2], [5, 0.3]]", "no recoil is seen as 1.66 keVee (the model ends at 5 keVnr);"),
        ("[[0.1, 0], [50, 0]]", "no recoil is seen as 0.16 keVee"),
        # Seen as 0.6 keVee at 2 and at 6 keVnr.
        (
            "[[0.1, 0.3], [2, 0.3], [6, 0.1], [50, 0.5]]",
            "visible energy does not rise near ",
        ),
        # Rises through the whole region, and falls back into it below the kinematic end.
        (
            "[[0.1, 0.9], [3, 0.9], [8, 0.05], [12, 0.03]]",
            "visible energy does not rise near ",
        ),
    ],
)
def test_an_impossible_quenching_table(points, message):
    assert refusal(scenario(detector=table(points))).startswith(f"detector.quenching: {message}")


def test_a_table_must_not_fall_where_no_recoil_gets():
    # It falls beyond the highest recoil of hep neutrinos on germanium, at 11 keVnr.
    assert model(scenario(detector=table("[[0.1, 0.2], [15, 0.3], [50, 0.01]]"))).experiment


def test_a_table_that_is_quenched_like_a_constant_counts_the_same():
    one = model(scenario(detector=detector(quenching='{ model = "constant", value = 0.2 }')))
    two = model(scenario(detector=table("[[0, 0.2], [50, 0.2]]")))
    for a, b in zip(
        one.experiment.counts(one.standard_model.interaction, one.flux).values(),
        two.experiment.counts(two.standard_model.interaction, two.flux).values(),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ('element = "Xx"', "target: element 'Xx' is unknown; give a symbol or formula such as"),
        ('element = "GE"', "target: element 'GE' is unknown"),
        ('element = "Tc"', "target: element 'Tc': no natural composition of Tc is known"),
        ('isotopes = { "Ge-7" = 1 }', "target: isotope 'Ge-7' is unknown; write element and"),
        ('isotopes = { "Zz-76" = 1 }', "target: isotope 'Zz-76' is unknown"),
        ('isotopes = { "Ge-76" = 0 }', "target: isotopes {'Ge-76': 0.0}: amounts must be"),
    ],
)
def test_an_unknown_target(target, message):
    assert refusal(scenario(target=target)).startswith(message)


def test_a_region_in_recoil_energy_is_ambiguous_in_a_compound():
    text = scenario(
        target='element = "CaWO4"',
        detector=detector(region='["0.5 keVnr", "2 keVee"]', quenching='"lindhard"'),
    )
    assert "ambiguous where elements are quenched differently" in refusal(text)


@pytest.mark.parametrize(
    ("background", "message"),
    [
        ("points = [[0, 1], [3, -1]]", "background: row 2 of the table: rate -1 must not be neg"),
        ("points = [[-1, 1], [3, 1]]", "background: row 1 of the table: energy [keVee] -1 must n"),
        ('file = "none.csv"', "background: "),
    ],
)
def test_an_impossible_background(background, message, tmp_path):
    text = scenario(background=f'rate = "1 / (keVee kg day)"\n{background}')
    assert refusal(text, tmp_path).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "has 0 rows of two numbers; it needs at least two"),
        ("1 0.2\n", "has 1 rows of two numbers; it needs at least two"),
        ("1\n2\n", "line 1: '1' is not two finite numbers"),
        ("1 2 3\n4 5 6\n", "line 1: '1 2 3' has 3 columns, not two; say which"),
        ("0,1;0,2\n0,3;0,4\n", "line 1: '0,1;0,2' is not two finite numbers"),
        ("1 nan\n2 0.3\n", "line 1: '1 nan' is not two finite numbers"),
        ("2 0.2\n1 0.3\n", "line 2: 1 does not exceed 2 above it; sort the rows"),
        ("a b\nc d\n", "line 2: 'c d' is not two finite numbers"),
        ("\ufeff1,0.2,7\n2,0.3\n", "line 1: '1,0.2,7' has 3 columns, not two; say which"),
        ("1 " + "9" * 500 + "x\n", "line 1: '1 9999"),
        (b"\xff\xfe\x00\x01", "cannot be read (it is not a text file)"),
    ],
)
@pytest.mark.parametrize(
    ("field", "write"),
    [
        (
            "detector.quenching",
            lambda f: scenario(detector=detector(quenching=f'{{ model = "table", file = "{f}" }}')),
        ),
        (
            "detector.efficiency",
            lambda f: scenario(
                detector=detector(efficiency=f'{{ energy = "keVnr", file = "{f}" }}')
            ),
        ),
        (
            "background",
            lambda f: scenario(background=f'rate = "1 / (keVee kg day)"\nfile = "{f}"'),
        ),
        ("flux.spectra.8B", lambda f: scenario(flux=f'spectra = {{ "8B" = {{ file = "{f}" }} }}')),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, field, write, content, message):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = refusal(write("table.csv"), tmp_path)
    assert found.startswith(f"{field}: {path}: {message}")
    assert len(found) < len(str(path)) + 200


@pytest.mark.parametrize(
    ("flux", "message"),
    [
        ('spectra = { hep = "winter2006" }', "flux.spectra.hep: only 8B has variants"),
        ('spectra = { "8B" = { points = [[1, 1], [2, 1]] } }', "flux.spectra.8B: "),
        ('spectra = { "8B" = { points = [[1, 0], [2, 0], [3, 0]] } }', "flux.spectra.8B: "),
        ('spectra = { "8B" = { points = [[1, 1], [2, -1], [3, 1]] } }', "flux.spectra.8B: "),
        ('spectra = { "8B" = { points = [[-1, 1], [2, 1], [3, 1]] } }', "flux.spectra.8B: "),
    ],
)
def test_an_impossible_spectrum(flux, message):
    assert refusal(scenario(flux=flux)).startswith(message)


def test_one_isotope_is_not_the_natural_mixture():
    (nucleus,) = model(scenario(target='isotopes = { "Ge-76" = 2 }')).nuclei
    assert (nucleus.label, nucleus.mass_fraction) == ("76Ge", 1.0)


def test_an_end_in_recoil_energy_goes_through_the_quenching():
    edges = model(
        scenario(
            detector=detector(
                region='["1 keVnr", "1 keVee"]', quenching='{ model = "constant", value = 0.2 }'
            )
        )
    ).experiment.edges
    assert edges[[0, -1]] == pytest.approx([0.2 * KEV, 1.0 * KEV])


def test_summary():
    lines = dict(summarise(model(scenario()).scenario))
    assert lines["exposure"] == "150 kg yr"
    assert lines["region"] == "0.16 to 2.16 keVee in 4 bins"
    # By hand: 0.01 / (keVee kg day) in 2 keVee and 150 kg yr.
    assert float(lines["background counts"]) == pytest.approx(0.01 * 2.0 * 150 * 365.25, abs=0.06)
    one = dict(summarise(model(scenario(detector=detector(bins="1"))).scenario))
    assert one["region"].endswith("in 1 bin")


def test_a_cutoff_in_visible_energy_goes_through_the_quenching():
    fields = {
        "resolution": '{ noise = "0.03 keVee" }',
        "quenching": '{ model = "constant", value = 0.2 }',
    }
    one, other = (
        Model(Scenario.parse(scenario(detector=detector(cutoff=cutoff, **fields)), "mine"))
        for cutoff in ('"0.4 keVnr"', '"0.08 keVee"')
    )
    lowest = [model.experiment.elements[0].recoils[0] for model in (one, other)]
    assert lowest[0] == pytest.approx(lowest[1], rel=1e-12)
    np.testing.assert_allclose(
        one.expectation.sources["8B"], other.expectation.sources["8B"], rtol=1e-9
    )
