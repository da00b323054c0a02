"""The contract of results: what each of them, made by a small computation, has to offer."""

import csv
import dataclasses
import importlib
import json
import pkgutil
import re
import sys
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

import upscatter
from made_up_release import made_up_release
from upscatter.errors import OutputError
from upscatter.experiments.released import Released
from upscatter.flavours import SunAndDetector, arriving_flux, oscillation
from upscatter.fluxes import flux_at_detector
from upscatter.inputs.anchors import anchors
from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import Catalogue, catalogue, known_bound, known_bounds
from upscatter.limits.correlated import CorrelatedImpacts
from upscatter.limits.curve import LimitCurve
from upscatter.limits.plan import Plan
from upscatter.limits.scanned import Scan
from upscatter.results import MOST_ROWS, Result, none_where_nan, origin, thinned
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.reproduction import reproduce_paper


def measurement():
    scattering = Scattering(Scenario.load("xenonnt-s2only"))
    return Released(ReleasedExperiment(scattering, made_up_release(0.1)))


EXPOSURES = "100 kg yr, 1 t yr"
MAKERS = {
    "LimitCurve": lambda: upscatter.upper_limit("ge-nextgen", [0.01, 5.0, 30.0], bands=True),
    "MeasuredCurve": lambda: limit_of(measurement(), [0.01, 25.0]),
    "LikelihoodMap": lambda: upscatter.likelihood_map(
        "ge-nextgen", np.geomspace(0.5, 15.0, 12), np.geomspace(1e-9, 1e-7, 15), truth=(5.0, 3e-9)
    ),
    "PostFit": lambda: post_fit(measurement(), 1.0),
    "ToyResult": lambda: upscatter.toys("ge-nextgen", trials=100),
    "Impacts": lambda: upscatter.impacts("ge-nextgen"),
    "RecoilSpectrum": lambda: upscatter.recoil_spectrum("ge-nextgen", [0.5, 2.0], mu=1e-9),
    "Scan": lambda: upscatter.scan(
        "ge-nextgen",
        {"detector.threshold": ["0.16 keVee", "0.3 keVee"], "detector.exposure": EXPOSURES},
        [0.01, 30.0],
    ),
    "CorrelatedImpacts": lambda: upscatter.correlated_impacts("ge-nextgen", 30),
    "Plan": lambda: upscatter.plan("ge-nextgen", 7e-10, "exposure"),
    "Citations": lambda: upscatter.cite("ge-nextgen", "dresden-ii"),
    "Verdict": lambda: upscatter.compare("ge-future", bounds=["borexino-sk", "sn1987a", "texono"]),
    "ExpectedCounts": lambda: upscatter.expected_counts("ge-nextgen", mass=2.0),
    "Reproduction": reproduce_paper,
    "ArrivingFlux": lambda: arriving_flux(SunAndDetector.choose()),
    "FluxOfSources": lambda: flux_at_detector("conus-plus-projection"),
    "Oscillation": lambda: oscillation(SunAndDetector.choose(laboratory="LNGS"), "8B", [1.0, 9.0]),
    "Bound": lambda: known_bound("sn1987a"),
    "Catalogue": catalogue,
    "Anchors": anchors,
    "WorldLimit": lambda: upscatter.world_limit([0.01, 5.0, 100.0]),
}
made = cache(lambda name: MAKERS[name]())

# Quantities have their unit in a key above them; what has none is one of these.
UNITS = re.compile(r"_(MeV|keVee|keVnr|keVnr_kg_day|kg_yr|PE|bohr|percent|per_cm2_s)\b")
WITHOUT_UNIT = {
    "confidence", "dof", "counts", "totals", "seed", "trials", "failed", "coverage", "significance",
    "p_value", "excluding_without_signal", "pulls", "without_dipole", "probabilities",
    "delta_deviance", "deviance", "day_night_asymmetry", "best_factor", "factor", "provenance",
    "ratio",
}  # fmt: skip
# Older than the rule, and kept for their users: the comments of the table have the unit.
OLD = {"mu_low", "mu_high", "mu_choice", "percent_low", "percent_high", "percent_choice", "paper"}


@pytest.fixture(params=MAKERS)
def result(request):
    return made(request.param)


def leaves(content, path=()):
    """Every value in nested JSON, with the keys that lead to it."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*path, key))
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, path)
    else:
        yield path, content


def every_kind(base):
    return {kind for one in base.__subclasses__() for kind in (one, *every_kind(one))}


def test_every_kind_of_result_is_tested_here():
    for module in pkgutil.walk_packages(upscatter.__path__, "upscatter."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds = {kind for kind in every_kind(Result) if kind.__module__.startswith("upscatter.")}
    assert {kind.__name__ for kind in kinds} == set(MAKERS)
    for name in MAKERS:
        assert type(made(name)).__name__ == name


class TestContract:
    def test_it_is_frozen_and_its_constructor_takes_keywords_only(self, result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.provenance = {}
        assert all(field.kw_only for field in dataclasses.fields(result))

    def test_json_is_strict_and_holds_what_to_dict_does(self, result):
        content = result.to_dict()
        text = result.to_json()
        assert "NaN" not in text
        assert json.loads(text) == json.loads(json.dumps(content, allow_nan=False))
        for path, value in leaves(content):
            assert type(value) in (float, int, str, bool, type(None), tuple), path

    def test_every_number_in_json_has_its_unit_in_a_key(self, result):
        for path, value in leaves(result.to_dict()):
            if isinstance(value, bool) or not isinstance(value, (float, int)):
                continue
            # the key "unit" has the unit of these
            if isinstance(result, Plan) and path in (("value",), ("curve", "value")):
                continue
            if isinstance(result, Scan) and path == ("axes", "values"):
                continue
            # in standard deviations
            if isinstance(result, CorrelatedImpacts) and path[0] == "rank_correlation":
                continue
            known = any(UNITS.search(key) or key in WITHOUT_UNIT | OLD for key in path)
            assert known, (path, value)

    def test_every_moment_in_the_table_has_its_unit_in_its_name(self, result):
        for name in result.header:
            of_a_flavour = name.replace("mu", "tau") in result.header
            if "mu" in name.split("_") and not of_a_flavour:
                assert "bohr" in name.split("_"), name

    def test_masses_are_in_mev(self, result):
        names = [*result.header, *(key for path, _ in leaves(result.to_dict()) for key in path)]
        assert all(name.endswith("mass_MeV") for name in names if "mass" in name)
        assert not hasattr(result, "mass_mev")

    def test_the_table_is_rectangular_and_marks_what_is_missing(self, result):
        header, rows = result.header, result.rows
        assert len(set(header)) == len(header)
        assert len(rows) > 0
        assert {len(row) for row in rows} == {len(header)}
        for value in (value for row in rows for value in row):
            assert type(value) in (float, int, str, bool, type(None)), value
            assert not (isinstance(value, float) and np.isnan(value))

    def test_csv_reads_back(self, result, tmp_path):
        text = result.to_csv(tmp_path / "table.csv")
        assert (tmp_path / "table.csv").read_text(encoding="utf-8") == text
        lines = text.splitlines()
        comments = [line for line in lines if line.startswith("# ")]
        assert comments == [f"# {comment}" for comment in result.comments]
        header, *rows = csv.reader(lines[len(comments) :])
        assert header == list(result.header)
        for row, cells in zip(result.rows, rows, strict=True):
            for value, cell in zip(row, cells, strict=True):
                if isinstance(value, float):
                    assert float(cell) == value
                else:
                    assert cell == ("" if value is None else str(value))

    def test_json_is_written(self, result, tmp_path):
        text = result.to_json(tmp_path / "result.json")
        assert (tmp_path / "result.json").read_text(encoding="utf-8") == text

    def test_the_frame_is_the_table(self, result):
        pandas = pytest.importorskip("pandas", reason="pandas is not installed: no data frames")
        frame = result.to_frame()
        assert list(frame.columns) == list(result.header)
        assert len(frame) == len(result.rows)
        for row, found in zip(result.rows, frame.itertuples(index=False, name=None), strict=True):
            for value, cell in zip(row, found, strict=True):
                assert pandas.isna(cell) if value is None else cell == value

    def test_a_notebook_shows_the_values(self, result):
        page = Page(result._repr_html_())
        assert page.cells["th"] == list(result.header)
        assert page.cells["caption"][0].startswith(result.heading)
        shown = [result.rows[i] for i in thinned(len(result.rows))]
        expected = [value for row in shown for value in row]
        assert len(page.cells["td"]) == len(expected) <= MOST_ROWS * len(result.header)
        for value, text in zip(expected, page.cells["td"], strict=True):
            if isinstance(value, float):
                assert float(text) == pytest.approx(value, rel=5e-5)
            else:
                assert text == ("-" if value is None else str(value))

    def test_it_plots_itself(self, result, tmp_path):
        path = tmp_path / "figure.png"
        if not result.figure_function:
            with pytest.raises(OutputError, match="has no figure; draw what you need"):
                result.plot(path)
            return
        figure = result.plot(path)
        assert path.read_bytes().startswith(b"\x89PNG")
        assert figure.axes
        for axes in figure.axes:
            assert is_labelled(axes.xaxis, "labelbottom")
            assert is_labelled(axes.yaxis, "labelleft")
        assert any(axes.get_xlabel() for axes in figure.axes)
        with pytest.raises(OutputError, match="is no figure format"):
            result.plot(tmp_path / "figure.txt")

    def test_it_says_what_it_was_made_with(self, result):
        assert all(isinstance(key, str) for key in result.provenance)
        assert bool(result.provenance) is not isinstance(result, Catalogue)
        json.dumps(dict(result.provenance), allow_nan=False)
        assert result.comments
        assert not any("\n" in comment for comment in result.comments)


def is_labelled(axis, side):
    """Whether an axis says what it shows: by its label, by words at its ticks, or next door."""
    words = any(re.search("[a-z]", text.get_text()) for text in axis.get_ticklabels())
    return axis.label.get_text() or words or not axis.get_tick_params().get(side, True)


class Page(HTMLParser):
    """Texts of a table by the kind of their element."""

    def __init__(self, text):
        super().__init__()
        self.cells = {"caption": [], "th": [], "td": []}
        self.open = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in self.cells:
            self.open = tag
            self.cells[tag].append("")

    def handle_endtag(self, tag):
        self.open = None if tag == self.open else self.open

    def handle_data(self, data):
        if self.open:
            self.cells[self.open][-1] += data


def test_html_is_escaped_and_long_tables_are_thinned():
    mass = np.linspace(1.0, 2.0, 1000)
    curve = LimitCurve(
        scenario="<b>&", flavour="e", confidence=0.9, dof=1, mass=mass, mu=1e-9 * mass
    )
    text = curve._repr_html_()
    assert "<b>" not in text
    page = Page(text)
    assert page.cells["caption"][0].startswith("<b>&: upper limit on mu_nu4 (Bohr magnetons)")
    assert "25 of 1000 rows" in page.cells["caption"][0]
    assert page.cells["td"][0::2] == [f"{mass[i]:.5g}" for i in thinned(1000)]


def test_cells_are_escaped():
    bound = dataclasses.replace(known_bound("sn1987a"), label="<i>a</i> & b")
    text = Catalogue(bounds=(bound,))._repr_html_()
    assert "<i>" not in text
    assert "<i>a</i> & b" in Page(text).cells["td"]


def test_thinning_keeps_the_ends():
    assert thinned(MOST_ROWS) == list(range(MOST_ROWS))
    for rows in (MOST_ROWS + 1, 40, 1001):
        chosen = thinned(rows)
        assert (chosen[0], chosen[-1], len(set(chosen))) == (0, rows - 1, MOST_ROWS)


def test_a_frame_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(OutputError, match=r"^a data frame needs pandas .*: pip install pandas$"):
        made("Catalogue").to_frame()


@pytest.mark.parametrize("path", [5, b"x.png", ["x.png"]])
def test_a_path_that_is_none(path):
    result = known_bound("sn1987a")
    for write in (result.plot, result.to_csv, result.to_json):
        with pytest.raises(OutputError, match=r": is no path of a file; give a text such as ") as e:
            write(path)
        assert "\n" not in str(e.value)


def test_there_is_nothing_to_draw():
    nowhere = upscatter.upper_limit("ge-nextgen", [0.0, 30.0])
    with pytest.raises(OutputError, match=r"^ge-nextgen: no positive mass is within reach; .*$"):
        nowhere.plot()
    bare = dataclasses.replace(made("ArrivingFlux"), spectra=None)
    with pytest.raises(OutputError, match=r"^ArrivingFlux: has no spectra to draw; "):
        bare.plot()


def test_a_result_does_not_share_the_users_array():
    masses = np.array([1.0, 2.0])
    curve = upscatter.upper_limit("ge-nextgen", masses)
    masses[:] = 7.0
    assert curve.mass.tolist() == [1.0, 2.0]


def test_the_post_fit_counts_by_hand():
    post = made("PostFit")
    content = post.to_dict()
    assert list(content["counts"]) == list(post.channels)
    flat = [n for run in content["counts"].values() for n in run["observed"]]
    assert flat == post.observed.tolist()
    last = dict(zip(post.header, post.rows[-1], strict=True))
    assert last["run"] == [*post.channels][-1]
    (axis,) = post.channels["sr2"].axes
    assert (last["low_cS2_PE"], last["high_cS2_PE"]) == tuple(axis.edges[-2:])
    assert last["8B_CEvNS"] == post.components["8B CEvNS"][-1]
    assert (last["dipole_best_fit"], last["dipole_limit"]) == (
        post.signal_best[-1],
        post.signal_limit[-1],
    )
    third = post.nuisances[2]
    assert content["pulls"][third]["best_fit"] == post.pulls[2]
    assert content["pulls"][third]["at_limit"] == post.pulls_limit[2]
    assert (content["mass_MeV"], content["mu_bohr"]) == (1.0, post.mu_limit)


def test_nan_becomes_none_and_provenance_a_line():
    assert none_where_nan(np.array([np.nan, 2.0])) == [None, 2.0]
    assert none_where_nan([]) == []
    assert origin({"a": {"b": 1, "c": [2, "d"]}}) == ["a: b 1, c 2, d"]


class TestCompare:
    def test_bounds_by_name_file_and_as_they_are(self, tmp_path):
        path = tmp_path / "mine.csv"
        path.write_text("0.1,1e-9\n5,1e-9\n", encoding="utf-8")
        own = Bound(
            name="own", label="own", kind="projection", mass=np.array([1.0, 2.0]),
            mu=np.array([1e-9, 1e-9]),
        )  # fmt: skip
        for given in (path, str(path)):
            found = upscatter.compare("ge-future", bounds=[given, "borexino", own])
            assert [bound.name for bound in found.bounds] == ["mine", "borexino", "own"]
        with pytest.raises(upscatter.UpscatterError, match="'mine' is listed already"):
            upscatter.compare("ge-future", bounds=[path, path])

    def test_all_of_the_catalogue_is_the_default(self):
        found = upscatter.compare("ge-future", confidence=0.95, flavour="e")
        names = [bound.name for bound in found.bounds]
        published = [bound.name for bound in known_bounds("published")]
        assert names[: len(published)] == published
        # of the recomputed ones those for nu_e, without the combination of all data
        assert {bound.flavour for bound in found.bounds[len(published) :]} == {"e"}
        assert {"texono", "coherent-e", "xenonnt-er-e"} < set(names)
        assert "all-data-e" not in names
        (curve,) = found.curves
        assert (curve.confidence, curve.flavour) == (0.95, "e")
        assert found.provenance["confidence"] == 0.95

    @pytest.mark.parametrize(
        ("scenarios", "options", "message"),
        [
            ((), {}, "no scenario is given"),
            (("ge-future", Scenario.load("ge-future")), {}, "ge-future: is named twice"),
            (("ge-future",), {"bounds": ["borexin"]}, "did you mean 'borexino'"),
            (("cdex-50",), {"data": "somewhere"}, "cdex-50: data: .*somewhere: cannot be read"),
            (("ge-future",), {"confidence": 90.0}, "confidence"),
        ],
    )
    def test_what_makes_no_sense_is_refused_in_one_line(self, scenarios, options, message):
        with pytest.raises(upscatter.UpscatterError, match=message) as refusal:
            upscatter.compare(*scenarios, **options)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["LimitCurve", "ToyResult"])
def test_comments_state_degrees_of_freedom_of_a_test_that_has_them(name):
    """JSON keeps the key for every test."""
    result = made(name)
    for test, stated in (("chi2-pulls", True), ("cls", False)):
        changed = dataclasses.replace(result, test=test)
        assert ("dof: 1" in changed.to_csv()) == stated
        assert changed.to_dict()["dof"] == 1
