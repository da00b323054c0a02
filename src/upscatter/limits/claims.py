"""The sentences in which the paper compares its two limits with others, put to the test.

M. Demirci and M. F. Mustamin, DOI 10.31526/PHEP.2025.09, figure 2(b) and the text around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound
from upscatter.limits.comparison import Comparison, Interval, compare, in_words, rounded
from upscatter.limits.curve import LimitCurve

Status = Literal["true", "in part", "no"]
Relation = Literal["covers", "reaches", "improves", "complements"]

PAPER_FIGURE = (
    "xenon1t-nr", "xenon1t-er", "nucleus", "dresden-ii", "coherent-e", "coherent-mu", "cenns-750",
    "texono", "borexino", "lsnd-magill", "ship", "dune-nd-mu", "icecube", "bbn", "sn1987a",
)  # fmt: skip
"""Limits of the catalogue that stand for the experiments of the paper's figure 2(b)."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the paper about its curves and some limits.

    Parameters
    ----------
    sentence : str
        What the paper says, in its own terms.
    relation : {"covers", "reaches", "improves", "complements"}
        What has to hold at every mass (covers, improves), or at some (reaches, complements).
    bounds : tuple of str
        Names of the limits in the catalogue.
    window : (float, float)
        Masses in MeV that the sentence is about.
    """

    sentence: str
    relation: Relation
    bounds: tuple[str, ...]
    window: Interval = (0.0, np.inf)


_WITH = "complements"
_LARGE = 1000.0

CLAIMS = (
    Claim(
        sentence="covers XENON1T, NUCLEUS 1 kg, Dresden-II, COHERENT nu_mu entirely",
        relation="covers",
        bounds=("xenon1t-nr", "xenon1t-er", "nucleus", "dresden-ii", "coherent-mu"),
    ),
    Claim(
        sentence="reaches new regions of COHERENT nu_e, CENNS-750, LSND, SHiP, DUNE ND, IceCube",
        relation="reaches",
        bounds=(
            "coherent-e", "cenns-750", "lsnd-magill", "ship", "dune-nd-e", "dune-nd-mu", "icecube",
        ),
    ),
    Claim(
        sentence="improves Borexino and TEXONO for m4 > 0.5 MeV",
        relation="improves",
        bounds=("borexino", "texono"),
        window=(0.5, np.inf),
    ),
    Claim(
        sentence="complementary to BBN below 1 MeV",
        relation="complements",
        bounds=("bbn",),
        window=(0.0, 1.0),
    ),
    Claim(sentence="complementary to SN1987A", relation="complements", bounds=("sn1987a",)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ClaimVerdict:
    """A claim about one curve and one limit, tested.

    Parameters
    ----------
    claim : Claim
    bound : Bound
    scenario : str
    status : {"true", "in part", "no"}
    where : tuple of intervals
        Masses in MeV at which it holds.
    words : str
        The verdict in words, with numbers.
    """

    claim: Claim
    bound: Bound
    scenario: str
    status: Status
    where: tuple[Interval, ...]
    words: str

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, masses in MeV."""
        return {
            "claim": self.claim.sentence,
            "limit": self.bound.name,
            "origin": self.bound.origin,
            "kind": self.bound.kind,
            "scenario": self.scenario,
            "status": self.status,
            "holds_MeV": [[low, high] for low, high in self.where],
            "words": self.words,
        }


def verdicts(curves: Sequence[LimitCurve]) -> tuple[ClaimVerdict, ...]:
    """Every claim of the paper about every curve, against each limit that it names.

    Parameters
    ----------
    curves : sequence of LimitCurve

    Returns
    -------
    tuple of ClaimVerdict

    Examples
    --------
    >>> from upscatter import upper_limit
    >>> found = verdicts([upper_limit("ge-nextgen")])
    >>> found[0].bound.name, found[0].status
    ('xenon1t-nr', 'true')
    """
    return tuple(
        judged(claim, known_bound(name), curve)
        for claim in CLAIMS
        for name in claim.bounds
        for curve in curves
    )


def judged(claim: Claim, bound: Bound, curve: LimitCurve) -> ClaimVerdict:
    """One claim about one curve and one limit."""
    found = compare(curve, bound)
    stronger, free = (
        _within(intervals, claim.window)
        for intervals in (found.stronger, (*found.stronger, *found.complementary))
    )
    holds = free if claim.relation == "complements" else stronger
    shared = _shared(bound, curve, claim.window)
    status: Status = "no"
    if claim.relation == _WITH and _within(found.covered, claim.window):
        status = "in part"  # it tests independently what the other excludes
    elif holds:
        whole = claim.relation == "reaches" or _fills(holds, shared)
        if claim.relation == "covers":
            whole = whole and bound.mass_range[1] <= shared[1] * (1.0 + 1e-3)
        status = "true" if whole else "in part"
    return ClaimVerdict(
        claim=claim,
        bound=bound,
        scenario=curve.scenario,
        status=status,
        where=holds,
        words=_words(claim, bound, found, shared),
    )


def _shared(bound: Bound, curve: LimitCurve, window: Interval) -> Interval:
    """Masses (MeV) of the claim at which both have a limit."""
    reached = curve.mass[np.isfinite(curve.mu) & (curve.mass > 0.0)]
    low, high = bound.mass_range
    return max(low, float(reached.min()), window[0]), min(high, float(reached.max()), window[1])


def _words(claim: Claim, bound: Bound, found: Comparison, shared: Interval) -> str:
    """What holds at which masses (MeV), and by how much at best."""
    parts = []
    for name, intervals in found.relations:
        inside = _within(intervals, claim.window)
        if inside and name != "alone":
            parts.append(f"{name} at {in_words(inside)}")
            if name == "inside" and claim.relation == _WITH:
                parts[-1] += ", so an independent test, but no new moments below its upper edge"
    if bound.mass_range[1] > 1.001 * shared[1] and claim.relation == "covers":
        parts.append(f"out of reach above {rounded(shared[1])}")
    best = found.best_factor
    if best is not None and found.best_mass is not None and claim.relation != "complements":
        side = "stronger" if best > 1.0 else "weaker"
        factor = best if best > 1.0 else 1.0 / best
        # a curve that rises at its kinematic end is weaker than others by any factor
        by = f"x {rounded(factor, 2)}" if factor < _LARGE else f"more than x {_LARGE:g}"
        parts.append(f"at best {by} {side}, at {rounded(found.best_mass)}")
    return "; ".join(parts) or "no mass in common"


def _within(intervals: Sequence[Interval], window: Interval) -> tuple[Interval, ...]:
    """The parts of intervals inside a window."""
    cut = [(max(low, window[0]), min(high, window[1])) for low, high in intervals]
    return tuple((low, high) for low, high in cut if high > low)


def _fills(intervals: Sequence[Interval], window: Interval) -> bool:
    """Whether intervals cover a window, but for rounding of its ends."""
    length = sum(np.log(high / low) for low, high in _within(intervals, window))
    return bool(length > np.log(window[1] / window[0]) - 2e-3)
