"""Data given beside a scenario: files of a user's own, and of experiments that come without."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import UpscatterError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of

BINS = detector(bins="4", exposure='"2 kg day"')
ROWS = "0.16 0.66 12\n0.66 1.16 9\n1.16 1.66 7\n1.66 2.16 8\n"
CENTRES = "# centre, rate, error\n410,6.0,1.5\n910,4.5,1.0\n1410,3.5,1.0\n1910,4.0,1.0\n"
CENTRED = """
[data]
file = "rates.csv"
columns = [1, 2, 3]
centres = true
energy = "eVee"
exposure = "1 kg day"
"""


def plain(extra='[statistics]\ntest = "cls"\n', directory=None):
    flat = 'flat = "2 / (keVee kg day)"'
    text = scenario(detector=BINS, background=flat, extra=extra)
    return Scenario.parse(text, "mine", directory)


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.txt"
    path.write_text(ROWS)
    return path


@pytest.fixture
def rates(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(CENTRES)
    return path


class TestCounts:
    def test_they_are_those_of_data_in_the_scenario(self, counts):
        given = experiment_of(plain(), counts)
        written = experiment_of(plain("[data]\ncounts = [12, 9, 7, 8]\n"))
        assert given.observed.tolist() == [12.0, 9.0, 7.0, 8.0]
        one, other = (limit_of(each, [0.01]).mu[0] for each in (given, written))
        assert one == other
        assert given.inputs == written.inputs

    def test_what_is_computed_has_them(self, counts):
        given = experiment_of(plain(), counts).scenario
        again = Scenario.parse(given.to_toml(), "mine")
        assert again.digest == given.digest

    def test_each_of_a_combination_has_its_own(self, counts):
        both = combine(plain(), "cdex-50", data={"mine": counts}, test="poisson")
        assert both.observed[:4].tolist() == [12.0, 9.0, 7.0, 8.0]
        assert any("no data of cdex-50" in remark for remark in both.remarks)


class TestCentres:
    def test_an_excess_per_exposure(self, rates):
        experiment = experiment_of(plain(CENTRED, rates.parent))
        # twice the exposure that the rates belong to
        assert experiment.observed.tolist() == [12.0, 9.0, 7.0, 8.0]
        widths = experiment.likelihood_at(0.0).widths
        assert widths.tolist() == [3.0, 2.0, 2.0, 2.0]

    @pytest.mark.parametrize("folder", [True, False])
    def test_from_elsewhere(self, rates, folder):
        here = Scenario.parse(plain(CENTRED).text, "mine")
        assert here.lacks_data
        found = experiment_of(here, rates.parent if folder else rates)
        assert found.observed.tolist() == [12.0, 9.0, 7.0, 8.0]
        again = Scenario.parse(found.scenario.to_toml(), "mine")
        assert again.digest == found.scenario.digest
        assert experiment_of(again).observed == pytest.approx(found.observed, rel=1e-12)
        assert limit_of(found, [0.01]).mu[0] > 0.0

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (CENTRES.replace("\n910", "\n900"), "the centre 900 is not one width, 500, above"),
            (CENTRES.replace("1910", "1950"), "not one width"),
            (CENTRES.replace("10,", "20,"), "edge 1 is 0.17 keVee"),
            (CENTRES.replace(",1.5", ""), "line 2: '410,6.0' has no column 3"),
            (CENTRES.replace("4.5", "x"), "'910,x,1.0' is not 3 finite numbers"),
            ("410,6.0,1.5\n", "has 1 rows of numbers"),
        ],
        ids=range(6),
    )  # fmt: skip
    def test_refused_in_one_line(self, tmp_path, content, message):
        path = tmp_path / "rates.csv"
        path.write_text(content)
        with pytest.raises(UpscatterError) as refusal:
            _ = experiment_of(plain(CENTRED, tmp_path)).observed
        assert message in str(refusal.value)
        assert "\n" not in str(refusal.value)


class TestRefusals:
    def test_two_sets_of_data(self, counts):
        with pytest.raises(UpscatterError, match=r"mine: has data of its own in .data.; omit"):
            experiment_of(plain("[data]\ncounts = [12, 9, 7, 8]\n"), counts)

    def test_none(self):
        with pytest.raises(UpscatterError, match=r"mine: comes without its data, rates.csv; give"):
            experiment_of(Scenario.parse(plain(CENTRED).text, "mine"))

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(UpscatterError, match=r"mine: data: .*nothing.txt: cannot be read"):
            _ = experiment_of(plain(), tmp_path / "nothing.txt").observed

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(UpscatterError, match=r"xenonnt-er: --data .*nowhere: does not exist"):
            experiment_of("xenonnt-er", tmp_path / "nowhere")

    def test_counts_with_an_exposure_of_their_own(self):
        with pytest.raises(UpscatterError, match="data: has counts with an exposure of their own"):
            plain('[data]\ncounts = [1, 2, 3, 4]\nexposure = "1 kg day"\n')

    def test_a_name_of_no_scenario(self, counts):
        with pytest.raises(UpscatterError, match=r"--data other=.*: is for no scenario given here"):
            experiment_of(plain(), {"other": counts})


def test_without_data_what_is_expected_is_the_same(rates):
    with_data = experiment_of(plain(CENTRED, rates.parent)).build.expectation.total
    without = experiment_of(plain()).build.expectation.total
    np.testing.assert_allclose(with_data, without, rtol=1e-12)
