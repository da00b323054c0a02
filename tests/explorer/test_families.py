"""Known limits behind the curve."""

import numpy as np

from upscatter.explorer.families import FAMILIES, columns, doi, regions
from upscatter.inputs.catalogue import known_bounds


def test_every_known_limit_is_in_one_family():
    names = [bound.name for family in FAMILIES for bound in family.bounds]
    assert sorted(names) == sorted(bound.name for bound in known_bounds())


def test_lines_are_the_vertices_with_their_sources():
    for family in FAMILIES:
        found = columns(family)
        for i, bound in enumerate(family.bounds):
            assert np.array_equal(found["xs"][i], bound.mass)
            assert np.array_equal(found["ys"][i], bound.mu)
            assert bound.arxiv in found["paper"][i]
            assert found["name"][i] == bound.label


def test_papers_open_by_their_doi():
    addresses = {doi(bound) for bound in known_bounds()} - {""}
    assert len(addresses) > 10
    assert all(a.startswith("https://doi.org/10.48550/arXiv.") and " " not in a for a in addresses)


def test_regions_without_an_upper_edge_are_closed_at_the_top():
    (published,) = (family for family in FAMILIES if family.key == "published")
    for mu, bound in zip(regions(published, 1.0)["ys"], published.bounds, strict=True):
        assert (max(mu) == 1.0) == (not bound.is_region)


def test_projections_exclude_nothing():
    (projections,) = (family for family in FAMILIES if family.key == "projections")
    assert projections.shade == 0.0
    assert regions(projections, 1.0) == {"xs": [], "ys": []}


def test_families_differ_without_colours_or_are_named():
    styles = [(family.dash, family.kind) for family in FAMILIES]
    assert len({dash for dash, _ in styles}) >= 4
