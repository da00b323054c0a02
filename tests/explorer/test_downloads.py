"""Files of a page are those of the commands."""

import json

import pytest

from upscatter.explorer import computed, downloads
from upscatter.explorer.opened import open_scenario
from upscatter.explorer.state import State


@pytest.fixture(params=["ge-nextgen", "cenns-750", "nucleus"])
def limit(request):
    state = State(open_scenario(request.param)).changed("exposure", "12.3 t yr")
    return computed.limit(state.changed("flux", "0.07"))


def test_the_scenario_gives_the_same_number_to_the_last_digit(limit, folder, run):
    path = folder / "kept.toml"
    path.write_bytes(downloads.scenario_file(limit))
    found = json.loads(run("limit", path, "--format", "json"))
    assert (found["mass_MeV"][0], found["mu_bohr"][0]) == (0.01, limit.mu)
    assert found["provenance"]["scenario_sha256"] == limit.scenario.digest


def test_so_it_does_for_a_mass_that_is_none_of_the_curve(folder, run):
    state = State(open_scenario("xe-darwin")).changed("m4", "1.2345 MeV")
    limit = computed.limit(state.changed("resolution", "0.05 keVee"))
    path = folder / "kept.toml"
    path.write_bytes(downloads.scenario_file(limit))
    found = json.loads(run("limit", path, "--mass", "1.2345MeV", "--format", "json"))
    assert found["mu_bohr"] == [limit.mu]


def test_the_curve_is_that_of_the_command(limit, folder, run):
    path = folder / "kept.toml"
    path.write_bytes(downloads.scenario_file(limit))
    wanted = run("limit", path, "--format", "csv").splitlines()
    found = downloads.curve_file(limit).decode().splitlines()
    # but for the name of the scenario, which is that of the file
    assert found[1:] == wanted[1:]
    assert len(found) > 200


def test_the_figure_is_a_pdf_with_all_curves():
    limit = computed.limit(State(open_scenario("ge-nextgen")))
    found = downloads.figure_file(
        limit, [("another", limit.curve)], ["stars"], ((0.01, 100.0), (1e-11, 1e-6))
    )
    assert found.startswith(b"%PDF-")


def test_names_of_files_are_plain(limit):
    name = downloads.file_name(limit, "csv")
    assert name == f"{limit.scenario.name}-explored.csv"
