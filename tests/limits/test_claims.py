"""What the paper says of its curves: each relation by hand, and the verdicts on both curves."""

import numpy as np
import pytest

from upscatter.inputs.bounds import Bound
from upscatter.limits.claims import CLAIMS, PAPER_FIGURE, Claim, judged, verdicts
from upscatter.limits.curve import LimitCurve
from upscatter.studies.limits import upper_limit


def flat(mu=1e-9, low=0.01, high=10.0):
    mass = np.array([low, high])
    return LimitCurve(
        scenario="mine", flavour="universal", confidence=0.9, dof=1, mass=mass, mu=mu * np.ones(2)
    )


def bound(mass, mu, **more):
    return Bound(
        name="other", label="other", kind="measurement", mass=np.array(mass), mu=np.array(mu),
        **more,
    )  # fmt: skip


def claim(relation, window=(0.0, np.inf)):
    return Claim(sentence="", relation=relation, bounds=("other",), window=window)


RISING = ([0.1, 5.0], [1e-10, 1e-8])
"""Crosses 1e-9 at the geometric mean of its ends, √0.5 MeV."""


@pytest.mark.parametrize(
    ("relation", "mass", "mu", "status"),
    [
        ("covers", [0.1, 5.0], [2e-9, 3e-9], "true"),
        ("covers", *RISING, "in part"),
        ("covers", [0.1, 5.0], [1e-10, 2e-10], "no"),
        ("covers", [0.1, 20.0], [2e-9, 3e-9], "in part"),  # it reaches further than the curve
        ("reaches", *RISING, "true"),
        ("reaches", [0.1, 5.0], [1e-10, 2e-10], "no"),
        ("improves", *RISING, "in part"),
        ("improves", [0.1, 20.0], [2e-9, 3e-9], "true"),  # where both have a limit
    ],
)
def test_relations_by_hand(relation, mass, mu, status):
    found = judged(claim(relation), bound(mass, mu), flat())
    assert found.status == status
    if status == "in part" and mu[0] == 1e-10:
        [(low, high)] = found.where
        assert low == pytest.approx(np.sqrt(0.5), rel=1e-6)
        assert high == pytest.approx(5.0)


def test_a_window_cuts_what_counts():
    assert judged(claim("improves", (1.0, np.inf)), bound(*RISING), flat()).status == "true"
    assert judged(claim("improves", (0.0, 0.5)), bound(*RISING), flat()).status == "no"


@pytest.mark.parametrize(("level", "status"), [(1e-9, "in part"), (1e-7, "true"), (1e-11, "true")])
def test_complements_of_a_closed_region(level, status):
    box = bound([0.02, 5.0, 5.0, 0.02], [1e-10, 1e-10, 1e-8, 1e-8], topology="closed")
    assert judged(claim("complements"), box, flat(level)).status == status


def test_factors_near_a_vertical_end_are_not_printed_in_full():
    steep = bound([0.1, 5.0], [1e-8, 1e-3])
    assert "more than x 1000 stronger, at 5" in judged(claim("covers"), steep, flat()).words


@pytest.fixture(scope="module")
def found():
    pairs = verdicts([upper_limit("ge-nextgen"), upper_limit("ge-future")])
    return {(v.claim.relation, v.bound.name, v.scenario): v for v in pairs}


def test_each_sentence_of_the_paper(found):
    """Statuses by eye from figure 2(b), as drawn by `upscatter reproduce`."""
    for scenario in ("ge-nextgen", "ge-future"):
        assert found["covers", "xenon1t-nr", scenario].status == "true"
        for name in ("xenon1t-er", "nucleus", "dresden-ii", "coherent-mu"):
            assert found["covers", name, scenario].status == "in part"
        for name in ("coherent-e", "cenns-750", "lsnd-magill", "ship", "dune-nd-mu", "icecube"):
            assert found["reaches", name, scenario].status == "true"
        for name in ("borexino", "texono"):
            assert found["improves", name, scenario].status == "in part"
        assert found["complements", "bbn", scenario].status == "in part"
    assert found["complements", "sn1987a", "ge-nextgen"].status == "true"
    assert found["complements", "sn1987a", "ge-future"].status == "in part"
    # "for m4 > 0.5 MeV" is 0.53 for the future detector against Borexino's published curve
    [(low, high)] = found["improves", "borexino", "ge-future"].where
    assert (low, high) == (pytest.approx(0.53, abs=0.01), pytest.approx(3.1))
    assert "out of reach above 18.8" in found["covers", "coherent-mu", "ge-future"].words


def test_the_figure_has_the_experiments_of_the_sentences():
    named = {name for claim in CLAIMS for name in claim.bounds}
    assert named - {"dune-nd-e"} <= set(PAPER_FIGURE)
    assert len(PAPER_FIGURE) == 15
