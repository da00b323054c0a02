"""Choices of scenarios."""

from upscatter.explorer.choices import choices_of
from upscatter.scenario.load import Scenario


def test_choices_have_what_the_scenario_says():
    found = {choice.key: choice.opened for choice in choices_of(Scenario.load("ge-nextgen"))}
    assert found == {
        "target": "Ge", "quenching": "essig-high", "model": "BS05-OP", "sources": "hep,8B",
        "flavour": "universal", "test": "chi2-pulls",
    }  # fmt: skip


def test_data_leave_out_the_test_for_projections_and_no_sun_its_sources():
    found = {choice.key: choice for choice in choices_of(Scenario.load("texono"))}
    assert "chi2-pulls" not in found["test"].options
    assert not {"model", "sources", "quenching"} & found.keys()


def test_own_quenching_is_an_option_of_its_own():
    found = {choice.key: choice for choice in choices_of(Scenario.load("xe-darwin"))}
    assert found["quenching"].opened == found["quenching"].options[0] == "as opened"
