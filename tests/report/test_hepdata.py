"""HEPData submissions: what they say, that the validator takes them, and that they come whole."""

import io
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from upscatter.errors import OutputError
from upscatter.limits.curve import DiscoveryReach, LimitCurve
from upscatter.rates.signal import Parameter
from upscatter.report import hepdata
from upscatter.report.hepdata import require_name, write_submission
from upscatter.report.plots import exclusion_figure, save

try:
    hepdata.require_library()
except OutputError as missing:
    pytest.skip(str(missing), allow_module_level=True)
yaml = pytest.importorskip("yaml")


@pytest.fixture
def curve():
    mass = np.array([0.01, 1.0, 18.776610, 18.776612, 30.0])
    mu = np.array([8.6512e-10, 8.7e-10, 1.2e-7, 1.3e-7, np.nan])
    provenance = {"upscatter": "1.2.3", "target": "Ge", "sources": ["8B", "hep"]}
    return LimitCurve(
        scenario="ge",
        flavour="mu",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=mu,
        provenance=provenance,
        title="Germanium, someday",
    )


@pytest.fixture
def figure(curve, tmp_path):
    path = tmp_path / "drawn.png"
    save(exclusion_figure([curve]), path)
    return path


def contents(path):
    """Files of an archive by name, and the documents of its submission.yaml."""
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}
    return files, list(yaml.safe_load_all(files["submission.yaml"]))


# The validator leaves closing files to the interpreter, and how to unpack to tarfile's default.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:Python 3.14 will, by default, filter:DeprecationWarning")
def test_the_validator_of_hepdata_takes_the_archive(curve, figure, tmp_path):
    """The archive itself, unpacked by the validator: not the folder it was made from."""
    path = tmp_path / "out.tar.gz"
    write_submission(curve, path, figure, scenario_files={"scenario.toml": "title = 'x'\n"})
    check = hepdata.require_library()[1].FullSubmissionValidator()
    assert check.validate(archive=str(path)), check.get_messages()


def test_the_discovery_reach_is_a_column_of_its_own(curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    reach = DiscoveryReach(significance=3.0, mu=2.0 * curve.mu)
    write_submission(replace(curve, discovery=reach), path)
    files, (_, about) = contents(path)
    limit, found = yaml.safe_load(files[about["data_file"]])["dependent_variables"]
    assert "of a discovery at $3\\sigma$, median" in found["header"]["name"]
    assert found["header"]["units"] == limit["header"]["units"]
    values = [[v["value"] for v in column["values"]] for column in (limit, found)]
    assert values[1][0] == pytest.approx(2.0 * values[0][0])


def test_the_table_holds_the_limits_and_their_units(curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(curve, path)
    files, (_, about) = contents(path)
    table = yaml.safe_load(files[about["data_file"]])
    (mass,), (limit,) = table["independent_variables"], table["dependent_variables"]
    assert mass["header"]["units"] == "MeV"
    assert "B" in limit["header"]["units"]
    *values, last = [row["value"] for row in limit["values"]]
    np.testing.assert_allclose(values, curve.mu[:4], rtol=5e-5)
    assert last == "-"
    masses = [row["value"] for row in mass["values"]]
    np.testing.assert_allclose(masses, curve.mass, rtol=1e-7)
    assert len(set(masses)) == 5


def test_masses_out_of_reach_have_no_value_and_that_is_said(curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(curve, path)
    _, (_, about) = contents(path)
    assert "out of kinematic reach" in about["description"]


FACTORS = (0.0, 0.5, 1.0, 2.0, 3.0)


@pytest.fixture
def rich(curve):
    """A curve with everything that a method may add to it."""
    return replace(
        curve,
        bands=np.outer(FACTORS, curve.mu),
        error=np.array([1e-12, 2e-12, 0.0, np.nan, np.nan]),
        lower=np.array([0.0, 2e-10, 0.0, 1e-8, np.nan]),
        poisson=1.1 * curve.mu,
    )


def columns(path):
    """Dependent variables of an archive by name."""
    files, (_, about) = contents(path)
    variables = yaml.safe_load(files[about["data_file"]])["dependent_variables"]
    return {variable["header"]["name"]: variable for variable in variables}


def numbers(column):
    *values, last = [row["value"] for row in column["values"]]
    assert last == "-"
    return values


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:Python 3.14 will, by default, filter:DeprecationWarning")
def test_bands_lower_end_and_poisson_limit_are_columns(rich, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(rich, path)
    limit, lower, poisson, *bands = columns(path).items()
    assert limit[0] == r"Upper limit on $\mu_{\nu 4}$"
    assert "Lower end" in lower[0]
    assert "Poisson" in poisson[0]
    assert [name.split(", ")[1] for name, _ in bands] == [
        *(rf"${sigma}\sigma$" for sigma in ("-2", "-1")),
        "median",
        *(rf"${sigma}\sigma$" for sigma in ("+1", "+2")),
    ]
    np.testing.assert_allclose(numbers(lower[1]), rich.lower[:4], rtol=5e-5)
    np.testing.assert_allclose(numbers(poisson[1]), rich.poisson[:4], rtol=5e-5)
    for factor, (_, column) in zip(FACTORS, bands, strict=True):
        np.testing.assert_allclose(numbers(column), factor * rich.mu[:4], rtol=5e-5)
        assert column["header"]["units"] == limit[1]["header"]["units"]
        assert column["qualifiers"] == limit[1]["qualifiers"]
    check = hepdata.require_library()[1].FullSubmissionValidator()
    assert check.validate(archive=str(path)), check.get_messages()


def test_the_statistical_error_is_one_of_the_limit(rich, tmp_path, capsys):
    path = tmp_path / "out.tar.gz"
    write_submission(rich, path)
    first, *others = columns(path).values()
    errors = [row.get("errors") for row in first["values"]]
    label = {"label": "pseudo-experiments"}
    assert errors == [[{"symerror": 1e-12} | label], [{"symerror": 2e-12} | label], *[None] * 3]
    assert not any("errors" in row for column in others for row in column["values"])
    assert capsys.readouterr().out == ""


def test_the_description_explains_the_columns(rich, curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    said = []
    for each in (rich, curve):
        write_submission(each, path)
        said.append(contents(path)[1][1]["description"])
    for words in ("pseudo-experiments", "lower end of 0", "without a dipole"):
        assert words in said[0]
        assert words not in said[1]


def test_another_signal_has_its_own_names(rich, tmp_path):
    path = tmp_path / "out.tar.gz"
    parameter = Parameter(
        name="g_odd", symbol="g", unit="odd", short_unit="odd", unit_symbol="o", key="g_odd"
    )
    write_submission(replace(rich, label="odd recoil", parameter=parameter), path)
    files, (head, about) = contents(path)
    texts = f"{head} {about} {files[about['data_file']]}"
    assert [
        word for word in ("dipole", "moment", "NU4", "nu_4", "nu4", "MU_", "mu_") if word in texts
    ] == []
    for own in ("Upper limit on g_odd", "without an odd recoil", "every g_odd", "G_ODD", "$o$"):
        assert own in texts


@pytest.mark.parametrize(("test", "has"), [("chi2-pulls", True), ("cls", False)])
def test_degrees_of_freedom_are_those_of_a_test_that_has_them(curve, test, has, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(replace(curve, test=test), path)
    (limit,) = columns(path).values()
    assert ("Degrees of freedom" in {q["name"] for q in limit["qualifiers"]}) == has
    assert ("dof" in contents(path)[1][1]["description"]) == has


def test_qualifiers_name_what_the_limit_depends_on(curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(curve, path, qualifiers={"Exposure": ("150", "kg yr")})
    files, (_, about) = contents(path)
    (limit,) = yaml.safe_load(files[about["data_file"]])["dependent_variables"]
    said = {q["name"]: (q["value"], q.get("units", "")) for q in limit["qualifiers"]}
    assert said["Confidence level"] == ("90", "%")
    assert said["Neutrino flavour"] == ("nu_mu", "")
    assert said["Target"] == ("Ge", "")
    assert said["Exposure"] == ("150", "kg yr")


def test_keywords_description_and_provenance(curve, tmp_path):
    path = tmp_path / "out.tar.gz"
    write_submission(curve, path)
    _, (head, about) = contents(path)
    keywords = {entry["name"]: entry["values"] for entry in about["keywords"]}
    assert "Sterile neutrino" in keywords["phrases"]
    assert "Germanium, someday" in head["comment"]
    assert "upscatter 1.2.3" in head["comment"]
    assert "sources: 8B, hep" in about["description"]


def test_figure_thumbnail_and_scenario_go_along(curve, figure, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "out.tar.gz"
    write_submission(curve, path, figure, scenario_files={"scenario.toml": "title = 'Über'\n"})
    files, (_, about) = contents(path)
    resources = {r["description"]: r["location"] for r in about["additional_resources"]}
    assert files[resources["Image file"]] == figure.read_bytes()
    small = imread(io.BytesIO(files[resources["Thumbnail image file"]]), format="png")
    assert small.shape[1] == pytest.approx(240, abs=1)
    assert small[..., :3].std() > 0.01
    assert files["scenario.toml"].decode() == "title = 'Über'\n"


def test_the_same_curve_gives_the_same_archive(curve, figure, tmp_path):
    paths = [tmp_path / f"{i}.tar.gz" for i in range(2)]
    for path in paths:
        write_submission(curve, path, figure)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_is_left_in_the_working_directory(curve, tmp_path, monkeypatch):
    """hepdata_lib writes an archive of its own to wherever it runs."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    write_submission(curve, tmp_path / "out.tar.gz")
    assert list(here.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here", "out.tar.gz"]


def test_a_relative_path_is_where_the_user_is(curve, figure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = figure.relative_to(tmp_path)
    write_submission(curve, type(figure)("out.tar.gz"), relative)
    assert (tmp_path / "out.tar.gz").is_file()


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x", ".tar.gz"])
def test_other_names_are_refused(name, tmp_path):
    with pytest.raises(OutputError, match=r"end with \.tar\.gz"):
        require_name(tmp_path / name)


def test_a_curve_without_limits_is_refused(curve, tmp_path):
    empty = replace(curve, mu=np.full(5, np.nan))
    with pytest.raises(OutputError, match="no mass is within reach"):
        write_submission(empty, tmp_path / "out.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_image_is_refused(curve, tmp_path):
    wrong = tmp_path / "wrong.png"
    wrong.write_text("no image")
    with pytest.raises(OutputError, match=r"wrong\.png: cannot be read as a PNG image"):
        write_submission(curve, tmp_path / "out.tar.gz", wrong)
    assert not (tmp_path / "out.tar.gz").exists()


def test_what_the_validator_refuses_is_not_written(curve, tmp_path):
    """A qualifier's value must be a text or a number."""
    with pytest.raises(OutputError, match="validator refuses"):
        write_submission(curve, tmp_path / "out.tar.gz", qualifiers={"Exposure": ({}, "")})
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_one_line_says_what_to_install(curve, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hepdata_lib", None)
    with pytest.raises(OutputError, match=r"pip install 'upscatter\[hepdata\]'") as caught:
        write_submission(curve, tmp_path / "out.tar.gz")
    assert "\n" not in str(caught.value)


class TestCommand:
    """``upscatter limit --format hepdata``."""

    COMMAND = ("limit", "ge-nextgen", "--format", "hepdata")
    GRID = ("--mass", "1MeV:12MeV:3")

    def test_writes_a_submission_with_figure_and_scenario(self, run, tmp_path):
        path = tmp_path / "ge.tar.gz"
        assert run(*self.COMMAND, *self.GRID, "--out", path) == ""
        files, (_, about) = contents(path)
        (limit,) = yaml.safe_load(files[about["data_file"]])["dependent_variables"]
        said = {q["name"]: q["value"] for q in limit["qualifiers"]}
        assert (said["Exposure"], said["Target"]) == ("150", "Ge")
        # The paper's 8.63e-10 within the half per cent of its reproduction, at 1 MeV still flat.
        assert limit["values"][0]["value"] == pytest.approx(8.63e-10, rel=0.02)
        assert "limit.png" in files
        assert b'element = "Ge"' in files["scenario.toml"]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ([], "add --out NAME.tar.gz"),
            (["--out", "ge.zip"], "end with .tar.gz"),
        ],
    )
    def test_refuses_before_it_computes(self, refused, arguments, says, folder, monkeypatch):
        monkeypatch.setattr("upscatter.studies.limits.upper_limit", None)
        assert says in refused(*self.COMMAND, *self.GRID, *arguments)
        assert list(folder.iterdir()) == []

    def test_a_massless_point_alone_has_no_figure(self, run, tmp_path):
        path = tmp_path / "ge.tar.gz"
        run(*self.COMMAND, "--mass", "0MeV", "--out", path)
        assert "limit.png" not in contents(path)[0]
