"""Blocks of the variants of a scan: what one process computes, and one chunk of a store keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from upscatter.scans.design import Block, Design

MOST_LIMITS = 2**20
"""Limits of a block, which takes 9 bytes for each."""

MOST_DETECTORS = 128
"""Variants of a block that are not computed at once; each takes some milliseconds."""


@dataclass(frozen=True)
class Blocks:
    """Division of the variants into blocks of the same shape, smaller ones at the ends.

    Parameters
    ----------
    shape : tuple of int
        Shape of the design.
    size : tuple of int
        Shape of a block.

    Examples
    --------
    >>> [block for block in Blocks((3,), (2,))]
    [(slice(0, 2, None),), (slice(2, 3, None),)]
    """

    shape: tuple[int, ...]
    size: tuple[int, ...]

    @classmethod
    def of(
        cls, design: Design, at_once: set[int], masses: int, detectors: int = MOST_DETECTORS
    ) -> Blocks:
        """Blocks that take about a second.

        Parameters
        ----------
        design : Design
        at_once : set of int
            Axes along which variants are computed at once.
        masses : int
        detectors : int
            Largest number of other variants in a block.
        """
        room = max(MOST_LIMITS // masses, 1)
        if design.paired:
            few = room if len(at_once) == len(design.axes) else min(detectors, room)
            return cls(design.shape, (min(few, design.variants),))
        size = [1] * len(design.shape)
        alone = [a for a in range(len(size)) if a not in at_once]
        for axes, most in ((sorted(at_once), room), (alone, min(detectors, room))):
            left = most
            for a in reversed(axes):
                size[a] = max(min(design.shape[a], left, room), 1)
                left, room = left // size[a], room // size[a]
        return cls(design.shape, tuple(size))

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of blocks along each axis."""
        return tuple(ceil(n / size) for n, size in zip(self.shape, self.size, strict=True))

    def __len__(self) -> int:
        return int(np.prod(self.grid))

    def __getitem__(self, number: int) -> Block:
        """A block as slices of each axis."""
        place = np.unravel_index(number, self.grid)
        return tuple(
            slice(int(i) * size, min((int(i) + 1) * size, n))
            for i, size, n in zip(place, self.size, self.shape, strict=True)
        )

    def __iter__(self) -> Iterator[Block]:
        return (self[number] for number in range(len(self)))

    def variants(self, number: int) -> int:
        """Number of variants of a block."""
        return int(np.prod([part.stop - part.start for part in self[number]]))
