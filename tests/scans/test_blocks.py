"""Blocks cover all variants once, and none is larger than it may be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upscatter.limits.scan_axis import ScanAxis
from upscatter.scans import blocks
from upscatter.scans.blocks import Blocks
from upscatter.scans.design import Design


def design(lengths, paired=False):
    axes = (ScanAxis(f"a.{i}", tuple(range(n))) for i, n in enumerate(lengths))
    return Design(tuple(axes), paired)


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    at_once=st.sets(st.integers(0, 3)),
    masses=st.sampled_from([1, 7, 200]),
    paired=st.booleans(),
)
def test_every_variant_is_in_one_block(lengths, at_once, masses, paired):
    lengths = lengths[:1] * len(lengths) if paired else lengths
    found = design(lengths, paired)
    linear = {a for a in at_once if a < len(lengths)}
    laid = Blocks.of(found, linear, masses)
    covered = np.zeros(found.shape, dtype=int)
    for number, block in enumerate(laid):
        covered[block] += 1
        assert laid.variants(number) == covered[block].size
        alone = [
            part.stop - part.start for a, part in enumerate(block) if paired or a not in linear
        ]
        if not paired or len(linear) < len(lengths):
            assert np.prod(alone) <= blocks.MOST_DETECTORS
        assert covered[block].size * masses <= max(blocks.MOST_LIMITS, masses)
    assert (covered == 1).all()
    assert len(laid) == np.prod(laid.grid)


def test_variants_at_once_are_together():
    laid = Blocks.of(design([100, 100, 10]), {1, 2}, 50)
    assert laid.size == (20, 100, 10)
    assert Blocks.of(design([100, 100, 10]), {1, 2}, 1).size == (100, 100, 10)
    assert Blocks.of(design([300, 300]), set(), 1).size == (1, 128)
    assert Blocks.of(design([300, 300]), set(), 1, detectors=1).size == (1, 1)


@pytest.mark.parametrize("number", [0, 3])
def test_part_of_a_design(number):
    found = design([3, 4])
    laid = Blocks((3, 4), (2, 2))
    part = found.part(laid[number])
    assert part.shape == ((2, 2) if number == 0 else (1, 2))
    assert part.axes[1].values == ((0, 1) if number == 0 else (2, 3))
