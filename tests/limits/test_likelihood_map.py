"""What leaves a likelihood map: labelled arrays, JSON, words."""

import json
import sys

import numpy as np
import pytest

import upscatter
from upscatter.errors import OutputError
from upscatter.limits.likelihood_map import LikelihoodMap, MapAxis


def a_map(**changes):
    def axis(key, values):
        return MapAxis(
            key=key,
            name=key,
            unit="MeV",
            short_unit="MeV",
            symbol="x",
            unit_symbol="y",
            values=values,
        )

    fields = {
        "scenario": "s", "title": "t", "flavour": "universal", "test": "poisson", "measured": True,
        "dof": 2, "confidences": (0.9,), "x": axis("mass_MeV", np.array([1.0, 2.0])),
        "y": axis("mu_bohr", np.array([1e-9, 2e-9, 3e-9])),
        "delta": np.array([[0.0, 1.0, 2.0], [np.nan, np.inf, 5.0]]), "best": (1.5, 1e-9),
        "delta_without_signal": np.inf, "contours": (), "deviance": 3.0,
    }  # fmt: skip
    return LikelihoodMap(**fields | changes)


def test_what_is_not_finite_is_null_in_json():
    content = json.loads(a_map().to_json())
    assert content["delta_deviance"] == [[0.0, 1.0, 2.0], [None, None, 5.0]]
    assert content["without_signal"] == {"delta_deviance": None}
    assert a_map().rows[3:5] == [(2.0, 1e-9, None), (2.0, 2e-9, None)]
    assert "without a signal: excluded by the data" in a_map().best_in_words


def test_without_a_signal_there_is_no_best_mass():
    found = a_map(best=(np.nan, 0.0), delta_without_signal=0.0)
    assert not found.has_signal
    assert found.to_dict()["best_fit"] == {"mass_MeV": None, "mu_bohr": 0.0, "deviance": 3.0}
    assert found.best_in_words == "best fit: without a signal (dipole)"


class TestLabelledArray:
    def test_dimensions_name_their_units(self):
        pytest.importorskip("xarray", reason="xarray is an optional extra")
        found = upscatter.coupling_map("ge-nextgen", ("e", "mu"), points=5)
        array = found.to_xarray()
        assert array.dims == ("mu_e_bohr", "mu_mu_bohr")
        assert array.coords["mu_e_bohr"].attrs["units"] == "Bohr magnetons"
        np.testing.assert_array_equal(array.values, found.delta)
        np.testing.assert_array_equal(array.coords["mu_mu_bohr"], found.y.values)
        assert "ge-nextgen: Delta chi2 over mu_e" in array.attrs["comment"]

    def test_it_is_kept_in_a_file(self, tmp_path):
        xarray = pytest.importorskip("xarray", reason="xarray is an optional extra")
        pytest.importorskip("h5netcdf", reason="h5netcdf is an optional extra")
        found = a_map()
        found.to_netcdf(tmp_path / "map.nc")
        with xarray.open_dataarray(tmp_path / "map.nc", engine="h5netcdf") as again:
            assert again.identical(found.to_xarray())
            assert float(again.sel(mass_MeV=1.0, mu_bohr=2e-9)) == 1.0

    def test_without_xarray_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "xarray", None)
        with pytest.raises(OutputError, match=r"need xarray .*pip install 'upscatter\[scan\]'"):
            a_map().to_xarray()
