"""One line for what is wrong: file, field, value, remedy."""

from datetime import date

import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError
from upscatter.scenario.load import Scenario
from upscatter.scenario.messages import closest, shown, unknown


def refusal(text):
    with pytest.raises(ScenarioError) as caught:
        Scenario.parse(text, "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    return message.removeprefix("my.toml: ")


def test_the_scenario_that_is_spoilt_below_is_a_valid_one():
    assert Scenario.parse(scenario(), "my.toml").settings.detector.bins == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (scenario(top='titel = "T"'), "titel: is an unknown key; did you mean 'title'?"),
        (
            scenario(extra="[detektor]\na = 1"),
            "detektor: is an unknown key; did you mean 'detector'?",
        ),
        (
            scenario(detector=detector(exposre='"1 kg yr"')),
            "detector.exposre: is an unknown key; did you mean 'exposure'?",
        ),
        (
            scenario(background="uncertanty = 0.1"),
            "background.uncertanty: is an unknown key; did you mean 'uncertainty'?",
        ),
        (
            scenario(detector=detector(quenching='{ model = "constant", valu = 0.2 }')),
            "detector.quenching.valu: is an unknown key; did you mean 'value'?",
        ),
        # The keys of another model are no suggestion.
        (
            scenario(detector=detector(quenching='{ model = "essig-high", k = 0.1 }')),
            "detector.quenching.k: is an unknown key; remove it, or use one of model, plateau, "
            "scale",
        ),
        (
            scenario(extra="[statistics]\ncl = 0.9"),
            "statistics.cl: is an unknown key; remove it, or use one of calibration, confidence, "
            "dof, power_constraint, seed, test, trials, variance",
        ),
        (
            scenario(flux='spectra = { "8B" = { varant = "winter2006" } }'),
            "flux.spectra.8B.varant: is an unknown key; did you mean 'variant'?",
        ),
        (
            scenario(extra="[physics]\n'form factor' = 'helm'"),
            "physics.\"form factor\": is an unknown key; did you mean 'form_factor'?",
        ),
    ],
)
def test_an_unknown_key(text, message):
    assert refusal(text) == message


def test_a_key_that_is_called_like_a_model_keeps_its_place():
    message = refusal(scenario(detector=detector(table="1")))
    assert message.startswith("detector.table: is an unknown key; ")
    assert "bin_edges, bins, cutoff, efficiency, exposure, quenching, region" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (scenario(top=""), 'title: is missing; add title = "My experiment" at the top'),
        (
            scenario(detector=detector(exposure=None)),
            'detector.exposure: is missing; add exposure = "150 kg yr"',
        ),
        (
            scenario(detector=detector(quenching=None)),
            'detector: quenching: is missing; add quenching = { model = "lindhard" }, or say '
            '[target] recoils = ["electron"]',
        ),
        (
            scenario(detector=detector(quenching="{}")),
            'detector.quenching: is missing its model; add a model, such as { model = "lindhard" }',
        ),
        (
            scenario(detector=detector(quenching='"constant"')),
            "detector.quenching.value: is missing; add value = 0.2, or whatever it is",
        ),
        ('title = "T"', 'target: is missing; add a table [target] with element = "Ge"'),
        (
            'title = "T"\n[target]\nelement = "Ge"',
            "detector: is missing; add a table [detector] with exposure, region, bins and "
            "quenching",
        ),
        (
            scenario(detector=detector(quenching='{ model = "table", points = [[1]] }')),
            "detector.quenching.points[0] = [1]: has too few entries; give 2",
        ),
    ],
)
def test_what_is_missing(text, message):
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            scenario(flux='model = "bs05-op"'),
            "flux.model = \"bs05-op\": is unknown; did you mean 'BS05-OP'? It is one of BS05-OP, "
            "B16-GS98, B16-AGSS09met",
        ),
        (
            scenario(flux='sources = ["B8"]'),
            "flux.sources[0] = \"B8\": is unknown; did you mean '8B'? It is one of pp, pep, hep, "
            "7Be, 8B, 13N, 15O, 17F",
        ),
        (
            scenario(flux='uncertainty = { "Be7" = 0.1 }'),
            "flux.uncertainty.Be7: is unknown; did you mean '7Be'? It is one of pp, pep, hep, 7Be, "
            "8B, 13N, 15O, 17F",
        ),
        (
            scenario(detector=detector(quenching='{ model = "essig" }')),
            "detector.quenching.model = \"essig\": is unknown; did you mean 'essig-high'? It is "
            "one of essig-high, lindhard, constant, fef, ybe, table",
        ),
        (
            scenario(detector=detector(quenching="{ model = 1 }")),
            "detector.quenching.model = 1: is unknown; choose one of essig-high, lindhard, "
            "constant, fef, ybe, table",
        ),
        (
            scenario(extra='[physics]\nform_factor = "klein"'),
            "physics.form_factor = \"klein\": is unknown; did you mean 'klein-nystrand'? It is one "
            "of klein-nystrand, helm, point",
        ),
        (
            scenario(extra="[statistics]\nvariance = true"),
            "statistics.variance = true: is unknown; choose one of background, expected",
        ),
    ],
)
def test_an_unknown_choice(text, message):
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bins": "0"}, "detector.bins = 0: must be 1 or more"),
        ({"bins": "2001"}, "detector.bins = 2001: must be 2000 or less"),
        ({"bins": "true"}, "detector.bins = true: must be a whole number"),
        ({"bins": '"20"'}, 'detector.bins = "20": must be a whole number'),
        ({"bins": "2.5"}, "detector.bins = 2.5: must be a whole number"),
        ({"bins": "nan"}, "detector.bins = nan: must be a whole number"),
        ({"bins": "1" * 30}, f"detector.bins = {'1' * 30}: must be 2000 or less"),
        ({"efficiency": "nan"}, "detector.efficiency.value = nan: must be a finite number"),
        ({"efficiency": "inf"}, "detector.efficiency.value = inf: must be a finite number"),
        ({"efficiency": "0"}, "detector.efficiency.value = 0: must be above 0"),
        ({"efficiency": "false"}, "detector.efficiency.value = false: must be a number"),
        (
            {"efficiency": "90"},
            "detector.efficiency.value = 90: must be 1 or less; if it is a percentage, divide it",
        ),
        ({"efficiency": '"90 %"'}, 'detector.efficiency.value = "90 %": must be a number'),
        ({"resolution": "[]"}, "detector.resolution = []: must be a table of keys, [detector.re"),
        ({"quenching": "0.2"}, "detector.quenching = 0.2: must be a table of keys, [detector.que"),
        ({"region": "5"}, "detector.region = 5: must be two energies, such as "),
        ({"region": '["1 keVee"]'}, 'detector.region = ["1 keVee"]: must be two energies'),
        (
            {"quenching": '{ model = "table", file = "" }'},
            'detector.quenching.file = "": must not be empty',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_or_size(fields, message):
    assert refusal(scenario(detector=detector(**fields))).startswith(message)


def test_a_percentage_is_turned_into_a_fraction():
    text = scenario(extra='[statistics]\nconfidence = "90%"')
    assert refusal(text).endswith("; write 10 % as 0.1")


@pytest.mark.parametrize("value", ["5", "true", "[]", "{}", "1979-05-27", "nan"])
@pytest.mark.parametrize("top", ["title = {}", 'title = "T"\nreferences = [{}]'])
def test_what_should_be_text(top, value):
    assert ": must be a text in quotes" in refusal(scenario(top=top.format(value)))


@pytest.mark.parametrize("block", ["background", "flux", "physics", "statistics", "target"])
@pytest.mark.parametrize("value", ["5", '"x"', "[1]", "true"])
def test_a_block_that_is_no_table(block, value):
    keys = {
        "target": '{ element = "Ge" }',
        "detector": f"{{ {', '.join(detector().splitlines())} }}",
        block: value,
    }
    text = "\n".join(f"{key} = {text}" for key, text in keys.items())
    message = refusal(f'title = "T"\n{text}')
    if (block, value) == ("background", "[1]"):  # may be a list of tables
        assert message == "background[0] = 1: must be a table of keys, { key = value }"
        return
    assert message.startswith(f"{block} = {value}: must be a table of keys, [{block}] or ")


def test_a_long_value_is_cut():
    message = refusal(scenario(top=f'title = "{"x" * 500}"'))
    assert len(message) < 200
    assert "x…: must have at most 200 characters" in message


def test_only_the_first_of_many_faults_is_told():
    message = refusal('foo = 1\nbar = 2\ntitle = ""')
    assert message.startswith("foo: is an unknown key")
    assert "bar" not in message.replace("background", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        ("a\nb", '"a\\nb"'),
        (["x", 1], '["x", 1]'),
        ({"a b": False}, '{ "a b" = false }'),
        ({}, "{}"),
        (date(2025, 1, 31), "2025-01-31"),
    ],
)
def test_values_are_shown_as_toml_writes_them(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("word", "option"),
    [("GE-NEXTGEN", "ge-nextgen"), ("b8", "8B"), ("ge-nextgne", "ge-nextgen"), ("lind", None)],
)
def test_the_closest_option(word, option):
    assert closest(word, ["ge-nextgen", "8B"]) == option
    assert ("did you mean" in unknown(word, ["ge-nextgen", "8B"])) == (option is not None)
