"""Short names for a release's nuisance parameters, for tables and figures."""

from __future__ import annotations

import re

_WORDS = (
    (re.compile(r"^(cevns|b8)_rate_multiplier$"), "8B flux"),
    (re.compile(r"^er_rate_multiplier$"), "electronic recoils"),
    (re.compile(r"^nr_rate_multiplier$"), "neutrons"),
    (re.compile(r"^ac_(\w+)_rate_multiplier$"), r"accidental \1"),
    (re.compile(r"^t_ly$"), "light yield"),
    (re.compile(r"^t_qy$"), "charge yield"),
    (re.compile(r"^t_sys_(\w+)$"), r"cathode shape \1"),
    (re.compile(r"^signal_efficiency_(\w+)$"), r"efficiency \1"),
    (re.compile(r"^signal_efficiency$"), "efficiency"),
    (re.compile(r"^de_(\w+)_rate_multiplier$"), r"delayed e \1"),
    (re.compile(r"^ae_(\w+)_rate_multiplier$"), r"accidental e \1"),
    (re.compile(r"^(\w+)_rate_multiplier$"), r"\1"),
    (re.compile(r"^flux (.+)$"), r"\1 flux"),
)
_RUN = re.compile(r"\bsr(\d)\b")


def nuisance_label(name: str) -> str:
    """Short label of a nuisance parameter.

    Examples
    --------
    >>> [nuisance_label(n) for n in ("t_sys_sr1", "de_sr2_rate_multiplier", "flux hep")]
    ['cathode shape SR1', 'delayed e SR2', 'hep flux']

    In a combination the name of the experiment is in front:

    >>> nuisance_label("xenonnt-s2only t_qy")
    'xenonnt-s2only: charge yield'
    """
    experiment, _, own = name.partition(" ")
    for text, front in ((name, ""), (own, f"{experiment}: ")):
        for pattern, replacement in _WORDS:
            if pattern.match(text):
                return front + _plain(pattern.sub(replacement, text))
    return _plain(name)


def channel_label(name: str) -> str:
    """Name of a channel for a figure: science runs have capital letters."""
    return _RUN.sub(r"SR\1", name)


def _plain(name: str) -> str:
    # names of a release's parameters have underscores for blanks, other names are a user's own
    return _RUN.sub(r"SR\1", name if " " in name else name.replace("_", " "))
