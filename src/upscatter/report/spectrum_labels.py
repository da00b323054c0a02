"""Texts and numbers in figures of spectra, formatted for print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import fill

_LINE_WIDTH = 56  # letters of a title
_TONNE = 1e3  # kg


def listed(names: Sequence[str]) -> str:
    """Names in a list, with a common first word only once: "SM pp, pep"."""
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, _, source = name.rpartition(" ")
        groups.setdefault(kind, []).append(source)
    return "; ".join(f"{kind} {', '.join(sources)}".strip() for kind, sources in groups.items())


def nuclides(text: str) -> str:
    """A text with its nuclides formatted for print."""
    return re.sub(r"\b(\d+)(Be|B|N|O|F)\b", r"$^{\1}$\2", text)


def exposure(exposure: float | None) -> str:
    """Text that follows "events per keVee", such as " in 150 kg yr"."""
    if exposure is None:
        return ""
    return f" in {exposure:.4g} kg yr" if exposure < _TONNE else f" in {exposure / _TONNE:.4g} t yr"


def title(name: str, mu: float | None, mass: float | None, unseen: Sequence[str]) -> str:
    """Title of a figure: scenario, dipole, and sentences on lines outside of the frame."""
    # A dollar sign would start a formula.
    lines = [fill(name.replace("$", r"\$"), _LINE_WIDTH)]
    if mu is not None:
        moment = rf"$\mu_{{\nu 4}}$ = {power(mu)}$\,\mu_{{\mathrm{{B}}}}$"
        lines.append(f"dipole: {moment}, $m_4$ = {mass:g} MeV")
    return "\n".join([*lines, *(nuclides(fill(text, _LINE_WIDTH)) for text in unseen)])


def power(value: float) -> str:
    """A number formatted for print, such as 8.65 × 10⁻¹⁰."""
    digits, _, power = f"{value:.4g}".partition("e")
    if not power:
        return digits
    mantissa = "" if digits == "1" else rf"{digits}\times "
    return rf"${mantissa}10^{{{int(power)}}}$"
