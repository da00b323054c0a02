"""Workspaces of whole scenarios, as a user gets them; `test_workspace` has the conversion."""

import json

import numpy as np
import pytest

from made_up_release import made_up_release
from upscatter.errors import PhysicsError
from upscatter.experiments.released import Released
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.studies.limits import limit_of, upper_limit
from upscatter.studies.workspaces import likelihood_workspace


def samples(workspace, channel=0):
    return {s["name"]: np.array(s["data"]) for s in workspace["channels"][channel]["samples"]}


def test_a_projection_has_its_median_limit_as_strength_one():
    exported = likelihood_workspace("ge-nextgen", 0.01)
    limit = upper_limit(Scenario.load("ge-nextgen").replaced("statistics.test", "cls"), [0.01]).mu[
        0
    ]
    name = exported["measurements"][0]["name"]
    assert f"mu_nu4 = {limit:.6g} mu_B" in name
    assert "m4 = 0.01 MeV" in name
    found = samples(exported)
    assert list(found) == ["dipole 8B", "dipole hep", "SM 8B", "SM hep", "background"]
    # Asimov data
    seen = np.array(exported["observations"][0]["data"])
    expected = found["SM 8B"] + found["SM hep"] + found["background"]
    np.testing.assert_allclose(seen, expected, rtol=1e-12)
    # the dipole at the limit is about 1.6 times the fluctuation of the bins that see it
    in_sigmas = np.sqrt((found["dipole 8B"] ** 2 / seen).sum())
    assert 1.6 < in_sigmas < 2.2


def test_a_measurement_has_a_channel_for_each_run():
    scattering = Scattering(Scenario.load("xenonnt-s2only"))
    measurement = Released(ReleasedExperiment(scattering, made_up_release()))
    exported = likelihood_workspace(measurement, 5.0)
    assert [channel["name"] for channel in exported["channels"]] == ["sr0", "sr1", "sr2"]
    assert [o["data"][0] for o in exported["observations"]] == [220, 239, 239]
    assert "dipole 8B sr1" in samples(exported, 1)
    assert "dipole 8B sr0" not in samples(exported, 1)
    limit = limit_of(measurement, [5.0]).mu[0]
    assert f"mu_nu4 = {limit:.6g} mu_B" in exported["measurements"][0]["name"]


def test_out_of_reach():
    with pytest.raises(PhysicsError, match="ge-nextgen: m4 = 30 MeV: no recoil can be seen"):
        likelihood_workspace("ge-nextgen", 30.0)


def test_from_the_command_line(run, refused, tmp_path):
    path = tmp_path / "model.json"
    command = ("limit", "ge-nextgen", "--format", "pyhf")
    run(*command, "--mass", "1MeV", "--out", path)
    exported = json.loads(path.read_text(encoding="utf-8"))
    assert exported == json.loads(json.dumps(likelihood_workspace("ge-nextgen", 1.0)))
    assert "--format pyhf: is of one mass; give one --mass" in refused(*command)
    message = refused(*command, "--mass", "1MeV", "--bands")
    assert "--format pyhf: has no use for --bands" in message


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated")  # pyhf 0.7's validator
def test_pyhf_reads_it_and_finds_the_limit_at_one():
    pyhf = pytest.importorskip("pyhf", reason="pyhf is an optional extra")
    exported = pyhf.Workspace(likelihood_workspace("ge-nextgen", 0.01))
    model = exported.model()
    _, bands = pyhf.infer.intervals.upper_limits.toms748_scan(
        exported.data(model), model, 0.1, 5.0, level=0.1, rtol=1e-5
    )
    assert float(bands[2]) == pytest.approx(1.0, rel=1e-3)
