"""Scenario files: what is read from them, and all that is refused."""

import pytest

import upscatter
from scenario_files import detector, scenario
from upscatter.errors import ScenarioError, TableError
from upscatter.scenario.fields import tables
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.units import CM, DAY, KEV, KG, SECOND, YEAR


def load(text):
    return Scenario.parse(text, "my.toml")


def refusal(text):
    with pytest.raises(ScenarioError) as caught:
        load(text)
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    return message


class TestWhatIsRead:
    def test_quantities_are_in_internal_units(self):
        settings = load(scenario(flux='fluxes = { "8B" = "5.25e6 / (cm^2 s)" }')).settings
        assert settings.detector.exposure == pytest.approx(150.0 * KG * YEAR)
        assert settings.background.flat == pytest.approx(0.01 / (KEV * KG * DAY))
        assert settings.flux.fluxes["8B"] == pytest.approx(5.25e6 / (CM**2 * SECOND))
        low, high = settings.detector.region
        assert (low.value, low.recoil) == (pytest.approx(0.16 * KEV), False)
        assert (high.value, high.recoil) == (pytest.approx(2.16 * KEV), False)

    def test_an_end_may_be_a_recoil_energy(self):
        region = load(
            scenario(detector=detector(region='["0.1 keVnr", "2 keVee"]'))
        ).settings.detector.region
        assert [end.recoil for end in region] == [True, False]

    def test_shorthands(self):
        settings = load(
            scenario(
                detector=detector(quenching='"lindhard"', efficiency="0.5"),
                flux='spectra = { "8B" = "winter2006" }',
            )
        ).settings
        assert settings.detector.quenching.model == "lindhard"
        assert settings.detector.efficiency.value == 0.5
        assert settings.flux.spectra["8B"].variant == "winter2006"

    @pytest.mark.parametrize(
        ("flux", "active"),
        [
            ("", ("8B", "hep")),
            ("uncertainty = { hep = 0.1 }", ("hep",)),
            ('sources = ["hep", "8B"]', ("hep", "8B")),
            ('model = "B16-GS98"\nsources = ["pp"]', ("pp",)),
        ],
    )
    def test_sources(self, flux, active):
        assert load(scenario(flux=flux)).settings.flux.active == active

    def test_a_stated_uncertainty_replaces_the_model_s(self):
        flux = load(scenario(flux='sources = ["8B", "hep"]\nuncertainty = { "8B" = 0.04 }'))
        assert flux.settings.flux.relative_uncertainties == {"8B": 0.04, "hep": 0.16}

    def test_minus_zero_is_zero(self):
        flat = load(scenario(background='flat = "-0.0 / (keVee kg day)"')).settings.background.flat
        assert str(flat) == "0.0"

    @pytest.mark.parametrize(
        "encode",
        [
            lambda text: text.encode(),
            lambda text: text.encode("utf-8-sig"),
            lambda text: text.replace("\n", "\r\n").encode(),
            lambda text: text.replace("Test", "μ_ν4").encode(),
        ],
        ids=["plain", "with mark", "Windows", "Greek"],
    )
    def test_encodings(self, tmp_path, encode):
        path = tmp_path / "my.toml"
        path.write_bytes(encode(scenario()))
        assert Scenario.load(path).settings.detector.bins == 4

    def test_bundled_names_are_scenarios(self):
        assert "ge-nextgen" in bundled_names()
        assert Scenario.load("ge-nextgen").directory is None

    def test_the_digest_tells_contents_apart_but_not_comments(self, tmp_path):
        one = load(scenario())
        assert one.digest == load(scenario() + "\n# a remark").digest
        assert one.digest != load(scenario(detector=detector(bins="5"))).digest
        table = tmp_path / "yield.csv"
        quenching = '{ model = "table", file = "yield.csv" }'
        text = scenario(detector=detector(quenching=quenching))
        digests = set()
        for rows in ("0.1,0.2\n50,0.3\n", "0.1,0.2\n50,0.4\n"):
            table.write_text(rows)
            digests.add(Scenario.parse(text, "my.toml", tmp_path).digest)
        assert len(digests) == 2


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is empty; start from a bundled one"),
            (b"\n# nothing\n", "is empty; start from a bundled one"),
            (b"\x89PNG\xff\x00", "cannot be read (it is not a text file); give a readable text"),
            ('title = "é"'.encode("latin1"), "cannot be read (it is not a text file)"),
            (scenario().encode("utf-16"), "cannot be read (it is not a text file)"),
            (b"title = ", "is not valid TOML: Invalid value (at end of document)"),
            (b'{"title": "T"}', "is not valid TOML: Invalid statement (at line 1, column 1)"),
            (b'title = "a"\ntitle = "b"', "is not valid TOML: Cannot overwrite a value"),
            (b"[target]\n[target]", "is not valid TOML: Cannot declare ('target',) twice"),
            (b"a = " + b"[" * 50_000, "is not valid TOML: maximum recursion depth exceeded"),
            (b"a = " + b"1" * 10_000, "is not valid TOML: Exceeds the limit (4300 digits)"),
            (b"#" * (2**24 + 1), "is larger than 16 MB; give a smaller text file"),
        ],
        ids=lambda value: value[:25] if isinstance(value, str) else "",
    )
    def test_malformed(self, tmp_path, content, message):
        path = tmp_path / "my.toml"
        path.write_bytes(content)
        with pytest.raises(ScenarioError) as caught:
            Scenario.load(path)
        assert str(caught.value).startswith(f"{path}: {message}")
        assert "\n" not in str(caught.value)

    def test_a_folder(self, tmp_path):
        with pytest.raises(ScenarioError, match=r"cannot be read \(Is a directory\)"):
            Scenario.load(tmp_path)

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("ge-nextgne", "ge-nextgen"),
            ("GE-Future", "ge-future"),
            ("ge-nextgen.toml", "ge-nextgen"),
            ("quite-another", None),
            ("x" * 5000, None),
            ("a\0b", None),
        ],
    )
    def test_no_such_scenario(self, tmp_path, monkeypatch, name, meant):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ScenarioError) as caught:
            Scenario.load(name)
        message = str(caught.value)
        assert message.startswith(f"{name}: is neither a file nor a bundled scenario; ")
        assert ("did you mean " in message) == (meant is not None)
        assert f"did you mean {meant}? " in message or meant is None
        assert ", ".join(bundled_names()) in message

    @pytest.mark.parametrize("given", [None, 5, b"ge-nextgen", ["ge-nextgen"], {}])
    def test_what_is_no_name(self, given):
        for load_ in (Scenario.load, upscatter.upper_limit, upscatter.compare):
            with pytest.raises(
                ScenarioError, match=r"^scenario .*: is no scenario, nor "
            ) as caught:
                load_(given)
            assert "ge-nextgen" in str(caught.value)
            assert "\n" not in str(caught.value)

    def test_an_empty_name(self):
        with pytest.raises(ScenarioError, match=r"^'': is neither a file nor"):
            Scenario.load("")


def test_the_text_of_a_scenario_is_no_path():
    with pytest.raises(
        ScenarioError, match=r"is a text of several lines.* Scenario.parse"
    ) as caught:
        Scenario.load(Scenario.load("ge-nextgen").text)
    assert "\n" not in str(caught.value)


class TestQuantities:
    @pytest.mark.parametrize(
        "value",
        ['"150"', "150", "150.0", "true", '""', "[]", '["150 kg yr"]', "nan", "1979-05-27",
         '"150 keV"', '"-1 kg yr"', '"0 kg yr"', '"-0 kg yr"', '"nan kg yr"', '"inf kg yr"',
         '"1e999 kg yr"', '"1e300 kg yr"', '"1e-300 kg yr"', '"150 kgyr"', '"150 kg - yr"',
         '"1,5 kg yr"', '"150 kg yr ± 1"'],
    )  # fmt: skip
    def test_exposure(self, value):
        message = refusal(scenario(detector=detector(exposure=value)))
        assert message.startswith(f"my.toml: detector.exposure = {value}: ")
        assert message.endswith("such as '150 kg yr'")

    @pytest.mark.parametrize(
        "end",
        ['"0.16"', "0.16", "true", '"0.16 keV"', '"0.16 kevee"', '"-1 keVee"', '"nan keVee"',
         '"1e999 keVnr"', '"1e300 keVee"', '"11 MeVnr"', '"1 kg"'],
    )  # fmt: skip
    @pytest.mark.parametrize("place", [0, 1])
    def test_region(self, end, place):
        ends = ['"0.2 keVee"', '"2 keVee"']
        ends[place] = end
        message = refusal(scenario(detector=detector(region=f"[{', '.join(ends)}]")))
        assert message.startswith(f"my.toml: detector.region[{place}] = {end}: ")
        assert " keVee'" in message

    def test_kev_alone_is_ambiguous(self):
        message = refusal(scenario(detector=detector(region='["0.16 keV", "2 keVee"]')))
        assert "keVnr is nuclear recoil, keVee electron-equivalent energy" in message

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("cutoff", "0.5"),
            ("cutoff", '"-1 keVnr"'),
            ("cutoff", '"1e300 keVnr"'),
            ("resolution.noise", '"50 eVnr"'),
            ("resolution.noise", '"50 eV"'),
            ("resolution.noise", '"1e300 keVee"'),
            ("resolution.fano", '"-1 eVee"'),
            ("resolution.relative", '"10%"'),
            ("resolution.relative", "2"),
        ],
    )
    def test_response(self, field, value):
        text = scenario(detector=detector(**{field: value}))
        assert refusal(text).startswith(f"my.toml: detector.{field} = {value}: ")

    @pytest.mark.parametrize(
        "value",
        ["0.01", '"0.01"', '"0.01 / (keVnr kg day)"', '"0.01 / (keV kg day)"', '"0.01 cpd"',
         '"-1 / (keVee kg day)"', '"1e300 / (keVee kg day)"', '"0.01 / keVee kg day"'],
    )  # fmt: skip
    def test_background(self, value):
        message = refusal(scenario(background=f"flat = {value}"))
        assert message.startswith(f"my.toml: background.flat = {value}: ")
        assert "'0.01 / (keVee kg day)'" in message

    @pytest.mark.parametrize(
        "value",
        ["5.25e6", '"5.25e6"', '"0 / (cm^2 s)"', '"-1 / (cm^2 s)"', '"1e300 / (cm^2 s)"',
         '"nan / (cm^2 s)"', '"1 / s"'],
    )  # fmt: skip
    def test_flux(self, value):
        message = refusal(scenario(flux=f'fluxes = {{ "8B" = {value} }}'))
        shown = "5250000.0" if value == "5.25e6" else value
        assert message.startswith(f"my.toml: flux.fluxes.8B = {shown}: ")
        assert "'5.25e6 / (cm^2 s)'" in message


class TestBlocks:
    @pytest.mark.parametrize(
        "formula",
        ["ge", " Ge", "76Ge", "Ge-76", "5g NaCl", "Ge@5.3", "Ge{+}", "H2O//Ge", "aa:GGG", "Ge0",
         "Ge0.0", "Ge+Si"],
    )  # fmt: skip
    def test_what_is_no_plain_formula(self, formula):
        message = refusal(scenario(target=f'element = "{formula}"'))
        assert message.startswith(f'my.toml: target.element = "{formula}": is no chemical formula')
        assert "isotopes = {" in message

    @pytest.mark.parametrize(
        "formula", ["Ge", "CsI", "CaWO4", "CaWO₄", "Ge[76]O2", "D2O", "H2(SO4)"]
    )
    def test_formulas(self, formula):
        assert load(scenario(target=f'element = "{formula}"')).settings.target.element == formula

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("", "target: has neither element nor isotopes; give element"),
            ('element = "Ge"\nisotopes = { "Ge-76" = 1 }', "target: has both; give element"),
            ('isotopes = { "Ge-76" = -1 }', "target.isotopes.Ge-76 = -1: must be 0 or more"),
            ('isotopes = { "Ge-76" = nan }', "target.isotopes.Ge-76 = nan: must be a finite num"),
            ('isotopes = { "Ge-76" = true }', "target.isotopes.Ge-76 = true: must be a number"),
            ("isotopes = {}", "target.isotopes: must have 1 or more entries"),
            ("isotopes = 5", "target.isotopes = 5: must be a table of keys"),
        ],
    )
    def test_target(self, target, message):
        assert refusal(scenario(target=target)).startswith(f"my.toml: {message}")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"region": None}, "detector: has neither region nor bin_edges; give region"),
            ({"bin_edges": '["1 keVee", "2 keVee"]'}, "detector: has both region and bin_edges"),
            (
                {"region": None, "bin_edges": '["1 keVee", "2 keVee"]'},
                "detector: has bins = 4 beside bin_edges; remove one of them",
            ),
            ({"region": None, "bins": None, "bin_edges": "[]"}, "detector.bin_edges = []: is a "),
            (
                {"region": None, "bins": None, "bin_edges": '["1 keVee"]'},
                'detector.bin_edges = ["1 keVee"]: is a list of 1; give from 2 to 2001 energies',
            ),
            (
                {"efficiency": '{ value = 0.5, energy = "keVnr" }'},
                "detector.efficiency: has an energy scale but no table",
            ),
            (
                {"efficiency": "{ points = [[0, 1], [1, 1]] }"},
                "detector.efficiency: needs energy = 'keVnr' (true recoil) or 'keVee'",
            ),
            (
                {"efficiency": '{ points = [[0, 1], [1, 1]], energy = "keV" }'},
                "detector.efficiency.energy = \"keV\": is unknown; did you mean 'keVnr'?",
            ),
            ({"efficiency": "{}"}, "detector.efficiency: needs either value = 0.9"),
            *(
                (
                    {"quenching": f'{{ model = "lindhard", scale = {value} }}'},
                    f"detector.quenching.scale = {value}: must be {demand}",
                )
                for value, demand in (("0", "above 0"), ("11", "10 or less"), ('"2"', "a number"))
            ),
            (
                {"quenching": '{ model = "table" }'},
                "detector.quenching: needs a table: file = 'name.csv' or points = [[x, y], ...]",
            ),
            (
                {"quenching": '{ model = "table", file = "a", points = [[0, 1], [1, 1]] }'},
                "detector.quenching: has both a file and points; keep one of them",
            ),
        ],
    )
    def test_detector(self, fields, message):
        text = scenario(detector=detector(**fields))
        assert refusal(text).startswith(f"my.toml: {message}")

    @pytest.mark.parametrize(
        ("points", "message"),
        [
            ("[]", " = []: needs at least two rows [x, y]"),
            ("[[1, 0.2]]", " = [[1, 0.2]]: needs at least two rows [x, y]"),
            ("[[1, 0.2], [1, 0.3]]", " = [[1, 0.2], [1, 0.3]]: 1 comes after 1; sort the rows"),
            ("[[2, 0.2], [1, 0.3]]", " = [[2, 0.2], [1, 0.3]]: 1 comes after 2; sort the rows"),
            ("[[1, nan], [2, 0.3]]", "[0][1] = nan: must be a finite number"),
            ("[[1, 0.2], [inf, 0.3]]", "[1][0] = inf: must be a finite number"),
            ('[["a", 0.2], [2, 0.3]]', '[0][0] = "a": must be a number'),
            ("[[1, 0.2, 3], [2, 0.3]]", "[0] = [1, 0.2, 3]: must have at most 2 entries"),
            ("[1, 2]", "[0] = 1: must be a list in brackets"),
            ("5", " = 5: must be a list in brackets"),
        ],
    )
    def test_points(self, points, message):
        text = scenario(detector=detector(quenching=f'{{ model = "table", points = {points} }}'))
        assert refusal(text).startswith(f"my.toml: detector.quenching.points{message}")

    @pytest.mark.parametrize(
        ("flux", "message"),
        [
            ("sources = []", "flux.sources = []: is empty; name at least one"),
            ('sources = ["8B", "8B"]', 'flux.sources = ["8B", "8B"]: names a source twice'),
            ('sources = "8B"', 'flux.sources = "8B": must be a list in brackets'),
            ('sources = ["7Be"]', "flux: uncertainty of 7Be is not known for BS05-OP; state it"),
            (
                'sources = ["8B"]\nuncertainty = { hep = 0.1 }',
                "flux: uncertainty names hep, which is not among the sources 8B; add it",
            ),
            (
                'sources = ["hep"]\nspectra = { "8B" = "winter2006" }',
                "flux: spectra names 8B, which is not among the sources hep; add it",
            ),
            ('uncertainty = { "8B" = -0.1 }', "flux.uncertainty.8B = -0.1: must be 0 or more"),
            ('uncertainty = { "8B" = nan }', "flux.uncertainty.8B = nan: must be a finite number"),
            ("uncertainty = 0.16", "flux.uncertainty = 0.16: must be a table of keys"),
            ('spectra = { "8B" = {} }', "flux.spectra.8B: needs either a variant or a table"),
        ],
    )
    def test_flux(self, flux, message):
        assert refusal(scenario(flux=flux)).startswith(f"my.toml: {message}")

    @pytest.mark.parametrize("value", ["0", "1", "1e-300", "0.9999999999", "90", "nan", '"90%"'])
    def test_confidence(self, value):
        text = scenario(extra=f"[statistics]\nconfidence = {value}")
        assert refusal(text).startswith("my.toml: statistics.confidence = ")

    @pytest.mark.parametrize("value", ["0", "11", "1.5", "true", '"1"'])
    def test_degrees_of_freedom(self, value):
        text = scenario(extra=f"[statistics]\ndof = {value}")
        assert refusal(text).startswith(f"my.toml: statistics.dof = {value}: must be ")

    @pytest.mark.parametrize("title", ["a\\nb", "\\u001b[31mred", "a\\u2028b", "\\t"])
    def test_a_title_is_one_line_of_plain_text(self, title):
        assert "has a line break or a control character" in refusal(
            scenario(top=f'title = "{title}"')
        )

    @pytest.mark.parametrize(
        "background",
        ['rate = "1 / (keVee kg day)"', "points = [[0, 1], [3, 1]]", 'file = "x.csv"'],
    )
    def test_a_background_table_has_a_unit(self, background):
        message = refusal(scenario(background=background))
        assert message.startswith("my.toml: background: a table needs rate = ")


class TestTables:
    def test_a_file_is_looked_for_beside_the_scenario(self, tmp_path, monkeypatch):
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        (folder / "yield.csv").write_text("keVnr,yield\n0.1,0.2\n50,0.3\n")
        path = folder / "my.toml"
        path.write_text(
            scenario(detector=detector(quenching='{ model = "table", file = "yield.csv" }'))
        )
        monkeypatch.chdir(tmp_path)
        loaded = Scenario.load("elsewhere/my.toml")
        energy, values = loaded.columns(loaded.settings.detector.quenching)
        assert energy.tolist() == [0.1, 50.0]
        assert values.tolist() == [0.2, 0.3]

    def test_points_are_columns(self):
        quenching = '{ model = "table", points = [[0.1, 0.2], [50, 0.3]] }'
        loaded = load(scenario(detector=detector(quenching=quenching)))
        energy, values = loaded.columns(loaded.settings.detector.quenching)
        assert (energy.tolist(), values.tolist()) == ([0.1, 50.0], [0.2, 0.3])

    LARGER = "E,error,value\n0.1,9,0.2\n50,9,0.3\n"
    WHERE = (
        ("detector.quenching", '{{ model = "table", {} }}'),
        ("detector.efficiency", '{{ energy = "keVee", {} }}'),
        ("background", '{}\nrate = "1 / (keVee kg day)"'),
        ("flux.spectra.8B", 'sources = ["8B"]\nspectra = {{ "8B" = {{ {} }} }}'),
    )

    @pytest.mark.parametrize("columns", ["columns = [1, 3]", 'columns = ["E", "value"]'])
    @pytest.mark.parametrize(("where", "pattern"), WHERE)
    def test_columns_of_a_larger_file(self, tmp_path, where, pattern, columns):
        (tmp_path / "large.csv").write_text(self.LARGER)
        text = self.with_table(where, pattern, 'file = "large.csv"', columns)
        loaded = Scenario.parse(text, "my.toml", tmp_path)
        (table,) = (t for _, t in tables(loaded.settings) if t.file)
        first, second = loaded.columns(table)
        assert (first.tolist(), second.tolist()) == ([0.1, 50.0], [0.2, 0.3])

    def with_table(self, where, pattern, *keys):
        comma = "\n" if where == "background" else ", "
        text = pattern.format(comma.join(keys))
        block, _, field = where.partition(".")
        if block == "detector":
            return scenario(detector=detector(**{field: text}))
        return scenario(**{block: text})

    @pytest.mark.parametrize(
        ("columns", "says"),
        [
            ("[1, 1]", "names one column twice; name two, such as [1, 2]"),
            ('["E", "E"]', "names one column twice"),
            ("[0, 1]", "must be numbers from 1 on, or names"),
            ("[1, -1]", "must be numbers from 1 on, or names"),
            ('["", "E"]', "must be numbers from 1 on, or names"),
            ("[1]", "must be two numbers or two names of columns; name two"),
            ("[1, 2, 3]", "must be two numbers or two names of columns"),
            ('[1, "E"]', "must be two numbers or two names of columns"),
            ("[true, 2]", "must be two numbers or two names of columns"),
            ("[1.0, 2.0]", "must be two numbers or two names of columns"),
            ('"E"', "must be two numbers or two names of columns"),
            ("2", "must be two numbers or two names of columns"),
        ],
    )
    @pytest.mark.parametrize(("where", "pattern"), WHERE)
    def test_columns_that_mean_nothing(self, where, pattern, columns, says):
        text = self.with_table(where, pattern, 'file = "x.csv"', f"columns = {columns}")
        message = refusal(text)
        assert message.startswith(f"my.toml: {where}")
        assert "columns" in message
        assert says in message

    def test_columns_without_a_file(self):
        text = '{ model = "table", points = [[1, 2], [3, 4]], columns = [1, 2] }'
        assert "has columns but no file" in refusal(scenario(detector=detector(quenching=text)))

    @pytest.mark.parametrize("name", ["none.csv", ".", "a\\u0000b", "x/y.csv"])
    def test_a_file_that_cannot_be_read(self, tmp_path, name):
        quenching = f'{{ model = "table", file = "{name}" }}'
        loaded = Scenario.parse(
            scenario(detector=detector(quenching=quenching)), "my.toml", tmp_path
        )
        with pytest.raises(TableError, match="cannot be read"):
            loaded.columns(loaded.settings.detector.quenching)
