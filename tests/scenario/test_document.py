"""A scenario is its document: what is replaced is validated, computed with and exported."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import scenario_of
from upscatter.scenario.document import edited, with_changes
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.studies.limits import upper_limit

ROWS = "0.1, 0.2\n5.0, 0.25\n0.3e2, 0.3000000000000001\n"
QUENCHED = detector(quenching='{ model = "table", file = "yield.csv" }  # measured')


def reloaded(changed):
    return Scenario.parse(changed.to_toml(), "exported.toml")


def line(text, word):
    (found,) = (line for line in text.splitlines() if word in line)
    return found


class TestReplaced:
    def test_a_value(self):
        original = Scenario.load("ge-nextgen")
        changed = original.replaced("statistics.test", "cls")
        assert changed.settings.statistics.test == "cls"
        assert changed.settings.statistics.variance == "background"
        assert changed.document["statistics"]["test"] == "cls"
        assert (changed.name, changed.digest == original.digest) == ("ge-nextgen", False)
        assert original.document["statistics"]["test"] == "chi2-pulls"
        assert original.settings.statistics.test == "chi2-pulls"

    def test_several_at_once(self):
        """One by one they would be refused: a likelihood has one degree of freedom."""
        two = Scenario.load("ge-nextgen").replaced("statistics.dof", 2)
        with pytest.raises(ScenarioError):
            two.replaced("statistics.test", "cls")
        changed = two.replaced({"statistics.test": "cls", "statistics.dof": None})
        assert changed.settings.statistics.dof == 1

    def test_an_absent_block_is_created(self):
        changed = Scenario.load("ge-nextgen").replaced("coupling.flavour", "mu")
        assert changed.document["coupling"] == {"flavour": "mu"}
        assert changed.settings.coupling.flavour == "mu"

    def test_a_list_is_not_replaced_by_a_table(self):
        """A flat background in place of all four would give a limit that looks like any other."""
        darwin = Scenario.load("darwin-er")
        said = r"background.flat: background is a list; give the place in it, 0 to 3, such as "
        with pytest.raises(ScenarioError, match=said + r"background\.3\.flat$"):
            darwin.replaced("background.flat", "1 / (keVee t yr)")
        with pytest.raises(ScenarioError, match=r"detector.region.2: .* such as detector.region.1"):
            darwin.replaced("detector.region.2", "1 keVee")

    def test_none_removes(self):
        changed = Scenario.load("ge-nextgen").replaced({"statistics": None, "physics": None})
        assert "statistics" not in changed.document
        assert changed.settings.statistics.variance == "expected"
        inner = changed.replaced("coupling", {"flavour": "e", "sum": None})
        assert inner.document["coupling"] == {"flavour": "e"}

    @pytest.mark.parametrize(
        ("path", "value", "long"),
        [
            ("detector.quenching.scale", 1.1, {"model": "essig-high", "scale": 1.1}),
            ("detector.efficiency.value", 0.5, {"value": 0.5}),
            (
                "oscillation.mixing.sin2_theta12",
                0.3,
                {"fit": "NuFIT-6.0-IC24", "sin2_theta12": 0.3},
            ),
            ("flux.spectra.8B.variant", "bahcall1996", {"variant": "bahcall1996"}),
        ],
    )
    def test_within_a_short_form(self, path, value, long):
        text = scenario(
            detector=detector(quenching='"essig-high"', efficiency="0.9"),
            flux='spectra = { "8B" = "winter2006" }',
            extra='[oscillation]\nmixing = "NuFIT-6.0-IC24"',
        )
        changed = Scenario.parse(text, "mine").replaced(path, value)
        found = changed.document
        for step in path.split(".")[:-1]:
            found = found[step]
        assert found == long
        assert reloaded(changed).digest == changed.digest

    def test_an_entry_of_a_list(self):
        changed = Scenario.load("ge-nextgen").replaced("detector.region.0", "0.3 keVee")
        assert changed.document["detector"]["region"] == ["0.3 keVee", "2.16 keVee"]
        assert Scenario.load("ge-nextgen").document["detector"]["region"][0] == "0.16 keVee"

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ("statistics.test", "bayes", 'statistics.test = "bayes": is unknown'),
            ("statistics.confidence", 90, "statistics.confidence = 90: must be 0.9999999 or less;"),
            ("statistics.tset", "cls", "statistics.tset: is an unknown key; did you mean 'test'?"),
            ("statistics.tset", None, "statistics.tset: is an unknown key; did you mean 'test'?"),
            ("statistic.test", "cls", "statistic: is an unknown key; did you mean 'statistics'?"),
            ("statistic.test", None, "statistic: is an unknown key; did you mean 'statistics'?"),
            ("title.short", "x", "title: must be a text in quotes"),
            ("detector.region.2", "1 keVee", "detector.region"),
            ("detector.region.0", None, "detector.region"),
            ("detector.exposure", 150.0, "detector.exposure = 150.0: has no unit; write"),
            ("detector.exposure", "150 keVee", 'detector.exposure = "150 keVee": has the dim'),
            ("detector.exposure", None, "detector.exposure: is missing; add exposure ="),
            ("detector.bins", {1, 2}, "detector.bins = {1, 2}: is nothing that a TOML file can"),
            ("detector.bins", {1: 2}, "detector.bins = { 1 = 2 }: is nothing that a TOML file can"),
            ("", 1, '"": is an unknown key'),
        ],
    )
    def test_refused_in_one_line(self, path, value, message):
        with pytest.raises(ScenarioError) as caught:
            Scenario.load("ge-nextgen").replaced(path, value)
        assert str(caught.value).startswith(f"ge-nextgen: {message}")
        assert "\n" not in str(caught.value)

    def test_numbers_of_numpy_and_tuples_are_plain(self):
        changed = Scenario.load("ge-nextgen").replaced(
            {
                "physics.sin2_theta_w": np.float64(0.24),
                "detector.region": ("0.2 keVee", "2 keVee"),
            }
        )
        assert type(changed.document["physics"]["sin2_theta_w"]) is float
        assert changed.document["detector"]["region"] == ["0.2 keVee", "2 keVee"]
        assert reloaded(changed).digest == changed.digest

    def test_a_path_needs_a_value(self):
        with pytest.raises(TypeError, match="needs a value"):
            Scenario.load("ge-nextgen").replaced("statistics.test")

    def test_the_original_shares_nothing_that_changes(self):
        document = {"a": {"b": {"c": 1}}, "d": [1]}
        changed = with_changes(document, {"a.b.c": 2, "a.e.f": 3, "d": None})
        assert document == {"a": {"b": {"c": 1}}, "d": [1]}
        assert changed == {"a": {"b": {"c": 2}, "e": {"f": 3}}}


class TestToToml:
    @pytest.mark.parametrize("name", bundled_names())
    def test_what_is_unchanged_is_the_file(self, name):
        original = Scenario.load(name)
        assert original.to_toml() == original.text
        assert reloaded(original).digest == original.digest

    @pytest.mark.parametrize("name", bundled_names())
    def test_there_and_back_is_the_file(self, name):
        original = Scenario.load(name)
        confidence = original.settings.statistics.confidence
        changed = original.replaced("statistics.confidence", 0.95)
        assert changed.replaced("statistics.confidence", confidence).to_toml() == original.text

    @pytest.mark.parametrize("name", bundled_names())
    def test_loaded_again_it_is_the_same(self, name):
        changed = Scenario.load(name).replaced(
            {"statistics.confidence": 0.95, "coupling": {"flavour": "e"}, "title": "Mine"}
        )
        again = reloaded(changed)
        assert again.settings == changed.settings
        assert again.document == changed.document
        assert again.digest == changed.digest

    def test_comments(self):
        """What is changed is not printed in the paper any more; all else stays to the letter."""
        original = Scenario.load("ge-nextgen")
        changed = original.replaced(
            {"detector.bins": 10, "statistics.dof": 2, "detector.quenching.scale": 1.1}
        )
        text = changed.to_toml()
        assert line(text, "bins") == "bins = 10                                   # changed"
        quenching = 'quenching = { model = "essig-high", scale = 1.1 }  # changed'
        assert line(text, "quenching =") == quenching
        assert line(text, "dof =") == "dof = 2  # added"
        changed_lines = ("bins", "quenching =", "dof =")
        rest = [
            [part for part in t.splitlines() if not part.startswith(changed_lines)]
            for t in (text, original.text)
        ]
        assert rest[0] == rest[1]

    def test_a_comment_of_several_lines_goes_as_a_whole(self):
        changed = Scenario.load("cdex-50").replaced("detector.region", ["0.2 keVee", "2 keVee"])
        text = changed.to_toml()
        assert line(text, "region =").endswith("# changed")
        assert "it covers the 2-2.5 keVee" not in text
        assert "# Our choice: within 4 %" in text

    def test_what_is_removed_takes_its_comment_along(self):
        changed = Scenario.load("cdex-50").replaced("detector.cutoff", None)
        text = changed.to_toml()
        assert "cutoff =" not in text
        assert "\n\n\n" not in text
        assert "recoils of 0.25 keVnr" in text

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("a.b = 1 # x\na.c = 2 # y\n", {"a": {"b": 1, "c": 3}}),
            ("a = { b = { c = 1 } } # x\n", {"a": {"b": {"c": 2, "d": [1, 2]}}}),
            ("[a.b]\nc = 1 # x\n", {"a": {"b": {"c": 2}, "e": 1}}),
            ("[a]\nb = 1\n[a.c]\nd = 1\n", {"a": {"b": 1, "c": {"d": 1, "e": 2}, "f": 3}}),
            ("[a]\nb = 1\n[x]\ny = 1\n[a.c]\nd = 1\n", {"a": {"b": 2, "c": {"d": 2}}}),
            ("a = [1, # one\n 2]\n", {"a": [1, 3]}),
            ("a = true # x", {"a": False}),
            ("\"a b\" = 1 # x\r\n'c' = 2\r\n", {"a b": 2, "c": 2}),
            ("a = 1", {"b": {"c": {"d": 1}}}),
            ("a = 1 # x\n    # y\n\nb = 2\n", {"b": 2}),
            ("[a]\n[b]\n", {"a": {"x": 1.5e-300}, "b": {"y": '\u00b5 "q" \\'}}),
        ],
    )
    def test_any_layout(self, text, wanted):
        import tomllib

        result = edited(text, wanted)
        assert tomllib.loads(result) == wanted
        assert "# x" not in result
        assert "# y" not in result


class TestTables:
    @pytest.fixture
    def mine(self, tmp_path):
        (tmp_path / "yield.csv").write_text(ROWS)
        (tmp_path / "rate.csv").write_text("0 2\n3 1\n")
        (tmp_path / "shape.csv").write_text("1 0\n5 1\n15 0\n")
        text = scenario(
            detector=QUENCHED,
            background='rate = "0.01 / (keVee kg day)"  # per day\nfile = "rate.csv"  # ours',
            flux='spectra = { "8B" = { file = "shape.csv" } }',
        )
        return Scenario.parse(text, "mine", tmp_path)

    def test_the_export_is_complete_in_itself(self, mine):
        text = mine.to_toml()
        assert ".csv" not in text
        again = Scenario.parse(text, "exported.toml")
        assert again.digest == mine.digest
        np.testing.assert_array_equal(
            upper_limit(again, [0.01, 3.0]).mu, upper_limit(mine, [0.01, 3.0]).mu
        )

    def test_comments_stay_for_it_is_the_same_table(self, mine):
        text = mine.to_toml()
        assert line(text, "quenching =").endswith("# measured")
        assert "changed" not in text
        assert "# per day" in text

    def test_with_a_change_beside_the_table(self, mine):
        changed = mine.replaced({"background.uncertainty": 0.1, "detector.quenching.scale": 0.5})
        again = reloaded(changed)
        assert again.digest == changed.digest != mine.digest
        assert again.described.detector.quenching.scale == 0.5
        assert again.described.background.uncertainty == 0.1

    def test_the_digest_knows_the_numbers_not_the_name(self, mine, tmp_path):
        digest = mine.digest
        (tmp_path / "other.csv").write_text("# the same\n" + ROWS.replace(",", ";"))
        assert mine.replaced("detector.quenching.file", "other.csv").digest == digest
        points = [[float(x) for x in row.split(",")] for row in ROWS.splitlines()]
        written = mine.replaced("detector.quenching", {"model": "table", "points": points})
        assert written.digest == digest
        (tmp_path / "yield.csv").write_text(ROWS.replace("0.25", "0.26"))
        assert mine.digest != digest

    def test_a_table_that_is_gone(self, mine, tmp_path):
        (tmp_path / "rate.csv").unlink()
        with pytest.raises(TableError, match=r"rate\.csv: cannot be read"):
            mine.to_toml()


MASSES = [0.01, 1.0, 5.0]


@pytest.mark.parametrize(
    "changed",
    [
        lambda s: s.replaced("statistics.test", "cls"),
        lambda s: scenario_of(s, "mu"),
        lambda s: scenario_of(s, "universal", "exact"),
        lambda s: s.replaced("statistics.confidence", 0.95),
    ],
    ids=["--test", "--flavour", "--sum", "--confidence"],
)
def test_options_are_exported(changed):
    original = Scenario.load("ge-nextgen")
    scenario = changed(original)
    again = reloaded(scenario)
    assert again.digest == scenario.digest != original.digest
    curve = upper_limit(scenario, MASSES)
    assert curve.provenance["scenario_sha256"] == again.digest
    np.testing.assert_allclose(upper_limit(again, MASSES).mu, curve.mu, rtol=1e-12)
    assert (abs(curve.mu / upper_limit(original, MASSES).mu - 1.0) > 1e-3).all()
