"""`upscatter map`, and `upscatter limit --discovery`."""

import csv
import json

import numpy as np
import pytest

GRID = ("--mass", "1MeV:15MeV:8", "--mu", "1e-10:1e-7:30")


class TestMasses:
    def test_the_table_says_where_the_contours_are(self, run):
        text = run("map", "ge-nextgen", "--test", "poisson")
        assert "-2 Delta ln L for 2 dof" in text
        for level in ("68 %   2.279", "90 %   4.605", "95 %   5.991"):
            assert level in text
        assert text.count("open at the edge") == 3
        assert "best fit: without a signal" in text
        assert max(map(len, text.splitlines())) <= 80

    def test_a_true_signal(self, run):
        text = run(
            "map", "ge-future", "--test", "poisson", "--truth", "8MeV,3e-9",
            "--mass", "4MeV:14MeV:40", "--mu", "1e-9:1e-8:80",
        )  # fmt: skip
        assert text.count("closed") == 3
        assert "best fit: m4 = 8 MeV, mu_nu4 = 3e-09 Bohr magnetons" in text

    def test_json_has_the_grid_and_the_contours(self, run):
        content = json.loads(run("map", "ge-nextgen", *GRID, "--format", "json"))
        assert np.shape(content["delta_deviance"]) == (8, 30)
        assert content["data"] == "asimov"
        assert content["best_fit"]["mass_MeV"] is None
        (first, *_) = content["contours"]
        assert first["confidence"] == 0.68
        assert len(first["mass_MeV"]) == len(first["mu_bohr"]) > 2

    def test_csv_has_a_row_for_each_point(self, run):
        lines = run("map", "ge-nextgen", *GRID, "--format", "csv").splitlines()
        header, *rows = csv.reader(line for line in lines if not line.startswith("#"))
        assert header == ["mass_MeV", "mu_bohr", "delta_deviance"]
        assert len(rows) == 240

    def test_levels_and_degrees_of_freedom(self, run):
        text = run("map", "ge-nextgen", *GRID, "--level", "0.99", "--dof", "1")
        assert "99 %   6.635" in text
        assert "68 %" not in text

    def test_files(self, run, folder):
        out = run("map", "ge-nextgen", *GRID, "--plot", "map.pdf", "--out", "map.txt")
        assert out == ""
        assert (folder / "map.pdf").read_bytes().startswith(b"%PDF")
        assert "Delta chi2 for 2 dof" in (folder / "map.txt").read_text(encoding="utf-8")

    def test_a_labelled_array(self, run, folder):
        xarray = pytest.importorskip("xarray", reason="xarray is an optional extra")
        pytest.importorskip("h5netcdf", reason="h5netcdf is an optional extra")
        run("map", "ge-nextgen", *GRID, "--out", "map.nc")
        content = json.loads(run("map", "ge-nextgen", *GRID, "--format", "json"))
        with xarray.open_dataset(folder / "map.nc", engine="h5netcdf") as found:
            assert found.delta_deviance.dims == ("mass_MeV", "mu_bohr")
            np.testing.assert_array_equal(found.delta_deviance, content["delta_deviance"])

    def test_a_combination(self, run):
        text = run("map", "ge-nextgen", "nucleus", "--combine", "--mass", "0.1MeV:5MeV:4")
        assert "90 %" in text


class TestCouplings:
    def test_the_plane_of_both_signs(self, run):
        content = json.loads(
            run("map", "ge-nextgen", "--couplings", "e,mu", "--mu", "3e-9:21", "--format", "json")
        )
        assert content["mass_MeV"] == 0.01
        said = content["provenance"]
        assert (said["coupling"], said["flavour_sum"]) == ("e and mu", "exact")
        assert content["mu_e_bohr"][0] == -3e-9
        assert content["mu_mu_bohr"][10] == 0.0
        delta = np.array(content["delta_deviance"])
        np.testing.assert_array_equal(delta, delta[::-1, ::-1])
        assert delta[20, 20] > 2.0 * delta[20, 0]
        assert {line["closed"] for line in content["contours"]} == {True}

    def test_a_truth_of_either_sign(self, run):
        text = run("map", "ge-nextgen", "--couplings", "e,mu", "--truth", "3e-9,-1e-9",
                   "--test", "poisson", "--sum", "incoherent")  # fmt: skip
        assert "mu_e = 3e-09 Bohr magnetons, mu_mu = -1e-09" in text
        assert "incoherent sum" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mu", "1e-9"), "--mu '1e-9': is a single value, and a map needs several"),
        (("--mu=-1e-9:1e-8:20",), "--mu '-1e-9:1e-8:20': the ends must be positive and rise"),
        (("--mu", "1e-8:1e-9:20"), "the ends must be positive and rise"),
        (("--mu", "1e-9:x:20"), "'x' is no number"),
        (("--mu", "1e-9:nan:20"), "'nan' is no number"),
        (("--mu", "1e-9:1e-8:2.5"), "'2.5' is no whole number"),
        (("--mu", "1e-9:1e-8:1"), "1 points are not between 2 and 2000"),
        (("--mu", "1e-9:2:10"), "mu: 2 is not above 0 and up to 1"),
        (("--mass", "5MeV"), "mass: a map needs two or more"),
        (("--mass", "5MeV", "--mass", "1MeV"), "rise"),
        (("--truth", "5MeV"), "--truth '5MeV': is not a point of the map"),
        (("--truth", "5,1e-9"), "--truth '5'"),
        (("--level", "1.5"), "confidence: 1.5 is not between 0 and 1"),
        (("--dof", "0"), "dof: 0 is not a positive number"),
        (("--sum", "exact"), "--sum exact: needs --flavour"),
        (("--couplings", "e,mu", "--flavour", "e"), "does not go with --couplings"),
        (("--couplings", "e"), "couplings e: are not two of e, mu, tau"),
        (("--couplings", "e,e"), "couplings e, e: are not two of e, mu, tau"),
        (("--couplings", "e,nu"), "couplings e, nu: are not two of e, mu, tau"),
        (("--couplings", "e,mu", "--mu=-1e-9"), "--mu '-1e-9': must be positive"),
        (("--couplings", "e,mu", "--mu", "1e-11:1e-9:20"), "is not for --couplings"),
        (("--couplings", "e,mu", "--mu", "1e-9:20"), "points: 20 is not an odd number"),
        (("--couplings", "e,mu", "--mass", "1MeV:2MeV:3"), "--mass '1MeV:2MeV:3': is a grid"),
        (("--couplings", "e,mu", "--truth", "5MeV,1e-9"), "'5MeV' is no number"),
        (("--data", "none.txt", "--test", "poisson"), "none.txt"),
        (("--plot", "map.gif"), "map.gif"),
    ],
)
def test_what_is_refused(refused, arguments, message):
    assert message in refused("map", "ge-nextgen", *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("conus-plus-projection", "--couplings", "e,mu"), "has flavour mu"),
        (("texono", "--couplings", "mu,tau"), "no such neutrino arrives"),
        (("texono", "--truth", "1MeV,1e-9"), "has data, and a true signal is for Asimov data"),
        (("texono", "--test", "chi2-pulls"), "for projections"),
        (("xenonnt-s2only",), "give the data"),
        (("ge-nextgen", "ge-future"), "are several; add --combine"),
        (("ge-nextgen", "--combine"), "needs two scenarios or more"),
    ],
)
def test_what_cannot_be_mapped(refused, arguments, message):
    assert message in refused("map", *arguments)


class TestDiscovery:
    def test_it_is_beside_the_limit(self, run):
        text = run("limit", "ge-nextgen", "--test", "poisson", "--discovery", "3", "--mass", "1MeV")
        assert "3 sigma" in text
        assert "in half" in text
        assert max(map(len, text.splitlines())) <= 80

    def test_in_files(self, run):
        command = ("limit", "ge-nextgen", "--discovery", "5", "--mass", "1MeV", "--mass", "30MeV")
        content = json.loads(run(*command, "--format", "json"))
        assert content["discovery"]["significance"] == 5.0
        seen, beyond = content["discovery"]["mu_bohr"]
        assert seen > content["mu_bohr"][0]
        assert beyond is None
        lines = run(*command, "--format", "csv").splitlines()
        assert "mass_MeV,mu_bohr,mu_bohr_discovery" in lines
        assert lines[-2] == f"1.0,{content['mu_bohr'][0]},{seen}"
        assert lines[-1] == "30.0,,"

    def test_of_a_combination(self, run):
        command = ("limit", "ge-nextgen", "nucleus", "--combine", "--discovery", "3",
                   "--mass", "1MeV", "--format", "json")  # fmt: skip
        both = json.loads(run(*command))["discovery"]["mu_bohr"][0]
        for name in ("ge-nextgen", "nucleus"):
            alone = run("limit", name, "--test", "poisson", *command[4:])
            assert both < json.loads(alone)["discovery"]["mu_bohr"][0]

    def test_it_is_drawn(self, run, folder):
        run("limit", "ge-nextgen", "--discovery", "3", "--plot", "limit.svg", "--bands")
        assert "discovery, median" in (folder / "limit.svg").read_text(encoding="utf-8")

    @pytest.mark.parametrize("significance", ["0", "-3", "nan", "1000"])
    def test_significances_that_mean_nothing(self, refused, significance):
        message = refused("limit", "ge-nextgen", f"--discovery={significance}", "--mass", "1MeV")
        assert "are not above 0 and up to 30; give a number such as 3 or 5" in message

    def test_data_have_none(self, refused):
        message = refused("limit", "texono", "--discovery", "3")
        assert message.startswith("texono: has data, and a discovery reach is of projections")
