"""The verdict: all comparisons as one result, and the paper's claims as lines of it."""

import json

import numpy as np
import pytest

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bounds
from upscatter.limits.curve import LimitCurve
from upscatter.limits.verdict import verdict
from upscatter.studies.comparison import concerned
from upscatter.studies.limits import upper_limit


@pytest.fixture(scope="module")
def result():
    names = ("ge-nextgen", "ge-future")
    curves = [upper_limit(name) for name in names]
    return verdict(curves, concerned(curves), 0.9)


@pytest.fixture(scope="module")
def published():
    return verdict([upper_limit("ge-future")], known_bounds("published"), 0.9)


def stronger(result, scenario, name):
    return list(result.comparisons[scenario][name].stronger)


def test_the_papers_claim_on_borexino(result):
    # "new ground above BOREXINO for m_4 > 0.5 MeV": the future scenario; the next generation from
    # 0.8 MeV. Up to where the published curve ends.
    [(low, high)] = stronger(result, "ge-future", "borexino")
    assert low == pytest.approx(0.53, abs=0.01)
    assert high == pytest.approx(3.1)
    [(low, _)] = stronger(result, "ge-nextgen", "borexino")
    assert low == pytest.approx(0.82, abs=0.02)


def test_the_papers_claim_on_the_supernova(result):
    next_generation = result.comparisons["ge-nextgen"]["sn1987a"]
    assert next_generation.covered == ()
    [(low, _)] = next_generation.complementary
    assert low == pytest.approx(0.01)
    future = result.comparisons["ge-future"]["sn1987a"]
    assert future.complementary[0][0] == pytest.approx(5.9, rel=0.03)


def test_solar_upscattering_leaves_little_new_ground(published, result):
    # Borexino and Super-K on nu_4 from the Earth (arXiv:2010.04193) cover most of what is above
    # Borexino's own curve.
    [(low, high)] = published.new_ground["ge-future"].laboratory
    assert low == pytest.approx(0.53, abs=0.01)
    assert high == pytest.approx(3.0, abs=0.1)
    # Dresden-II on nuclei and electrons takes the lower part of that.
    [(low, high)] = result.new_ground["ge-future"].laboratory
    assert low == pytest.approx(1.6, abs=0.1)
    assert high == pytest.approx(3.0, abs=0.1)


def test_what_could_not_be_rescaled_is_named(result):
    assert {"lsnd-e", "lsnd-magill", "minerva", "sn1987a"} <= set(result.not_rescaled)
    assert not {"borexino", "bbn", "xenon1t-er"} & set(result.not_rescaled)


def test_to_dict_is_the_contract(result):
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert set(content) == {"scenarios", "bounds", "comparison", "not_rescaled", "provenance"}
    assert set(content["scenarios"]) == set(content["comparison"]) == {"ge-nextgen", "ge-future"}
    assert content["bounds"]["texono"]["origin"] == "recomputed"
    assert content["bounds"]["texono"]["scenarios"] == ["texono"]
    assert content["bounds"]["borexino"]["origin"] == "published"
    row = content["comparison"]["ge-future"]["borexino"]
    assert set(row) == {
        "stronger_MeV", "covered_MeV", "above_upper_edge_MeV", "alone_MeV", "best_factor", "at_MeV",
    }  # fmt: skip
    assert row["best_factor"] == pytest.approx(49.0, abs=1.0)
    assert row["at_MeV"] == pytest.approx(3.1)
    assert content["scenarios"]["ge-future"]["new_against_measurements_MeV"]


def test_rows_have_the_header_s_columns(result):
    assert {len(row) for row in result.rows} == {len(result.header)}
    named = {row[0] for row in result.rows}
    assert named == {bound.name for bound in concerned(result.curves)}
    origins = {row[0]: row[1] for row in result.rows}
    assert (origins["texono"], origins["borexino"]) == ("recomputed", "published")


def own(name, flavour, kind="measurement"):
    mass, mu = np.array([0.1, 10.0]), np.array([1e-10, 1e-10])
    return Bound(name=name, label=name, kind=kind, flavour=flavour, mass=mass, mu=mu)


@pytest.mark.parametrize(
    ("coupling", "published", "new"),
    [
        ("universal", "mu", False),
        ("mu", "mu", False),
        ("mu", "universal", False),
        ("mu", "unstated", False),
        ("mu", "e", True),
        ("custom", "e", False),
    ],
)
def test_new_ground_is_about_the_same_coupling(coupling, published, new):
    mass = np.array([1.0, 2.0])
    curve = LimitCurve(
        scenario="mine",
        flavour=coupling,
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=np.array([1e-9, 1e-9]),
    )
    found = verdict([curve], [own("theirs", published)])
    assert bool(found.new_ground["mine"].laboratory) is new


def test_projections_exclude_nothing_and_cosmology_counts_apart():
    mass = np.array([1.0, 2.0])
    curve = LimitCurve(
        scenario="mine",
        flavour="mu",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=np.array([1e-9, 1e-9]),
    )
    found = verdict([curve], [own("a", "mu", "projection"), own("b", "mu", "cosmology")])
    assert found.new_ground["mine"].laboratory
    assert not found.new_ground["mine"].everything
