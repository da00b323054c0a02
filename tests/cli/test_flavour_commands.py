"""`upscatter flux` and `upscatter oscillation`, as a user types them."""

import json

import pytest

from command_line import fits, read_csv
from upscatter.inputs.spectra import SOURCES

FLAVOURS = ("e", "mu", "tau")


def body(table):
    """Rows of a printed table: what is below its rule."""
    lines = table.splitlines()
    rule = next(i for i, line in enumerate(lines) if "──" in line)
    return [line.split() for line in lines[rule + 1 :] if line.strip()]


def header(table):
    """What is above the rule, without the title."""
    lines = table.splitlines()
    rule = next(i for i, line in enumerate(lines) if "──" in line)
    blank = max(i for i in range(rule) if not lines[i].strip())
    return [line.split() for line in lines[blank + 1 : rule]]


class TestFluxTable:
    @pytest.mark.parametrize(
        "arguments", [(), ("--laboratory", "Kamioka"), ("cawo4-cresst",), ("--model", "B16-GS98")]
    )
    def test_fits_the_terminal(self, run, arguments):
        out = run("flux", *arguments)
        assert fits(out)
        assert header(out) == [["source", "total", "nu_e", "nu_mu", "nu_tau", "day-night"]]
        assert [row[0] for row in body(out)] == list(SOURCES)

    def test_says_what_was_chosen(self, run):
        title = run("flux", "--model", "B16-GS98", "--mixing", "NuFIT-6.0-IC24").splitlines()
        assert title[0].endswith("(B16-GS98, NuFIT-6.0-IC24; by day)")
        assert title[1] == "fluxes in 1/(cm2 s)"
        title = run("flux", "cdex-50").splitlines()
        assert title[0].endswith("(cdex-50, B16-GS98, NuFIT-5.3, CJPL)")

    def test_a_scenario_has_its_own_sources(self, run):
        rows = body(run("flux", "cdex-50"))
        assert [row[0] for row in rows] == ["8B", "hep"]
        assert float(rows[0][1]) == 5.25e6

    def test_a_reactor_has_no_night(self, run):
        out = run("flux", "nucleus")
        assert header(out) == [["source", "total", "nu_e", "nu_mu", "nu_tau"]]
        assert "-" not in out.split()

    def test_day_night_column(self, run):
        by_day = body(run("flux"))
        assert {row[-1] for row in by_day} == {"-"}
        at_night = {row[0]: float(row[-2]) for row in body(run("flux", "--laboratory", "SNO"))}
        assert 1.0 < at_night["8B"] < 3.0
        assert abs(at_night["7Be"]) < 0.1


class TestFluxFormats:
    def test_json(self, run):
        out = run("flux", "--format", "json", "--laboratory", "LNGS")
        content = json.loads(out)
        assert set(content["fluxes_per_cm2_s"]) == set(SOURCES)
        for flux in content["fluxes_per_cm2_s"].values():
            assert sum(flux[f] for f in FLAVOURS) == pytest.approx(flux["total"], rel=1e-9)
        assert content["provenance"]["place"] == "LNGS"

    def test_csv(self, run):
        comments, rows = read_csv(run("flux", "--format", "csv"))
        assert "1/(cm2 s)" in comments[0]
        assert [row["source"] for row in rows] == list(SOURCES)
        assert float(rows[0]["total"]) == pytest.approx(5.991e10, rel=1e-6)  # BS05(OP)
        assert {row["day_night_asymmetry"] for row in rows} == {""}

    def test_formats_agree(self, run):
        content = json.loads(run("flux", "cdex-50", "--format", "json"))
        _, rows = read_csv(run("flux", "cdex-50", "--format", "csv"))
        for row in rows:
            flux = content["fluxes_per_cm2_s"][row["source"]]
            assert [float(row[f"nu_{f}"]) for f in FLAVOURS] == [flux[f] for f in FLAVOURS]

    def test_out_and_plot(self, run, tmp_path):
        figure, result = tmp_path / "flux.png", tmp_path / "flux.json"
        assert run("flux", "--format", "json", "--out", result, "--plot", figure) == ""
        assert json.loads(result.read_text())["fluxes_per_cm2_s"]
        assert figure.read_bytes().startswith(b"\x89PNG")


class TestOscillationTable:
    def test_by_day(self, run):
        out = run("oscillation")
        assert fits(out)
        assert header(out) == [["day"] * 3, ["E", "[MeV]", *FLAVOURS]]
        assert out.splitlines()[0] == "Flavours of 8B neutrinos (BS05-OP, NuFIT-5.3; by day)"

    @pytest.mark.parametrize(
        "arguments", [("--laboratory", "LNGS"), ("ar-darkside-lowmass", "--source", "7Be")]
    )
    def test_day_and_night_fit_the_terminal_uncut(self, run, arguments):
        out = run("oscillation", *arguments)
        assert fits(out)
        assert header(out) == [
            ["day"] * 3 + ["night"] * 3,
            ["E", "[MeV]", *FLAVOURS, *FLAVOURS, "day-night"],
        ]
        assert {len(row) for row in body(out)} == {9}  # the last column is "+1.23 %"

    @pytest.mark.parametrize("plot", [False, True])
    def test_default_is_a_screenful(self, run, tmp_path, plot):
        arguments = ("--plot", str(tmp_path / "p.png")) if plot else ()
        rows = body(run("oscillation", *arguments))
        assert len(rows) == 20
        assert [float(rows[i][0]) for i in (0, -1)] == [0.1, 18.0]

    def test_numbers(self, run):
        rows = body(run("oscillation", "--energy", "10MeV", "--laboratory", "LNGS"))
        (row,) = rows
        # PEANUTS (EPJC 84 (2024) 119): 0.324, 0.346, 0.329 by day; 0.336, 0.342, 0.322 by night
        day, night = [0.324, 0.346, 0.329], [0.336, 0.342, 0.322]
        assert [float(x) for x in row[1:7]] == pytest.approx(day + night, abs=1e-3)
        assert float(row[7]) == pytest.approx(200.0 * (0.336 - 0.324) / (0.336 + 0.324), abs=0.3)


class TestOscillationFormats:
    def test_json(self, run):
        out = run("oscillation", "--format", "json", "--laboratory", "LNGS")
        content = json.loads(out)
        assert content["source"] == "8B"
        assert len(content["energy_MeV"]) == 200
        assert set(content["probabilities"]) == {"day", "night", "average"}
        for part in content["probabilities"].values():
            for p in zip(*(part[f] for f in FLAVOURS), strict=True):
                assert sum(p) == pytest.approx(1.0, abs=1e-12)
        assert len(content["day_night_asymmetry"]) == 200
        assert content["provenance"] == {
            "solar_model": "BS05-OP", "mixing": "NuFIT-5.3", "place": "LNGS",
        }  # fmt: skip

    @pytest.mark.parametrize("place", [(), ("--laboratory", "LNGS")])
    def test_csv(self, run, place):
        comments, rows = read_csv(run("oscillation", "--format", "csv", *place))
        assert "8B neutrinos" in comments[0]
        assert len(rows) == 200
        parts = ("day", "night") if place else ("day",)
        columns = ["energy_MeV", *(f"P_{f}_{part}" for part in parts for f in FLAVOURS)]
        assert list(rows[0]) == [*columns, "asymmetry"] if place else columns
        assert all(-1.0 < float(value) <= 18.0 for row in rows for value in row.values())

    def test_energies_and_grids(self, run):
        arguments = ("--energy", "5MeV", "--energy", "300keV", "--energy", "1MeV:4MeV:3")
        content = json.loads(run("oscillation", "--format", "json", *arguments))
        assert content["energy_MeV"] == pytest.approx([5.0, 0.3, 1.0, 2.0, 4.0])

    @pytest.mark.parametrize("source", SOURCES)
    def test_every_source(self, run, source):
        arguments = ("--source", source, "--energy", "0.3MeV", "--format", "json")
        out = run("oscillation", *arguments)
        assert json.loads(out)["source"] == source

    def test_a_scenario_and_choices_before_it(self, run):
        choices = ("--laboratory", "Boulby", "--mixing", "NuFIT-6.0-IC19")
        out = run("oscillation", "ge-nextgen", *choices, "--energy", "9MeV", "--format", "json")
        assert json.loads(out)["provenance"] == {
            "scenario": "ge-nextgen", "solar_model": "BS05-OP", "mixing": "NuFIT-6.0-IC19",
            "place": "Boulby",
        }  # fmt: skip

    @pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"),
                                                   ("svg", b"<?xml")])  # fmt: skip
    def test_plot(self, run, tmp_path, suffix, start):
        figure = tmp_path / f"p.{suffix}"
        run("oscillation", "--laboratory", "LNGS", "--plot", str(figure))
        content = figure.read_bytes()
        assert content.startswith(start)
        assert len(content) > 5000

    @pytest.mark.parametrize("energies", [("5MeV",), ("10MeV", "5MeV", "8MeV"), ("20keV:40MeV:9",)])
    def test_plot_of_few_energies(self, run, tmp_path, energies):
        """Warnings are errors here: no range may be empty."""
        figure = tmp_path / "p.png"
        options = [word for energy in energies for word in ("--energy", energy)]
        run("oscillation", *options, "--plot", str(figure))
        assert figure.exists()


ERRORS = [
    (("flux", "--laboratory", "Narnia"), ["'Narnia'", "name one of", "LNGS"]),
    (("flux", "--model", "SSM"), ["'SSM'", "choose one of BS05-OP"]),
    (("flux", "--mixing", "NuFIT-9"), ["'NuFIT-9'", "NuFIT-5.3"]),
    (("flux", "cdex-50", "--model", "BS05-OP"), ["--model", "'BS05-OP'", "B16-GS98", "change"]),
    (("flux", "nosuch"), ["nosuch", "neither a file nor a bundled scenario", "give"]),
    (("flux", "--format", "xml"), ["--format", "'xml'", "flux --help"]),
    (("flux", "--plot", "flux.gif"), ["flux.gif", ".png"]),
    (("flux", "--out", "nowhere/flux.csv"), ["nowhere", "create it"]),
    (("oscillation", "--source", "9Be"), ["--source", "'9Be'", "'8B'"]),
    (("oscillation", "--energy", "5"), ["--energy", "'5'", "no unit", "'5 MeV'"]),
    (("oscillation", "--energy", "5 km"), ["--energy", "'5 km'", "energy"]),
    (("oscillation", "--energy", "0MeV"), ["energy 0 MeV", "0.001", "give"]),
    (("oscillation", "--energy", "-1MeV"), ["--energy", "'-1MeV'", "negative"]),
    (("oscillation", "--energy", "5MeV:1MeV:9"), ["--energy", "5MeV:1MeV:9", "rise"]),
    (("oscillation", "--energy", "1e9MeV"), ["not adiabatic", "1e+09 MeV", "lower the energy"]),
    (("oscillation", "--laboratory", "Narnia"), ["'Narnia'", "name one of"]),
    (("oscillation", "--plot", "p"), ["p", ".png"]),
]


class TestErrors:
    @pytest.mark.parametrize(("arguments", "words"), ERRORS, ids=lambda x: " ".join(x)[:40])
    def test_are_one_line(self, refused, folder, arguments, words):
        message = refused(*arguments)
        for word in words:
            assert word in message
        assert not list(folder.iterdir())

    def test_in_a_scenario_name_file_and_field(self, run, refused, tmp_path):
        path = tmp_path / "mine.toml"
        shown = run("show", "ge-nextgen").partition("[oscillation]")[0]
        path.write_text(f'{shown}[oscillation]\nlaboratory = "Narnia"\n')
        for command in ("flux", "oscillation", "limit"):
            assert f"{path}: oscillation.laboratory" in refused(command, str(path))


class TestHelp:
    @pytest.mark.parametrize("command", ["flux", "oscillation"])
    def test_lists_the_commands_and_their_options(self, run, command):
        assert f"  {command}  " in run("--help")
        out = run(command, "--help")
        for option in ("--model", "--mixing", "--laboratory", "--format", "--out", "--plot"):
            assert option in out


class TestLimitByFlavour:
    def test_flavour_and_sum(self, run):
        mus = {}
        for choice in ((), ("--flavour", "mu"), ("--flavour", "universal", "--sum", "exact")):
            arguments = ("limit", "ge-nextgen", "--mass", "1MeV", "--format", "json", *choice)
            content = json.loads(run(*arguments))
            mus[choice] = content["mu_bohr"][0]
            assert content["flavour"] == (choice[1] if choice else "universal")
            assert content["provenance"]["flavour_sum"] == (
                "exact" if "exact" in choice else "incoherent"
            )
        assert len(set(mus.values())) == 3

    def test_unknown_flavour(self, refused):
        assert "'muon'" in refused("limit", "ge-nextgen", "--flavour", "muon")
