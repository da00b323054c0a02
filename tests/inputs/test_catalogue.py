"""The catalogue of known limits: published and recomputed ones, their names and their kinds."""

import numpy as np
import pytest

from upscatter.inputs.catalogue import (
    bound_name,
    catalogue,
    known_bound,
    known_bounds,
    recomputed_rows,
)

RECOMPUTED = known_bounds("recomputed")


def test_published_ones_come_first_and_no_name_is_used_twice():
    names = [bound.name for bound in known_bounds()]
    assert len(names) == len(set(names))
    assert known_bounds() == (*known_bounds("published"), *RECOMPUTED)


def test_every_row_has_a_limit_for_each_of_its_flavours():
    rows = recomputed_rows()
    assert len(RECOMPUTED) == sum(len(row["flavours"]) for row in rows.values())
    for name, row in rows.items():
        for flavour in row["flavours"]:
            bound = known_bound(bound_name(name, flavour, row["flavours"]))
            assert bound.flavour == flavour


@pytest.mark.parametrize("bound", RECOMPUTED, ids=lambda bound: bound.name)
def test_a_recomputed_limit_says_what_it_is_made_of(bound):
    assert bound.scenarios
    assert bound.paper
    assert bound.process
    assert bound.caveats
    assert bound.test in ("cls", "poisson", "chi2-pulls")
    assert bound.confidence == 0.9
    assert len(bound.provenance["digests"]) == len(bound.scenarios)
    assert (np.diff(bound.mass) > 0.0).all()
    assert bound.topology == "lower-edge"
    assert bound.mass[0] == 0.01


def test_couplings_to_one_flavour_are_weaker_than_the_universal_one():
    for name, row in recomputed_rows().items():
        mass = np.geomspace(0.01, 0.5, 7)
        for flavour in row["flavours"][1:]:
            one = known_bound(f"{name}-{flavour}").lower_limit(mass)
            assert (one >= known_bound(name).lower_limit(mass) * (1.0 - 1e-2)).all()


def test_a_cell_of_the_table_is_text_or_a_number():
    for row in catalogue().rows:
        assert all(isinstance(cell, (str, float, int, type(None))) for cell in row)
