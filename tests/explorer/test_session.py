"""A page without a browser: what moves lead to."""

from collections import OrderedDict
from html import unescape

import numpy as np
import pytest

import upscatter
from upscatter.errors import PhysicsError
from upscatter.explorer import computed
from upscatter.explorer.figures import DARK, LIGHT
from upscatter.explorer.links import state_of
from upscatter.explorer.opened import MOST_BYTES
from upscatter.explorer.page import explore, page
from upscatter.explorer.panels import TITLES
from upscatter.explorer.session import Session
from upscatter.explorer.state import RefusedError, State
from upscatter.scenario.load import Scenario


@pytest.fixture
def session():
    return Session(State(Scenario.load("ge-nextgen")), LIGHT)


def curve(session):
    return session.panels.limit.curve.data


def test_a_slider_moves_field_curve_and_number(session):
    row = session.rows["exposure"]
    row.slider.value = 3.0
    assert row.field.value == "1e+03 kg yr"
    scenario = Scenario.load("ge-nextgen").replaced("detector.exposure", "1e+03 kg yr")
    wanted = upscatter.upper_limit(scenario)
    assert np.array_equal(curve(session)["mu"], wanted.mu[np.isfinite(wanted.mu)])
    assert f"{upscatter.upper_limit(scenario, [0.01]).mu[0]:.4g}" in session.number.object
    assert "stronger than as opened (8.651e-10)" in session.number.object
    assert "Exposure: 1e+03 kg yr" in session.number.object


def test_a_field_moves_its_slider(session):
    row = session.rows["exposure"]
    row.field.value = "0.1 t yr"
    assert row.slider.value == pytest.approx(2.0)
    assert row.field.value == "0.1 t yr"
    assert session.state.text("exposure") == "0.1 t yr"


def test_a_wrong_field_complains_beside_it_and_keeps_the_curve(session):
    before = curve(session)["mu"]
    session.rows["exposure"].field.value = "5"
    with pytest.raises(upscatter.UpscatterError) as wanted:
        Scenario.load("ge-nextgen").replaced("detector.exposure", "5")
    said = session.rows["exposure"].complaint.view
    assert said.visible
    assert str(wanted.value) in unescape(said.object)
    assert curve(session)["mu"] is before
    assert "last limit that could be computed" in session.number.object
    session.rows["exposure"].field.value = "150 kg yr"
    assert not said.visible
    assert "last limit" not in session.number.object


def test_a_complaint_stays_where_it_is_when_others_move(session):
    session.rows["threshold"].field.value = "100 keVee"
    said = session.rows["threshold"].complaint.view
    assert "above the highest recoil" in said.object or "is empty" in said.object
    session.rows["exposure"].field.value = "1 t yr"
    assert said.visible
    assert not session.rows["exposure"].complaint.view.visible
    session.rows["threshold"].field.value = "0.2 keVee"
    assert not said.visible


def test_messages_are_text_and_no_markup(session):
    session.rows["exposure"].field.value = "<img src=x onerror=alert(1)>"
    assert "<img" not in session.rows["exposure"].complaint.view.object


@pytest.mark.parametrize("title", TITLES)
def test_each_part_follows_the_moves(session, title):
    session.tabs.value = title
    assert [place.visible for place in session.panels.places] == [t == title for t in TITLES]
    session.rows["threshold"].field.value = "0.3 keVee"
    session.rows["mu"].field.value = "2e-9"
    if title == "Spectrum":
        found = session.panels._spectrum
        counts = upscatter.expected_counts(session.state.scenario, 2e-9, 0.01)
        signal = sum(counts.signal.values())
        assert np.array_equal(found.lines["dipole"].data["counts"][::2], signal)
        assert found.figure.x_range.start == pytest.approx(0.3)
    if title == "What drives it":
        wanted = upscatter.impacts(session.state.scenario)
        ends = session.panels._impact.bars.data
        first = wanted.two_sided[0]
        assert ends["start"][0] + ends["end"][0] == pytest.approx(
            100.0 * (first.low / wanted.mu - 1.0)
        )
    if title == "Flux":
        assert "1/(cm2 s)" in session.panels.table.object
        ends = session.panels._flux.spectra.data
        assert len(ends["xs"]) == 4  # two sources, two kinds of flavours


def test_parts_that_are_not_open_are_not_computed(session):
    session.rows["exposure"].field.value = "1 kg yr"
    assert session.panels._spectrum is session.panels._flux is session.panels._impact is None


def test_data_are_in_the_spectrum():
    session = Session(State(Scenario.load("texono")), LIGHT)
    session.tabs.value = "Spectrum"
    data = session.panels._spectrum.data.data
    counts = upscatter.expected_counts("texono")
    assert np.array_equal(data["counts"], counts.observed)
    middle = 0.5 * (counts.bin_edges_kevee[1:] + counts.bin_edges_kevee[:-1])
    assert np.array_equal(data["energy"], middle)
    assert (data["low"] <= data["counts"]).all()
    assert (data["counts"] <= data["high"]).all()


def test_the_dipole_of_the_spectrum_is_put_at_the_limit(session):
    session.tabs.value = "Spectrum"
    session.panels.at_limit.clicks += 1
    assert session.rows["mu"].field.value == "8.65e-10"
    assert session.state.mu == 8.65e-10


def test_lines_of_the_sun_have_names():
    session = Session(State(Scenario.load("darwin-er")), DARK)
    session.tabs.value = "Flux"
    assert session.panels._flux.names.data["name"] == ["⁷Be", "⁷Be", "pep"]


def test_families_are_shown_and_hidden(session):
    session.panels.families.value = ["projections"]
    for key, renderers in session.panels.limit.families.items():
        assert {r.visible for r in renderers} == {key == "projections"}


def test_four_curves_are_pinned_at_most(session):
    for number in range(5):
        session.rows["exposure"].field.value = f"{10 + number} kg yr"
        session.saving.pin()
    assert [name for name, _ in session.saving.pinned] == [
        f"ge-nextgen: {10 + n} kg yr" for n in range(1, 5)
    ]
    names = [item.label.value for item in session.panels.limit.items]
    assert names == [f"ge-nextgen: {10 + n} kg yr" for n in range(1, 5)]
    kept = session.panels.limit.pinned[3].data["mu"]
    assert np.array_equal(kept, curve(session)["mu"])
    session.saving.pin()  # the same once more
    assert len(session.saving.pinned) == 4
    session.saving.unpin()
    assert not any(item.visible for item in session.panels.limit.items)


def test_a_pinned_curve_has_no_name_of_a_refused_setting(session):
    session.rows["exposure"].field.value = "5 keV"
    session.saving.pin()
    session.rows["m4"].field.value = "3 MeV"  # the curve has all masses
    session.rows["exposure"].field.value = "300 kg yr"
    session.rows["flux"].field.value = "0.2"
    session.saving.pin()
    assert [name for name, _ in session.saving.pinned] == [
        "ge-nextgen",
        "ge-nextgen: 300 kg yr, Flux uncertainty (8B) 0.2",
    ]


def test_impacts_out_of_reach_are_of_the_mass_and_leave_the_number(session):
    session.rows["m4"].field.value = "100 MeV"
    session.rows["exposure"].field.value = "5 kg yr"
    session.tabs.value = "What drives it"
    said = {key for key, row in session.rows.items() if row.complaint.view.visible}
    assert said == {"m4"}
    assert "reaches up to 18.78 MeV" in session.rows["m4"].complaint.view.object
    assert "no limit at 90 % CL for m₄ = 100 MeV" in session.number.object
    assert "refused" not in session.number.object
    session.tabs.value = "Limit"
    assert not session.rows["m4"].complaint.view.visible


def test_a_name_of_a_link_that_is_not_offered_is_shown():
    opened = Scenario.load("ge-nextgen")
    session = Session(state_of({"target": "Pb"}, opened), LIGHT)
    (target,) = (row.view[0] for key, row in session.rows.items() if key == "target")
    assert target.value == "Pb"
    wanted = upscatter.upper_limit(opened.replaced("target.element", "Pb"), [0.01]).mu[0]
    assert f"{wanted:.4g}" in session.number.object


def test_an_impossible_link_has_the_curve_as_opened(session):
    wrong = Session(state_of({"exposure": "5 keV"}, Scenario.load("ge-nextgen")), LIGHT)
    assert wrong.rows["exposure"].complaint.view.visible
    assert "8.651e-10" in wrong.number.object
    assert np.array_equal(curve(wrong)["mu"], curve(session)["mu"])
    wrong.saving.pin()
    assert [name for name, _ in wrong.saving.pinned] == ["ge-nextgen"]


def test_another_scenario_has_its_own_controls(session):
    session.saving.pin()
    session.scenarios.value = "xe-darwin"
    assert session.rows["exposure"].field.value == "200 t yr"
    assert "2.644e-10" in session.number.object
    assert len(session.saving.pinned) == 1


def test_a_dropped_file_is_opened(session):
    text = Scenario.load("xe-darwin").text.replace("200 t yr", "20 t yr")
    session.drop.value = {"mine.toml": text.encode()}
    assert session.rows["exposure"].field.value == "20 t yr"
    assert session.scenarios.value == "mine.toml"
    session.reset()
    assert session.state.opened.name == "mine.toml"


def test_a_dropped_file_is_chosen_again_and_no_file_of_its_name(session, tmp_path, monkeypatch):
    text = Scenario.load("ge-nextgen").text
    (tmp_path / "mine.toml").write_text(text.replace("150 kg yr", "3 kg yr"))
    monkeypatch.chdir(tmp_path)
    session.drop.value = {"mine.toml": text.replace("150 kg yr", "777 kg yr").encode()}
    session.scenarios.value = "xe-darwin"
    session.scenarios.value = "mine.toml"
    assert session.state.opened.name == "mine.toml"
    assert session.rows["exposure"].field.value == "777 kg yr"


def test_a_broken_file_says_so_and_leaves_the_page(session):
    session.drop.value = {"mine.toml": b"title = ["}
    assert "mine.toml: is not valid TOML" in session.message.view.object
    assert session.state.opened.name == "ge-nextgen"
    assert MOST_BYTES == 1_000_000
    session.rows["exposure"].field.value = "1 kg yr"
    assert not session.message.view.visible


def test_a_file_that_the_physics_refuses_is_not_opened(session):
    text = Scenario.load("ge-nextgen").text.replace('["0.16 keVee", "2.16', '["99 keVee", "200')
    session.drop.value = {"mine.toml": text.encode()}
    assert "mine.toml: " in session.message.view.object
    assert "above the highest recoil" in session.message.view.object
    assert session.state.opened.name == "ge-nextgen"
    assert "8.651e-10" in session.number.object


def test_sessions_share_nothing(session):
    other = Session(State(Scenario.load("ge-nextgen")), DARK)
    before = curve(other)["mu"].copy()
    session.rows["exposure"].field.value = "1 kg yr"
    session.saving.pin()
    assert np.array_equal(curve(other)["mu"], before)
    assert (other.state.texts, other.saving.pinned) == ({}, [])


def test_as_opened_undoes_all_moves(session):
    session.rows["exposure"].field.value = "1 kg yr"
    session.rows["m4"].field.value = "3 MeV"
    session.reset()
    assert session.rows["exposure"].field.value == "150 kg yr"
    assert "the same as opened" in session.number.object


def test_a_complaint_whose_numbers_change_stays_where_it_is(session, monkeypatch):
    numbers = iter((3, 4))

    def refused(state):
        error = PhysicsError(f"{next(numbers)} of 200 limits did not converge")
        raise RefusedError(state.last, error)

    monkeypatch.setattr(computed, "limit", refused)
    session.rows["exposure"].field.value = "5 kg yr"
    session.rows["confidence"].field.value = "0.95"
    assert "4 of 200" in session.rows["exposure"].complaint.view.object
    assert not session.rows["confidence"].complaint.view.visible


def test_a_wrong_moment_leaves_the_limit_alone(session):
    session.rows["mu"].field.value = "2e-9 mu_B"
    assert session.rows["mu"].complaint.view.visible
    session.rows["exposure"].field.value = "1 t yr"
    assert "stronger than as opened" in session.number.object
    assert session.rows["mu"].complaint.view.visible


def test_two_files_of_one_name_are_compared(session):
    text = Scenario.load("ge-nextgen").to_toml()
    for exposure in ("10 kg yr", "1000 kg yr", "10 kg yr"):
        session._dropped(Event({"mine.toml": text.replace("150 kg yr", exposure).encode()}))
        session.saving.pin()
    assert [name for name, _ in session.saving.pinned] == ["mine.toml (2)", "mine.toml"]
    first, second = (curve.mu[0] for _, curve in session.saving.pinned)
    assert first < second


def test_another_page_with_the_same_content_keeps_its_own_text():
    text = Scenario.load("ge-nextgen").to_toml()
    pages = []
    for mine in (f"# of one\n{text}", text.replace("150 kg yr", "0.15 t yr")):
        opened = Scenario.parse(mine, "mine.toml")
        pages.append(Session(State(opened), LIGHT))
    one, other = (p.saving.files["toml"].callback().getvalue().decode() for p in pages)
    assert "# of one" in one
    assert "# of one" not in other
    assert "0.15 t yr" in other


def test_a_link_that_is_too_long_is_none(monkeypatch):
    links = []
    session = Session(State(Scenario.load("ge-nextgen")), LIGHT, links.append)
    session.rows["exposure"].field.value = "300 kg yr"
    session._link()
    assert links == ["scenario=ge-nextgen&exposure=300+kg+yr"]
    assert not session.saving.copy.disabled
    monkeypatch.setattr("upscatter.explorer.links.LONGEST", 10)
    session._link()
    assert links[-1] == ""
    assert session.saving.copy.disabled
    assert "too long for a link" in session.saving.copy.description
    assert not session.message.view.visible


def test_data_do_not_follow_the_exposure():
    session = Session(State(Scenario.load("texono")), LIGHT)
    said = "the observed data stay as they are"
    assert said not in session.number.object
    session.rows["exposure"].slider.value -= 1.0
    assert said in session.number.object


class Event:
    """An event of param."""

    def __init__(self, new):
        self.new = new


class Served:
    """A document of a page in a browser, whose clock is moved by hand."""

    session_context = object()

    def __init__(self):
        self.due = []
        self.timers = []

    def add_next_tick_callback(self, action):
        self.due.append(action)

    def add_timeout_callback(self, action, wait):
        self.timers.append((wait, action))
        return action

    def remove_timeout_callback(self, action):
        self.timers = [(wait, planned) for wait, planned in self.timers if planned is not action]

    def tick(self):
        while self.due:
            self.due.pop(0)()

    def pause(self):
        """Let all timers end, the shortest first."""
        self.tick()
        for _, action in sorted(self.timers, key=lambda timer: timer[0]):
            self.remove_timeout_callback(action)
            action()
        self.tick()


@pytest.fixture
def served(monkeypatch):
    document = Served()
    monkeypatch.setattr(computed, "_kept", OrderedDict())
    for module in ("session", "widgets"):
        monkeypatch.setattr(f"upscatter.explorer.{module}.served_document", lambda: document)
    return document


def choose(session, key, option):
    session.rows[key].view.objects[0].value = option


class TestDrafts:
    """Until the recoil tables of a choice are made, a curve of a few masses is shown."""

    def test_a_choice_is_drafted_first(self, session, served):
        choose(session, "target", "Xe")
        wanted = upscatter.upper_limit(
            Scenario.load("ge-nextgen").replaced(
                {"target.isotopes": None, "target.element": "Xe", "detector.exposure": "99 kg yr"}
            )
        )
        session.rows["exposure"].field.value = "99 kg yr"
        served.tick()
        assert curve(session)["mu"].size < 20
        assert f"{wanted.mu[0]:.4g} μ_B" in session.number.object
        assert "Target: Xe" in session.number.object
        served.pause()
        assert np.array_equal(curve(session)["mu"], wanted.mu[np.isfinite(wanted.mu)])
        session.rows["exposure"].field.value = "98 kg yr"
        served.tick()
        assert curve(session)["mu"].size > 100

    def test_what_is_kept_has_the_whole_curve(self, session, served):
        choose(session, "target", "Ar")
        served.tick()
        session.saving.pin()
        ((_, pinned),) = session.saving.pinned
        assert pinned.mass.size == 200

    def test_a_test_needs_no_tables(self, session, served):
        choose(session, "test", "poisson")
        served.tick()
        assert curve(session)["mu"].size > 100

    def test_caveats_are_those_of_the_whole_curve(self, session, served):
        choose(session, "target", "Xe")
        served.tick()
        assert "essig-high is a model of germanium" not in session.number.object
        served.pause()
        assert "essig-high is a model of germanium" in session.number.object

    def test_what_is_kept_has_a_move_that_is_not_shown_yet(self, session, served):
        session.rows["exposure"].field.value = "300 kg yr"
        content = session.saving.files["toml"].callback().getvalue().decode()
        assert 'exposure = "300 kg yr"' in content

    def test_a_draft_whose_whole_curve_is_refused(self, served, monkeypatch):
        """The last limit with a whole curve is shown and kept, and the reason is said."""
        session = Session(State(Scenario.load("ge-nextgen")), LIGHT)
        whole = computed.whole

        def refusing(scenario):
            if scenario.settings.target.element == "Xe":
                raise PhysicsError("ge-nextgen: 6 of 200 limits did not converge")
            return whole(scenario)

        monkeypatch.setattr(computed, "whole", refusing)
        choose(session, "target", "Xe")
        served.tick()
        assert curve(session)["mu"].size < 20
        served.pause()
        assert curve(session)["mu"].size > 100
        said = session.rows["target"].complaint.view
        assert "6 of 200 limits did not converge" in said.object
        assert "last limit that could be computed" in session.number.object
        assert "8.651e-10" in session.number.object
        session.saving.pin()
        ((name, pinned),) = session.saving.pinned
        assert (name, pinned.mass.size) == ("ge-nextgen", 200)
        choose(session, "target", "Ar")
        served.tick()
        session.saving.pin()  # before the draft is completed
        assert [name for name, _ in session.saving.pinned] == ["ge-nextgen", "ge-nextgen: Ar"]

    def test_a_draft_is_completed_though_a_setting_is_refused_since(self, session, served):
        choose(session, "target", "Si")
        served.tick()
        session.rows["exposure"].field.value = "5 keV"
        served.tick()
        assert curve(session)["mu"].size < 20
        served.pause()
        assert curve(session)["mu"].size > 100
        assert "last limit that could be computed" in session.number.object

    def test_a_timer_that_is_put_off_when_it_is_due_does_nothing(self, session, served):
        choose(session, "target", "CsI")
        served.tick()
        ((_, complete),) = [timer for timer in served.timers if timer[0] == 300]
        choose(session, "target", "NaI")
        served.tick()
        complete()
        assert curve(session)["mu"].size < 20
        served.pause()
        assert curve(session)["mu"].size > 100

    def test_a_shape_is_drafted_where_there_are_many_tables(self, served):
        for name, size in (("ge-nextgen", 100), ("cawo4-cresst", 0)):
            session = Session(State(Scenario.load(name)), LIGHT)
            session.rows["resolution"].slider.value *= 1.1
            served.tick()
            assert size < curve(session)["mu"].size < size + 101

    def test_other_flavours_are_prepared_when_nothing_moves(self, session, served, monkeypatch):
        prepared = []
        monkeypatch.setattr("upscatter.explorer.computed.prepare", prepared.append)
        session.loaded()
        assert not prepared
        served.pause()
        assert prepared == [session.state]


def test_a_notebook_gets_an_object_of_panel():
    import panel

    assert isinstance(upscatter.explore("ge-nextgen"), panel.viewable.Viewable)
    assert explore is upscatter.explore


def test_a_page_of_a_wrong_address_says_so():
    found = page(Scenario.load("ge-nextgen"), {"scenario": "/etc/passwd", "theme": "dark"})
    panes = [pane.object for pane in found.sidebar if hasattr(pane, "object")]
    assert any("scenario=/etc/passwd: is no bundled scenario" in text for text in panes)
