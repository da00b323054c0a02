"""The result of a scan as a labelled array, a table and files."""

import sys

import numpy as np
import pytest
import xarray

import upscatter
from upscatter.errors import OutputError
from upscatter.limits import scanned
from upscatter.report.scan_tables import scan_table


@pytest.fixture(scope="module")
def result():
    vary = {
        "detector.exposure": "100 kg yr, 1 t yr",
        "detector.quenching": 'lindhard, { model = "lindhard", k = 0.2 }',
    }
    return upscatter.scan("ge-nextgen", vary, [0.01, 3.0, 30.0])


def test_labels(result):
    array = result.to_xarray()["mu_bohr"]
    assert array.dims == result.dimensions == ("detector.exposure", "detector.quenching", "m4")
    chosen = array.sel({"detector.exposure": 1000.0, "detector.quenching": "lindhard", "m4": 3.0})
    assert float(chosen) == result.mu[1, 0, 1]
    assert array["detector.exposure"].attrs["units"] == "kg yr"
    assert array["m4"].attrs["units"] == "MeV"
    assert np.isnan(array.sel(m4=30.0)).all()


def test_limits_out_of_reach_are_remarked(result):
    assert result.remarks == ["4 of 12 are without a limit: m4 is out of reach"]
    assert upscatter.scan("ge-nextgen", {"detector.bins": [5, 10]}, [3.0]).remarks == []


def test_refused_variants_are_not_counted_twice():
    vary = {"detector.threshold": ["0.16 keVee", "3 keVee"]}
    refused, beyond = upscatter.scan("ge-nextgen", vary, [3.0, 30.0]).remarks
    assert refused.startswith("1 of 2 have no limit: ")
    assert beyond == "1 of 4 are without a limit: m4 is out of reach"


def test_points_have_one_dimension():
    vary = {"detector.bins": [5, 10, 20], "detector.exposure": ["1 kg yr"] * 3}
    points = upscatter.scan("ge-nextgen", vary, paired=True)
    array = points.to_xarray()["mu_bohr"]
    assert array.dims == ("point", "m4")
    assert array["detector.bins"].dims == ("point",)
    assert [row[0] for row in points.rows] == [5, 10, 20]


def test_netcdf_reads_back(result, tmp_path):
    result.to_netcdf(tmp_path / "scan.nc")
    with xarray.open_dataset(tmp_path / "scan.nc") as opened:
        xarray.testing.assert_equal(opened["mu_bohr"], result.to_xarray()["mu_bohr"])
        np.testing.assert_array_equal(opened["reliable"], result.reliable)
        assert opened.attrs["test"] == "chi2-pulls"
    with pytest.raises(OutputError, match="does not exist"):
        result.to_netcdf(tmp_path / "nowhere" / "scan.nc")
    assert [*tmp_path.iterdir()] == [tmp_path / "scan.nc"]


def test_rows_are_made_when_they_are_asked_for(result):
    rows = result.rows
    assert len(rows) == 12
    exposure, quenching, mass, mu, reliable = rows[10]
    assert (exposure, quenching, mass) == (1000.0, '{"model": "lindhard", "k": 0.2}', 3.0)
    assert mu == result.mu[1, 1, 1]
    assert reliable is True
    assert rows[2:4] == [rows[2], rows[3]]
    assert rows[2][3] is None  # out of reach
    with pytest.raises(IndexError):
        rows[12]


def test_text_is_for_few(result, monkeypatch):
    monkeypatch.setattr(scanned, "MOST_ROWS", 11)
    for write in (result.to_csv, result.to_json):
        with pytest.raises(OutputError, match=r"12 limits: are too many for .*write NetCDF"):
            write()


@pytest.mark.parametrize("library", ["xarray", "h5netcdf"])
def test_without_the_libraries_it_says_what_to_install(result, monkeypatch, tmp_path, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(OutputError, match=r"need \w+ .*pip install 'upscatter\[scan\]'"):
        result.to_netcdf(tmp_path / "scan.nc")
    assert not [*tmp_path.iterdir()]


def test_few_counts_are_said():
    result = upscatter.scan("ge-nextgen", {"detector.exposure": "0.1 kg yr, 150 kg yr"})
    assert not result.reliable[0, 0]
    assert result.remarks == ["1 of 2 limits: too few counts for the approximation of chi2-pulls"]


class TestWhatVariesIsNotSaidOnce:
    def test_confidence_test_and_flavour(self):
        vary = {
            "statistics.confidence": "0.68, 0.95",
            "statistics.test": "poisson, cls",
            "coupling.flavour": "e, mu",
        }
        result = upscatter.scan("ge-nextgen", vary)
        assert (result.flavour, result.confidence, result.test) == (None, None, None)
        assert "flavour: varies; confidence: varies; test: varies" in result.comments
        assert result.to_xarray().attrs["confidence"] == "varies"
        assert result.to_dict()["test"] is None
        (axes,) = result.plot().axes
        assert "CL" not in axes.get_ylabel()
        assert "CL" not in str(scan_table(result).title)

    def test_what_is_the_same_is_said(self):
        result = upscatter.scan("ge-nextgen", {"statistics.confidence": [0.95]}, flavour="mu")
        assert (result.flavour, result.confidence, result.test) == ("mu", 0.95, "chi2-pulls")
        assert "95 % CL" in str(scan_table(result).title)

    def test_scenarios(self):
        one = upscatter.scan("ge-nextgen", {"scenario": "ge-future"})
        assert (one.scenario, one.title) == ("ge-future", "Future germanium")
        two = upscatter.scan("ge-nextgen", {"scenario": "ge-future, nucleus"})
        assert (two.scenario, two.title) == ("ge-future, nucleus", "2 scenarios")
        assert [*two.provenance["scenario_sha256"]] == ["ge-future", "nucleus"]
        assert "target" not in two.provenance
