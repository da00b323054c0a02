"""Published data releases, each of which is one module here, and what all of them have in common.

A module that defines a release has a `DEFINITION`; see `upscatter.releases.definition`.
"""

__all__ = [
    "anchors",
    "cache",
    "coherent_csi",
    "coherent_lar",
    "definition",
    "files",
    "folding",
    "likelihood",
    "release",
    "serial",
    "tables",
    "times",
    "xenonnt_s1s2",
    "xenonnt_s2only",
]
