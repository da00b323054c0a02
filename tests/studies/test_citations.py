"""What results rest on, by scenario."""

import bibtexparser
import pytest

import upscatter
from upscatter.inputs.catalogue import known_bounds
from upscatter.scenario.load import Scenario, bundled_names


def cited(scenario, **options):
    return {
        name: [r.key for r in found] for name, found in upscatter.cite(scenario, **options).cited
    }


def test_the_paper_s_scenario():
    assert cited("ge-nextgen") == {
        "software": ["upscatter"],
        "paper": ["demirci2025"],
        "solar model BS05-OP": ["bahcall2005"],
        "spectrum of 8B bahcall1996": ["bahcall1996"],
        "spectrum of hep": ["bahcall1997"],
        "form factor klein-nystrand": ["klein1999"],
        "weak mixing angle": ["erler2018"],
        "quenching essig-high": ["essig2018"],
        "test chi2-pulls": ["demirci2025"],
        "scenario ge-nextgen": ["essig2018", "demirci2025"],
    }


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_scenario_can_be_cited(name):
    text = upscatter.cite(name).to_bibtex()
    parsed = bibtexparser.parse_string(text)
    assert not parsed.failed_blocks
    assert {"upscatter", "demirci2025"} <= {entry.key for entry in parsed.entries}


@pytest.mark.parametrize(
    ("field", "value", "added", "gone"),
    [
        ("flux.model", "B16-GS98", "solar model B16-GS98", "solar model BS05-OP"),
        (
            "flux.spectra.8B",
            "winter2006",
            "spectrum of 8B winter2006",
            "spectrum of 8B bahcall1996",
        ),
        ("physics.form_factor", "helm", "form factor helm", "form factor klein-nystrand"),
        ("physics.sin2_theta_w", 0.24, "software", "weak mixing angle"),
        ("detector.quenching", {"model": "fef"}, "quenching fef", "quenching essig-high"),
        ("statistics", {"test": "unified"}, "test unified", "test chi2-pulls"),
        ("coupling.flavour", "e", "mixing NuFIT-5.3", "mixing NuFIT-6.0"),
    ],
)
def test_choices_change_what_is_cited(field, value, added, gone):
    found = cited(Scenario.load("ge-nextgen").replaced(field, value))
    assert added in found
    assert gone not in found


def test_at_night_the_earth_is_crossed():
    scenario = Scenario.load("ge-nextgen").replaced("coupling.flavour", "e")
    assert cited(scenario)["Earth"] == ["lisi1997"]  # its laboratory is CJPL
    assert "Earth" not in cited(scenario.replaced("oscillation.time", "day"))
    assert "Earth" not in cited("ge-nextgen")  # flavours that couple alike do not oscillate


def test_flavours_tell_on_electrons():
    found = cited("darwin-er")
    assert found["mixing NuFIT-5.3"] == ["esteban2020"]
    assert "mixing NuFIT-5.3" not in cited("xenonnt-er")  # its background holds the neutrinos
    assert "mixing NuFIT-5.3" not in cited("xe-darwin")  # nuclei do not


def test_a_reactor_has_no_sun():
    found = cited("dresden-ii")
    assert found["reactor spectrum huber-mueller"] == ["huber2011", "mueller2011", "vogel1989"]
    assert cited("texono")["fuel pwr"] == ["wong2007"]
    assert not [name for name in found if name.startswith("solar")]


def test_known_limits_are_added_for_comparisons():
    found = cited("ge-nextgen", comparison=True)
    assert found["limit borexino"] == ["brdar2021"]
    # recomputed limits rest on what their scenarios name
    assert found["limit dresden-ii"] == ["dresden2022", "collar2021"]
    named = {name.removeprefix("limit ") for name in found if name.startswith("limit ")}
    assert named == {bound.name for bound in known_bounds() if bound.arxiv or bound.scenarios}


def test_references_of_a_user_are_cited_by_their_number():
    scenario = Scenario.load("ge-nextgen").replaced("references", ["arXiv:9912.12345 (mine)"])
    assert "eprint = {9912.12345}" in upscatter.cite(scenario).to_bibtex()
