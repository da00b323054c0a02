"""The paper's numbers, DOI 10.31526/PHEP.2025.09."""

import pytest

from upscatter.studies.reproduction import reproduce_paper


@pytest.fixture(scope="module")
def result():
    return reproduce_paper()


PAPER = "Demirci and Mustamin, DOI 10.31526/PHEP.2025.09"


def test_limits_within_one_per_cent(result, validated):
    for name, printed in (("ge-nextgen", 8.63e-10), ("ge-future", 2.97e-10)):
        limit = result.limits[name]
        validated("limits", f"limit of {name} [μ_B]", limit, printed, PAPER, rel=0.01)


def test_improvement_within_a_third_of_a_point(result, validated):
    quantity = "improvement of ge-future [%]"
    validated("limits", quantity, result.improvement, 65.54, PAPER, abs=0.3)


def test_reading_of_the_paper_is_reproduced_exactly(result):
    """The values that this reading of the paper is known to give, to their last printed digit."""
    assert result.limits["ge-nextgen"] == pytest.approx(8.65e-10, abs=0.005e-10)
    assert result.limits["ge-future"] == pytest.approx(2.98e-10, abs=0.005e-10)
    assert result.improvement == pytest.approx(65.5, abs=0.05)


def test_json_contract(result):
    content = result.to_dict()
    assert set(content["limits"]) == {"ge-nextgen", "ge-future"}
    assert content["limits"]["ge-nextgen"]["paper"] == 8.63e-10
    assert content["limits"]["ge-nextgen"]["mu_bohr"] == result.limits["ge-nextgen"]
    assert content["improvement_percent"]["paper"] == 65.54
    assert content["improvement_percent"]["value"] == result.improvement


def test_table_says_the_deviation(result):
    (first, second, last) = result.rows
    assert first == ("ge-nextgen", "8.63e-10", "8.651e-10", "+0.24%")
    assert second[0] == "ge-future"
    assert last[1] == "65.54 %"
