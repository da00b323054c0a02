"""Reading the XENONnT S2-only release, in the official layout, whole and broken."""

import sys

import numpy as np
import pytest

from released_files import (
    BINS,
    EDGES,
    ENERGIES,
    EXPOSURES,
    KINDS,
    official_release,
    probability,
    rates,
    read_release,
    response_of,
    write_release,
    write_responses,
    write_table,
    write_template,
)
from upscatter.errors import TableError
from upscatter.releases.release import Anchors
from upscatter.releases.xenonnt_s2only import MODEL, OBSERVED, RUNS, SHIFTS
from upscatter.units import KEV, TONNE, YEAR


@pytest.fixture
def responses(tmp_path):
    return write_responses(tmp_path)


@pytest.fixture
def release(responses):
    return write_release(responses)


def refused(folder):
    with pytest.raises(TableError) as caught:
        read_release(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_release_is_read_as_written(release):
    read = read_release(release)
    assert tuple(run.name for run in read.channels) == RUNS
    for run in read.channels:
        (axis,) = run.axes
        np.testing.assert_array_equal(axis.edges, EDGES)
        assert axis.title == "cS2 [PE]"
        assert run.exposure / (TONNE * YEAR) == pytest.approx(EXPOSURES[run.name], rel=1e-15)
        np.testing.assert_array_equal(run.observed, OBSERVED[run.name])
        expected = [source for source, kind in KINDS.items() if run.name in kind[3]]
        assert [template.source for template in run.backgrounds] == expected
        for template in run.backgrounds:
            morphs = bool(template.anchors.names)
            for k, shift in enumerate(SHIFTS if morphs else (0,)):
                found = template.rates[k] if morphs else template.rates
                np.testing.assert_allclose(
                    found * TONNE * YEAR, rates(template.source, shift), rtol=1e-14
                )
        cevns = run.backgrounds[-1]
        assert cevns.scales == ("cevns_rate_multiplier", f"signal_efficiency_{run.name}")
        assert cevns.anchors == run.response.anchors == Anchors(("t_qy",), (SHIFTS,))
        assert run.response.scales == (f"signal_efficiency_{run.name}",)


def test_parameters_carry_their_constraints(release):
    parameters = {p.name: p for p in read_release(release).nuisances}
    shift = parameters["t_qy"]
    assert (shift.nominal, shift.width, shift.lower, shift.upper) == (0.0, 1.0, -3.0, 3.0)
    assert parameters["signal_efficiency_sr1"].width == pytest.approx(0.112)
    causes = {name: p.cause for name, p in parameters.items() if p.cause}
    assert causes == {"cevns_rate_multiplier": "flux 8B"}
    assert "ae_sr2_rate_multiplier" not in parameters  # that run has no accidental electrons
    assert not [name for name in parameters if name.startswith(("wimp", "livetime"))]


def test_the_response_is_read_without_optional_packages(responses, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setitem(sys.modules, "yaml", None)
    response = response_of(responses, "sr1")
    np.testing.assert_allclose(response.energies / KEV, ENERGIES, rtol=1e-14)
    assert response.probabilities.shape == (7, ENERGIES.size, 7)
    np.testing.assert_allclose(
        response.at(ENERGIES[1:-1] * KEV)[1], probability(-2, ENERGIES[1:-1]), rtol=1e-12
    )


def test_the_response_is_linear_in_energy(responses):
    response = response_of(responses, "sr0")
    for k, shift in enumerate(SHIFTS):
        between = response.at(np.array([0.8, 0.5, 0.6, 5.0]) * KEV)[k]
        low, high = probability(shift, np.array([0.6, 1.0]))
        np.testing.assert_allclose(between[0], 0.5 * (low + high), rtol=1e-12)
        nodes = probability(shift, np.array([0.5, 0.6, 5.0]))
        np.testing.assert_allclose(between[1:], nodes, rtol=1e-12)


def test_the_response_ends_at_its_first_and_last_energy(responses):
    response = response_of(responses, "sr0")
    outside = np.array([0.0, 0.1, 0.4999, 5.0001, 40.0]) * KEV
    assert not response.at(outside).any()
    assert (response.at(response.energies)[:, [0, -1]].sum(axis=-1) > 0.0).all()


def test_a_release_that_is_not_there(tmp_path):
    assert "is neither a folder nor an archive" in refused(tmp_path / "none")
    assert f"{MODEL}: is missing" in refused(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        MODEL,
        "response/response_nr_tqy_2_sr1.csv",
        "data/background_sr2.csv",
        "data/templates/science_roi_background_sr0_template_cathode_tsys_-3_1d.h5",
        "data/templates/science_roi_background_sr1_template_ae_1d.h5",
    ],
)
def test_a_partial_release_names_what_is_missing(release, name):
    (release / name).unlink()
    message = refused(release)
    assert f"{release / name}: is missing" in message
    assert "complete release" in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("energy_kev", "energy", "columns are not energy_kev, s2_bin_0"),
        (",s2_bin_6", "", "columns are not"),
        ("\n1.0,", "\nnan,", "line 4: nan is not finite"),
        ("\n1.0,", "\ninf,", "line 4: inf is not finite"),
        ("\n1.0,", "\n1.0,-", "line 4: -0.0"),
        ("\n1.0,", "\none,", "line 4: is not all numbers"),
        ("\n1.0,", "\n1.0,0.1,", "line 4: has 9 fields instead of 8"),
        ("\n1.0,", "\n0.55,", "line 4: energies are out of order"),
        ("\n1.0,", "\n0.6,", "line 4: energies are out of order"),
        ("\n1.0,", "\n1.1,", "energies differ from those of other shifts"),
    ],
)
def test_a_wrong_response_is_named_with_its_line(release, old, new, said):
    path = release / "response" / "response_nr_tqy_1_sr2.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    message = refused(release)
    assert message.startswith(str(path))
    assert said in message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has 0 rows"),
        ([[0.5, *7 * [0.1]]], "has 1 rows"),
        ([[energy, *7 * [1e-10]] for energy in ENERGIES], "is empty"),
    ],
)
def test_a_response_without_content(release, rows, said):
    path = release / "response" / "response_nr_tqy_-3_sr0.csv"
    write_table(path, ["energy_kev", *BINS], rows)
    assert refused(release).startswith(f"{path}: {said}")


@pytest.mark.parametrize(
    ("values", "edges", "said"),
    [
        (np.zeros(7), EDGES, "is empty"),
        (np.full(7, 2e-11), EDGES, "is empty"),
        (np.array([1.0, 1.0, np.nan, 1.0, 1.0, 1.0, 1.0]), EDGES, "nan is not finite"),
        (np.array([1.0, 1.0, -2.0, 1.0, 1.0, 1.0, 1.0]), EDGES, "-2 is not finite or is negative"),
        (np.ones(6), EDGES, "has other bins than 7"),
        (np.ones(7), EDGES[::-1], "bin edges"),
        (np.ones(7), 2.0 * EDGES, "bins differ"),
        (np.array(7 * [b"many"]), EDGES, "is no HDF5 file"),
    ],
)
def test_a_wrong_template_is_named(release, values, edges, said):
    path = release / "data/templates/science_roi_background_sr1_template_cevns_tqy_3_1d.h5"
    write_template(path, values, edges)
    message = refused(release)
    assert message.startswith(str(path))
    assert said in message


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x89HDF\r\n\x1a\n"])
def test_a_template_that_is_no_hdf5_file(release, content):
    path = release / "data/templates/science_roi_background_sr2_template_de_1d.h5"
    path.write_bytes(content)
    assert f"{path}: is no HDF5 file" in refused(release)


def test_an_hdf5_file_without_a_template(release):
    h5py = pytest.importorskip("h5py")
    path = release / "data/templates/science_roi_background_sr2_template_de_1d.h5"
    with h5py.File(path, "w") as file:
        file["other"] = np.ones(7)
    assert "with bins/0 and templates/template" in refused(release)


def test_backgrounds_that_contradict_their_templates(release):
    path = release / "data" / "background_sr0.csv"
    rows = [[source, *rates(source, 0)] for source in KINDS]
    rows[3][2] *= 1.01
    write_table(path, ["background", *BINS], rows)
    assert refused(release) == f"{path}: line 5: cevns differs from its template"
    write_table(path, ["background", *BINS], rows[:3])
    assert f"{path}: has no row cevns" in refused(release)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nominal_value: 2.44", "nominal_value: -2.44", "livetime_sr1 is -2.44"),
        ("nominal_value: 2.44", "nominal_value: .nan", "livetime_sr1 is nan"),
        ("nominal_value: 2.44", "nominal_value: 0", "livetime_sr1 is 0"),
        ("nominal_value: 2.44", "nominal_value: long", "livetime_sr1 is 'long'"),
        ("livetime_sr2:", "livetime:", "has no parameter_definition/livetime_sr2"),
        ("- name: SR1", "- name: SR7", "has no likelihood term for sr1"),
        ("fit_limits: [-3, 3]", "fit_limits: [3, -3]", "lacks a width, or fit_limits"),
        ("fit_limits: [-3, 3]", "fit_limits: 3", "lacks a width, or fit_limits"),
        ("science_roi_background_sr0", "elsewhere", "names no background template of sr0"),
        ("parameter_definition:", "{", "is not YAML"),
        ("likelihood_config:", "likelihood:", "has no likelihood_config"),
    ],
)
def test_a_wrong_statistical_model_is_named(release, old, new, said):
    path = release / MODEL
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    message = refused(release)
    assert message.startswith(str(path))
    assert said in message


def test_a_release_without_8b_is_refused_in_a_line(release):
    """Its parameters are those of the signal."""
    path = release / MODEL
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("cevns_rate_multiplier", "other"), encoding="utf-8")
    assert "sr0 has no background cevns with cevns_rate_multiplier" in refused(release)


@pytest.mark.parametrize("module", ["h5py", "yaml"])
def test_a_missing_optional_package_says_what_to_install(release, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    line = refused(release)
    assert f"needs {module}" in line
    assert 'pip install "upscatter[xenonnt]"' in line


def test_pickles_are_never_loaded(release):
    """One that would end the test run lies where a careless reader finds it."""
    trap = b"cposix\n_exit\n(I1\ntR."
    for name in ("data/real_data.pkl", "data/templates/template.pkl"):
        (release / name).write_bytes(trap)
    assert read_release(release).channels
    path = release / "data/templates/science_roi_background_sr2_template_de_1d.h5"
    path.write_bytes(trap)
    assert "is no HDF5 file" in refused(release)


def test_the_official_release(reference):
    read = read_release(official_release(reference))
    exposures = [run.exposure / (TONNE * YEAR) for run in read.channels]
    np.testing.assert_allclose(exposures, [1.50, 2.44, 3.89], rtol=1e-12)
    totals = [
        run.exposure * sum(b.rates[b.anchors.nominal].sum() for b in run.backgrounds)
        for run in read.channels
    ]
    # Expected before a fit, from the release; 583, 864, 1107 are observed (arXiv:2601.11296).
    np.testing.assert_allclose(totals, [595.7, 798.4, 1256.6], rtol=1e-3)
    widths = {p.name: p.width for p in read.nuisances}
    assert widths["cathode_sr0_rate_multiplier"] == 0.146
    assert widths["cevns_rate_multiplier"] == 0.0381
    for run in read.channels:
        np.testing.assert_allclose(run.axes[0].edges, EDGES, rtol=1e-15)
        seen = run.response.probabilities.sum(axis=-1)
        assert 0.1 < seen.max() < 0.16  # a probability for each recoil: never above one
        assert run.response.energies[0] == pytest.approx(0.5 * KEV, rel=1e-14)
