"""A whole figure as a submission: a table for each line, with the kind and source of each limit."""

import tarfile

import pytest
import yaml

pytest.importorskip("hepdata_lib")

from upscatter.inputs.catalogue import known_bound
from upscatter.report.hepdata_figure import write_figure
from upscatter.studies.limits import upper_limit

NAMES = ("borexino", "coherent-mu", "sn1987a")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    path = tmp_path_factory.mktemp("hepdata") / "figure.tar.gz"
    curve = upper_limit("ge-nextgen", [0.01, 5.0, 30.0])
    write_figure([curve], [known_bound(name) for name in NAMES], path)
    with tarfile.open(path) as tar:
        files = {m.name: tar.extractfile(m).read().decode() for m in tar.getmembers()}
    (first, *about) = yaml.safe_load_all(files["submission.yaml"])
    assert "upscatter" in first["comment"]
    return {t["name"]: (t, yaml.safe_load(files[t["data_file"]])) for t in about}


def test_each_line_has_a_table(tables):
    assert list(tables) == [
        "ge-nextgen: upper limit",
        "borexino: published limit",
        "coherent-mu: recomputed limit",
        "sn1987a: published limit",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_vertices_and_kind_are_those_of_the_catalogue(tables, name):
    bound = known_bound(name)
    about, table = tables[f"{name}: {bound.origin} limit"]
    (mass,), (edge,) = table["independent_variables"], table["dependent_variables"]
    assert mass["header"] == {"name": "$m_4$", "units": "MeV"}
    assert [v["value"] for v in mass["values"]] == pytest.approx(bound.mass.tolist(), rel=1e-6)
    assert [v["value"] for v in edge["values"]] == pytest.approx(bound.mu.tolist(), rel=1e-4)
    said = {q["name"]: q["value"] for q in edge["qualifiers"]}
    assert said["Origin"] == bound.origin
    assert said["Neutrino flavour"] == "nu_mu"
    assert bound.paper in about["description"]
    assert "all moments above" in about["description"] or name == "sn1987a"


def test_a_closed_region_says_so(tables):
    assert "what the vertices enclose" in tables["sn1987a: published limit"][0]["description"]
    scenarios = tables["coherent-mu: recomputed limit"][0]["description"]
    assert "Scenarios: coherent-csi + coherent-lar." in scenarios
