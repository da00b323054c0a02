"""Texts and numbers in figures of spectra, formatted for print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import fill

from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum

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
    r"""A text with its nuclides and neutrinos formatted for print.

    Examples
    --------
    >>> nuclides("SM 8B"), nuclides("SM nubar_mu"), nuclides("SM nu_e")
    ('SM $^{8}$B', 'SM $\\bar\\nu_\\mu$', 'SM $\\nu_e$')
    """
    text = re.sub(r"\b(\d+)(Be|B|N|O|F|U|Pu)\b", r"$^{\1}$\2", text)
    return re.sub(r"\bnu(bar)?_(e|mu|tau)\b", _neutrino, text)


def _neutrino(found: re.Match[str]) -> str:
    flavour = found[2] if found[2] == "e" else rf"\{found[2]}"
    return rf"$\bar\nu_{flavour}$" if found[1] else rf"$\nu_{flavour}$"


def unbraced(symbol: str) -> str:
    """A symbol without the braces that an upright index does not need."""
    return re.sub(r"_\{(\\mathrm\{\w+\})\}", r"_\1", symbol)


def exposure(exposure: float | None) -> str:
    """Text that follows "events per keVee", such as " in 150 kg yr"."""
    if exposure is None:
        return ""
    return f" in {exposure:.4g} kg yr" if exposure < _TONNE else f" in {exposure / _TONNE:.4g} t yr"


def title(result: ExpectedCounts | RecoilSpectrum, unseen: Sequence[str]) -> str:
    """Title of a figure: scenario, signal, and sentences on lines outside of the frame."""
    # A dollar sign would start a formula.
    lines = [fill((result.title or result.scenario).replace("$", r"\$"), _LINE_WIDTH)]
    if result.mu is not None:
        parameter = result.parameter
        value = rf"${parameter.symbol}$ = {power(result.mu)}$\,{parameter.unit_symbol}$"
        lines.append(f"{result.label}: {value}, $m_4$ = {result.mass:g} MeV")
    return "\n".join([*lines, *(nuclides(fill(text, _LINE_WIDTH)) for text in unseen)])


def power(value: float) -> str:
    """A number formatted for print, such as 8.65 × 10⁻¹⁰."""
    digits, _, power = f"{value:.4g}".partition("e")
    if not power:
        return digits
    mantissa = "" if digits == "1" else rf"{digits}\times "
    return rf"${mantissa}10^{{{int(power)}}}$"
