"""Observed data in a scenario, read, checked against the bins and written again."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import experiment_of
from upscatter.experiments.described import Described
from upscatter.inputs.tables import read_spectrum
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.provenance import provenance
from upscatter.scenario.summary import summarise
from upscatter.units import MEV

EXCESS = "excess = [-1.5, 2, 0.5, 3]\nerrors = [1, 1, 2, 2]"
BINS = [0.16, 0.66, 1.16, 1.66, 2.16]
WIDE = "low,high,counts\n0.16,0.66,5\n0.66,1.16,0\n1.16,1.66,7\n1.66,2.16,1\n"
SHORT = "0.16 5\n0.66 0\n1.16 7  # most\n1.66 1\n2.16\n"

THREE = "low,rate,counts\n0.16,9,5\n0.66,9,0\n1.16,9,7\n1.66,9,1\n"


def parse(data, directory=None, extra="", **blocks):
    text = scenario(extra=f"[data]\n{data}\n{extra}", **blocks)
    return Scenario.parse(text, "mine", directory)


def with_file(folder, content, columns=""):
    (folder / "seen.csv").write_text(content)
    return parse(f'file = "seen.csv"\n{columns}', folder)


class TestObserved:
    def test_counts(self):
        observed = Model(parse("counts = [5, 0, 7.0, 1]")).observed
        assert observed.counts.tolist() == [5.0, 0.0, 7.0, 1.0]
        assert observed.errors is None

    def test_an_excess_may_be_negative_and_without_background(self):
        model = Model(parse(EXCESS, background=""))
        assert model.observed.counts.tolist() == [-1.5, 2.0, 0.5, 3.0]
        assert model.observed.errors.tolist() == [1.0, 1.0, 2.0, 2.0]
        assert model.expectation.background.tolist() == [0.0] * 4

    def test_a_projection_has_none(self):
        assert Model(Scenario.load("ge-nextgen")).observed is None

    def test_the_likelihood_takes_them(self):
        model = Model(parse("counts = [5, 0, 7, 1]"))
        likelihood, _ = Described(model).likelihood(np.array([0.01]) * MEV)
        data = likelihood.observe(model.observed.counts)
        assert data.counts.tolist() == [5.0, 0.0, 7.0, 1.0]

    def test_one_bin_without_counts(self):
        model = Model(parse("counts = [0]", detector=detector(bins=None)))
        assert model.observed.counts.tolist() == [0.0]


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "columns"),
        [
            (WIDE, ""),
            (SHORT, ""),
            (WIDE, 'columns = ["low", "high", "counts"]'),
            (
                "low,rate,counts\n0.16,9,5\n0.66,9,0\n1.16,9,7\n1.66,9,1\n2.16,,\n",
                "columns = [1, 3]",
            ),
            ("low,rate,counts\n0.16,9,5\n0.66,9,0\n1.16,9,7\n1.66,9,1\n2.16\n", "columns = [1, 3]"),
        ],
    )
    def test_counts(self, tmp_path, content, columns):
        loaded = with_file(tmp_path, content, columns)
        assert Model(loaded).observed.counts.tolist() == [5.0, 0.0, 7.0, 1.0]
        # the same data give the same digest, wherever they are written
        assert loaded.digest == parse("counts = [5, 0, 7, 1]").digest
        assert Scenario.parse(loaded.to_toml(), "again").digest == loaded.digest

    def test_edges(self, tmp_path):
        (tmp_path / "seen.csv").write_text(SHORT)
        edges, counts, errors = read_spectrum(tmp_path / "seen.csv")
        assert edges.tolist() == BINS
        assert counts.tolist() == [5.0, 0.0, 7.0, 1.0]
        assert errors is None

    def test_excess(self, tmp_path):
        rows = "0.16,0.66,-1.5,1\n0.66,1.16,2,1\n1.16,1.66,0.5,2\n1.66,2.16,3,2\n"
        loaded = with_file(tmp_path, rows)
        assert Model(loaded).observed.errors.tolist() == [1.0, 1.0, 2.0, 2.0]
        assert loaded.digest == parse(EXCESS).digest

    def test_rounded_edges_are_taken(self, tmp_path):
        content = WIDE.replace("0.66", "0.6602")
        assert Model(with_file(tmp_path, content)).observed.counts.sum() == 13.0

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                WIDE.replace("1.16", "1.2"),
                r"^mine: data: edge 3 is 1.2 keVee, but that of the detector 1.16 keVee; give the",
            ),
            (WIDE.rsplit("\n", 2)[0], "^mine: data: has 3 bins, but the detector has 4; give as"),
            (WIDE.replace(",7", ",-7"), r"seen.csv: counts\[2\] = -7.0: must be 0 or more"),
            (WIDE.replace(",7", ",7.5"), r"seen.csv: counts\[2\] = 7.5: must be a whole number"),
            (WIDE.replace(",7", ",nan"), "line 4: .* is not 3 finite numbers"),
            (WIDE.replace("1.16,1.66", "1.17,1.66"), "begins at 1.17, but the one above it ends"),
            (SHORT.replace("\n2.16", ""), "no last upper edge; add it alone in one more row"),
            (SHORT + "2.66 1\n", "line 6: .* is not 2 finite numbers"),
            (SHORT.replace("\n0.66", "\n0.06"), "edge 0.06 does not exceed 0.16; sort the bins"),
            ("1,2,3,4,5\n", "has 5 columns, not two, three or four"),
            ("a,b,c\n", "has no rows of numbers"),
        ],
    )
    def test_refused_in_one_line(self, tmp_path, content, message):
        with pytest.raises(ScenarioError, match=message) as caught:
            _ = Model(with_file(tmp_path, content)).experiment
        assert "\n" not in str(caught.value)

    def test_a_missing_file_is_refused_where_it_is_needed(self, tmp_path):
        """What is expected can be seen without it, as of a bundled scenario."""
        lacking = parse('file = "none.csv"', tmp_path)
        assert lacking.missing == ("none.csv",)
        assert Model(lacking).observed is None
        assert Model(lacking).expectation.total.sum() > 0.0
        message = (
            r"^mine: data: none\.csv: is missing; put it beside .* upscatter limit mine --data"
        )
        with pytest.raises(ScenarioError, match=message):
            experiment_of(lacking)
        with pytest.raises(ScenarioError, match=r"^mine: --data .*: has no none\.csv; give the fo"):
            experiment_of(lacking, tmp_path)

    def test_a_missing_table_is_refused_where_the_data_are_there(self, tmp_path):
        (tmp_path / "seen.csv").write_text(WIDE)
        changed = parse('file = "seen.csv"', tmp_path).replaced(
            "detector.efficiency", {"file": "none.csv", "energy": "keVee"}
        )
        assert changed.missing == ()
        with pytest.raises(ScenarioError, match=r"efficiency: .*none\.csv: cannot be read"):
            _ = Model(changed).expectation


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("counts = [1, -2, 3, 4]", r"data.counts\[1\] = -2: must be 0 or more"),
        ("counts = [1, 2.5, 3, 4]", r"data.counts\[1\] = 2.5: must be a whole number of counts"),
        ("counts = [1, nan, 3, 4]", r"data.counts\[1\] = nan: must be a whole number"),
        ("counts = [1, true, 3, 4]", r"data.counts\[1\] = true: must be a whole number"),
        ("counts = []", "data.counts = .*: must have 1 or more entries"),
        ("counts = [1, 2, 3]", "data: has 3 bins, but the detector has 4"),
        (f"counts = [1, 2, 3, 4]\n{EXCESS}", "data: has counts and excess; give one of"),
        ("counts = [1, 2, 3, 4]\nerrors = [1, 1, 1, 1]", "data: has errors beside counts"),
        ("excess = [1, 2, 3, 4]", "data: excess has 4 entries but errors 0"),
        ("excess = [1, 2, 3, 4]\nerrors = [1, 1, 1]", "data: excess has 4 entries but errors 3"),
        ("excess = [1, 2]\nerrors = [1, 0]", r"data.errors\[1\] = 0: must be above 0"),
        ("excess = [1, nan]\nerrors = [1, 1]", r"data.excess\[1\] = nan: must be a finite number"),
        ("", "data: has no data; give one of file, counts, events, or excess with errors"),
        (
            "counts = [1, 2, 3, 4]\ncolumns = [1, 2]",
            "data: has columns, centres or energy but no file",
        ),
        ('file = "x"\ncolumns = []', "data.columns = .*: must be one to six numbers"),
        ('file = "x"\ncolumns = [1]', r"data: has columns = \[1\]; give the energy alone for ev"),
        (
            'file = "x"\nevents = true\ncolumns = [1, 2]',
            r"data: has columns = \[1, 2\]; give the energy alone for events",
        ),
        ("events = [1.5, nan]", r"data.events\[1\] = nan: must be a finite number"),
        ('events = ["1.5 keVee"]', r"data.events\[0\] = .*: must be a number, without quotes"),
        ("events = [0.5, -1.0]", r"data.events\[1\] = -1.0: must be 0 or more"),
        ("count = [1]", "data.count: is an unknown key; did you mean 'counts'"),
    ],
)
def test_refused_in_one_line(data, message):
    with pytest.raises(ScenarioError, match=f"^mine: {message}") as caught:
        _ = Model(parse(data)).experiment
    assert "\n" not in str(caught.value)


class TestStatistics:
    def test_the_default_is_that_of_a_release(self):
        loaded = parse("counts = [5, 0, 7, 1]", extra="[statistics]\nconfidence = 0.95")
        assert loaded.settings.statistics.test == "cls"
        assert loaded.settings.statistics.confidence == 0.95
        assert parse("counts = [5, 0, 7, 1]").settings.statistics.test == "cls"

    def test_the_projection_is_one_change_away(self):
        projection = parse("counts = [5, 0, 7, 1]").replaced("data", None)
        assert projection.digest == Scenario.parse(scenario(), "mine").digest
        assert projection.settings.statistics.test == "poisson"

    def test_chi2_is_refused(self):
        with pytest.raises(ScenarioError, match=r'"chi2-pulls", which is for projections'):
            parse("counts = [5, 0, 7, 1]", extra='[statistics]\ntest = "chi2-pulls"')

    def test_a_release_has_its_own(self):
        text = 'title = "T"\ntarget = { element = "Xe" }\n[release]\nname = "xenonnt-s2only"\n'
        with pytest.raises(ScenarioError, match=r"^mine: data: the release brings its own data"):
            Scenario.parse(f"{text}[data]\ncounts = [1]", "mine")


def test_provenance_and_digest_hold_the_data():
    one, other = parse("counts = [5, 0, 7, 1]"), parse("counts = [5, 0, 7, 2]")
    assert one.digest != other.digest
    assert provenance(one)["data"] == {"counts": [5, 0, 7, 1]}
    assert "data" not in provenance(Scenario.load("ge-nextgen"))


def test_check_says_what_was_observed():
    loaded = parse("counts = [5, 0, 7, 1]", detector=detector(exposure='"1 kg yr"'))
    model = Model(loaded)
    total = model.expectation.total.sum()
    line = dict(summarise(loaded))["data"]
    assert line == f"4 bins, 13 counts observed, {total:.5g} expected without a dipole"
    excess = dict(summarise(parse(EXCESS)))["data"]
    # sum of the excess, and its errors in quadrature
    assert excess.startswith("4 bins, excess of 4 +- 3.16 observed, ")
