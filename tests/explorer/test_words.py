"""The number and its change in words."""

from dataclasses import replace

import pytest

from upscatter.explorer import computed, words
from upscatter.explorer.state import State
from upscatter.scenario.load import Scenario


@pytest.fixture(scope="module")
def limit():
    return computed.limit(State(Scenario.load("ge-nextgen")))


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.0, "the same as opened"),
        (1.0004, "the same as opened"),
        (0.9, "10 % stronger than as opened (8.651e-10)"),
        (1.25, "25 % weaker than as opened (8.651e-10)"),
        (0.25, "4 times stronger than as opened (8.651e-10)"),
        (3.0, "3 times weaker than as opened (8.651e-10)"),
        (0.0, "not comparable with the scenario as opened"),
        (float("nan"), "not comparable with the scenario as opened"),
    ],
)
def test_changes(limit, factor, said):
    assert words.change(replace(limit, mu=factor * limit.mu), limit) == said


def test_out_of_reach(limit):
    far = replace(limit, mu=float("nan"), mass=99.0)
    assert words.number(far).startswith("no limit at 90 % CL for m₄ = 99 MeV")


def test_a_high_confidence_is_not_certainty(limit):
    sure = replace(limit, curve=replace(limit.curve, confidence=0.9999999))
    assert "at 99.99999 % CL" in words.number(sure)
    assert "at 90 % CL" in words.number(limit)
