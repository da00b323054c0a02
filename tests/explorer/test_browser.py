"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import http.client
import json
import re
import shutil
import signal
import statistics
import subprocess
import time
from urllib.parse import urlsplit

import pytest

import upscatter
from command_line import COMMAND
from upscatter.scenario.load import Scenario

LONGEST = 60.0
"""Seconds until a page has answered, on a slow machine."""

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser chromium (apt-get install it)"),
]

IDLE = "window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
MODELS = """
const models = [...Bokeh.documents[0]._all_models.values()];
const figure = models.find(m => m.name == 'limits');
const line = name => figure.renderers.find(r => r.name == name);
"""


@pytest.fixture(scope="module")
def address():
    """A server of the explorer, as the command starts it."""
    command = [*COMMAND, "explore", "ge-nextgen", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
        finally:
            server.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield found
        found.close()


def eventually(check):
    """Wait until a check holds; machines are slow at times."""
    end = time.monotonic() + LONGEST
    while not check() and time.monotonic() < end:
        time.sleep(0.2)
    assert check()


class Page:
    """A page of the explorer, with what a test reads of it."""

    def __init__(self, tab):
        self.tab = tab

    @property
    def number(self):
        return self.tab.locator(".number [role=status]").inner_text()

    def field(self, key):
        return self.tab.locator(f".field-{key} input")

    def handle(self, key):
        return self.tab.locator(f".slider-{key} [role=slider]")

    def wait_for(self, text):
        self.tab.locator(".number", has_text=text).wait_for()

    def type(self, key, text):
        self.field(key).fill(text)
        self.field(key).press("Enter")

    def evaluate(self, code, *arguments):
        return self.tab.evaluate(f"(given) => {{{MODELS}{code}}}", list(arguments))


@pytest.fixture
def opened(browser, address):
    """Open a page; each has a browser profile of its own, and asks nothing of other machines."""
    contexts, requests, problems = [], [], []

    def opened(query="", width=1280, height=720, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(1e3 * LONGEST)
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("websocket", lambda socket: requests.append(socket.url))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(f"{address}/{query}")
        tab.wait_for_function(IDLE)
        tab.locator(".number [role=status]").wait_for()
        return Page(tab)

    yield opened
    for context in contexts:
        context.close()
    hosts = {urlsplit(url.removeprefix("blob:")).netloc for url in requests}
    assert hosts == {urlsplit(address).netloc}
    assert problems == []


def limit(changes, mass="0.01"):
    scenario = Scenario.load("ge-nextgen").replaced(changes)
    return upscatter.upper_limit(scenario, [float(mass)]).mu[0]


def test_a_slider_moved_by_the_keyboard_gives_the_librarys_number(opened):
    page = opened()
    page.wait_for("8.651e-10")
    page.handle("exposure").focus()
    for _ in range(5):
        page.tab.keyboard.press("ArrowRight")
    page.wait_for("stronger than as opened")
    text = page.field("exposure").input_value
    eventually(lambda: f"μ_ν4 < {limit({'detector.exposure': text()}):.4g} μ_B" in page.number)
    assert re.fullmatch(r"[\d.]+ kg yr", text())
    assert text() != "150 kg yr"


def test_a_slider_dragged_by_the_mouse_ends_with_the_last_place(opened):
    page = opened()
    box = page.handle("threshold").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    for step in range(30):
        page.tab.mouse.move(x + step, y)
    page.tab.mouse.up()
    page.wait_for("weaker than as opened")
    text = page.field("threshold").input_value
    eventually(lambda: f"{limit({'detector.region.0': text()}):.4g} μ_B" in page.number)
    # the last place is that of the handle
    place = page.evaluate(
        "const bar = models.find(m => (m.css_classes || []).includes('slider-threshold'));"
        "return bar.value"
    )
    assert float(text().split()[0]) == pytest.approx(10.0**place, rel=5e-3)


def test_the_curve_on_the_page_is_the_librarys(opened):
    page = opened()
    page.type("confidence", "0.95")
    page.wait_for("95 % CL")
    found = page.evaluate("return Array.from(line('curve').data_source.data.mu)")
    scenario = Scenario.load("ge-nextgen").replaced("statistics.confidence", 0.95)
    wanted = upscatter.upper_limit(scenario)
    assert found == wanted.mu[wanted.mu > 0.0].tolist()


MEASURE = """
const source = line('curve').data_source;
const times = [];
const measure = async (move, wait) => {
  const drawn = new Promise(done => source.change.connect(() => done(performance.now())));
  const start = performance.now();
  move();
  times.push(await drawn - start);
  await new Promise(done => setTimeout(done, wait));
};
"""


def test_every_move_redraws(opened):
    """How soon, from event to new data in the browser, is printed (`pytest -s`), not judged."""
    page = opened()
    measure = f"""{MEASURE}
    const bar = models.find(m => (m.css_classes || []).includes('slider-' + given[0]));
    return (async () => {{
      for (let i = 1; i <= 9; i++)
        await measure(() => {{
          bar.value = bar.start + (bar.end - bar.start) * (0.4 + 0.03 * i);
        }}, 200);
      return times;
    }})();
    """
    for key in ("exposure", "background", "threshold", "flux", "confidence"):
        times = page.evaluate(measure, key)
        assert len(times) == 9
        print(f"{key}: median {statistics.median(times):.0f} ms, largest {max(times):.0f} ms")


def test_every_first_choice_from_a_list_redraws(opened):
    """Before the recoil tables of a choice are made; the whole curve follows."""
    page = opened()
    page.tab.wait_for_timeout(1000)
    measure = f"""{MEASURE}
    return (async () => {{
      for (const [key, option] of given) {{
        const box = models.find(m => (m.css_classes || []).includes('choice-' + key));
        await measure(() => {{ box.value = option }}, 900);
      }}
      return times;
    }})();
    """
    moves = [["target", "CaWO4"], ["target", "Xe"], ["flavour", "e"], ["model", "B16-GS98"]]
    times = page.evaluate(measure, *moves)
    print(*(f"{key} {option}: {t:.0f} ms;" for (key, option), t in zip(moves, times, strict=True)))
    page.wait_for("Solar model: B16-GS98")
    found = page.evaluate("return Array.from(line('curve').data_source.data.mu)")
    changes = {"target.isotopes": None, "target.element": "Xe", "flux.model": "B16-GS98"}
    scenario = Scenario.load("ge-nextgen").replaced(changes)
    wanted = upscatter.upper_limit(scenario, flavour="e")
    assert found == pytest.approx(wanted.mu[wanted.mu > 0.0].tolist(), rel=1e-12)


def test_a_draft_is_completed_though_a_setting_is_refused_since(opened):
    page = opened()
    page.evaluate("models.find(m => (m.css_classes || []).includes('choice-target')).value = 'Ar'")
    page.wait_for("Target: Ar")
    page.type("exposure", "5 keV")
    page.wait_for("last limit that could be computed")
    wanted = upscatter.upper_limit(
        Scenario.load("ge-nextgen").replaced({"target.isotopes": None, "target.element": "Ar"})
    )
    number = int((wanted.mu > 0.0).sum())
    page.tab.wait_for_function(
        f"() => {{{MODELS} return line('curve').data_source.data.mu.length == {number}}}"
    )


def test_families_of_known_limits_are_toggled(opened):
    page = opened()
    box = page.tab.locator(".families").get_by_label("Projections")
    assert not page.evaluate("return line('projections').visible")
    box.check()
    page.tab.wait_for_function(f"() => {{{MODELS} return line('projections').visible}}")
    box.uncheck()
    page.tab.wait_for_function(f"() => {{{MODELS} return !line('projections').visible}}")


def test_a_known_limit_says_its_source_and_opens_its_paper(opened):
    page = opened()
    # XENON1T's limit is flat at 1.1e-8 below 1 MeV
    place = page.evaluate(
        """
        const view = Bokeh.index.find_one(figure), frame = view.frame;
        const box = view.canvas_view.el.getBoundingClientRect();
        return [box.left + frame.x_scale.compute(0.3), box.top + frame.y_scale.compute(1.1e-8)];
        """
    )
    page.tab.mouse.move(*place)
    tip = page.tab.locator(".bk-tooltip-content", has_text="XENON1T NR")
    tip.wait_for()
    assert "Brdar, Greljo, Kopp, Opferkuch 2020" in tip.inner_text()
    assert "arXiv:2007.15563" in tip.inner_text()
    page.tab.evaluate("window.open = (...given) => { window.asked = given }")
    page.tab.mouse.click(*place)
    page.tab.wait_for_function("() => window.asked")
    address, _, features = page.tab.evaluate("window.asked")
    assert address == "https://doi.org/10.48550/arXiv.2007.15563"
    assert features == "noopener,noreferrer"


def test_a_wrong_field_has_the_message_of_the_command_line(opened):
    page = opened()
    page.type("exposure", "5 keV")
    alert = page.tab.get_by_role("alert").filter(has_text="has the dimension")
    alert.wait_for()
    said = alert.inner_text()
    with pytest.raises(upscatter.UpscatterError) as error:
        limit({"detector.exposure": "5 keV"})
    assert said == str(error.value)
    below = alert.bounding_box()["y"]
    assert 0 < below - page.field("exposure").bounding_box()["y"] < 60
    assert "last limit that could be computed" in page.number
    page.type("exposure", "150 kg yr")
    page.wait_for("the same as opened")
    alert.wait_for(state="detached")


def test_a_scenario_is_dropped_and_a_broken_one_refused(opened, tmp_path):
    page = opened()
    drop = page.tab.locator(".drop input[type=file]")
    broken = tmp_path / "broken.toml"
    broken.write_text("title = [")
    drop.set_input_files(broken)
    page.tab.get_by_role("alert").filter(has_text="broken.toml: is not valid TOML").wait_for()
    prying = tmp_path / "prying.toml"
    text = Scenario.load("ge-nextgen").text
    prying.write_text(
        text.replace("bins = 20", 'efficiency = { file = "/etc/passwd", energy = "keVee" } #')
    )
    drop.set_input_files(prying)
    page.tab.get_by_role("alert").filter(has_text="a page reads no other file").wait_for()
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("150 kg yr", "777 kg yr"))
    drop.set_input_files(mine)
    page.wait_for(f"{limit({'detector.exposure': '777 kg yr'}):.4g}")
    assert page.field("exposure").input_value() == "777 kg yr"


def test_a_scenario_is_dropped_anywhere(opened):
    page = opened()
    text = Scenario.load("ge-nextgen").text.replace("150 kg yr", "888 kg yr")
    page.tab.evaluate(
        """
        text => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], 'thrown.toml'));
          const where = document.querySelector('#main');
          for (const type of ['dragover', 'drop']) {
            const event = new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer});
            if (where.dispatchEvent(event)) throw new Error('the browser would open the file');
          }
        }
        """,
        text,
    )
    page.wait_for(f"{limit({'detector.exposure': '888 kg yr'}):.4g}")
    assert page.field("exposure").input_value() == "888 kg yr"


def test_files_are_those_of_the_commands(opened, tmp_path):
    page = opened()
    page.type("threshold", "0.21 keVee")
    page.wait_for("weaker than as opened")
    kept = {}
    for suffix in ("toml", "csv", "pdf"):
        with page.tab.expect_download() as download:
            page.tab.locator(f".save-{suffix} a, .save-{suffix} button").first.click()
        kept[suffix] = tmp_path / download.value.suggested_filename
        download.value.save_as(kept[suffix])
    assert kept["toml"].name == "ge-nextgen-explored.toml"
    command = [*COMMAND, "limit", str(kept["toml"]), "--format"]
    found = json.loads(subprocess.check_output([*command, "json"], text=True))
    scenario = Scenario.load("ge-nextgen").replaced("detector.region.0", "0.21 keVee")
    assert found["mu_bohr"][0] == upscatter.upper_limit(scenario).mu[0]
    assert f"{found['mu_bohr'][0]:.4g} μ_B" in page.number
    wanted = subprocess.check_output([*command, "csv"], text=True).splitlines()
    assert kept["csv"].read_text().splitlines()[1:] == wanted[1:]
    assert kept["pdf"].read_bytes().startswith(b"%PDF-")


def test_the_address_has_the_state(opened):
    page = opened()
    page.type("m4", "5 MeV")
    page.type("exposure", "300 kg yr")
    page.wait_for("m₄ = 5 MeV")
    page.tab.wait_for_url("**exposure=300+kg+yr**")
    again = opened("?" + urlsplit(page.tab.url).query)
    again.wait_for("m₄ = 5 MeV")
    assert again.number.splitlines()[0] == page.number.splitlines()[0]
    assert again.field("exposure").input_value() == "300 kg yr"


def test_two_pages_share_no_state(opened):
    first, second = opened(), opened()
    first.type("exposure", "1 kg yr")
    first.wait_for("weaker than as opened")
    first.tab.locator(".pin button").click()
    first.tab.locator(".pinned", has_text="1 kg yr").wait_for()
    second.type("confidence", "0.99")
    second.wait_for("99 % CL")
    assert second.field("exposure").input_value() == "150 kg yr"
    assert second.tab.locator(".pinned", has_text="Pinned").count() == 0
    assert first.field("confidence").input_value() == "0.9"


def test_curves_are_pinned_while_the_limit_moves(opened):
    page = opened()
    for number in range(6):
        page.type("exposure", f"{100 + number} kg yr")
        page.tab.wait_for_timeout(370 + 10 * number)  # until the link is sent, too
        page.tab.locator(".pin button").click()
    lines = page.tab.locator(".pinned p")
    page.tab.locator(".pinned", has_text="105 kg yr").wait_for()
    assert [re.search(r"(\d+) kg yr", line)[1] for line in lines.all_inner_texts()] == [
        "102", "103", "104", "105",
    ]  # fmt: skip
    first = page.evaluate(
        """
        const items = models.find(m => m.type == 'Legend').items.slice(1, 5);
        return items.map(item => item.renderers[0].data_source.data.mu[0]);
        """
    )
    assert first == [
        upscatter.upper_limit(
            Scenario.load("ge-nextgen").replaced("detector.exposure", f"{number} kg yr")
        ).mu[0]
        for number in range(102, 106)
    ]


def test_parts_are_turned_by_the_keyboard(opened):
    page = opened()
    for title, name in (
        ("Spectrum", "spectrum"),
        ("Flux", "fluxes"),
        ("What drives it", "impacts"),
    ):
        page.tab.locator(".tabs button", has_text=title).focus()
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_function(
            f"() => {{{MODELS} const f = models.find(m => m.name == '{name}');"
            " return f && Bokeh.index.find_one(f) && Bokeh.index.find_one(f).el.offsetHeight > 200}"
        )


def test_screen_readers_are_told_names_and_quantities(opened):
    page = opened()
    for key, label, said in (
        ("exposure", "Exposure", "150 kg yr"),
        ("threshold", "Threshold", "0.16 keVee"),
        ("confidence", "Confidence level", "0.9"),
    ):
        handle = page.handle(key)
        eventually(lambda h=handle, name=label: h.get_attribute("aria-label") == name)
        assert handle.get_attribute("aria-valuetext") == said
        assert page.tab.get_by_label(f"{label}, ").count() == 1
    unnamed = page.tab.evaluate(
        """
        () => {
          const found = [];
          const walk = node => {
            for (const child of node.querySelectorAll('*')) {
              if (child.shadowRoot) walk(child.shadowRoot);
              if (!child.matches('input, select, button') || child.type == 'hidden') continue;
              const name = child.getAttribute('aria-label') || child.innerText || child.title ||
                [...(child.labels || [])].map(label => label.innerText).join('');
              if (!name.trim() && child.offsetParent) found.push(child.outerHTML.slice(0, 200));
            }
          };
          walk(document);
          return found;
        }
        """
    )
    assert unnamed == []


def test_a_narrow_screen_has_the_figure_above_the_controls(opened):
    page = opened(width=390, height=844)
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        page.tab.locator(".number").bounding_box()["y"]
        < page.tab.locator(".scenarios").bounding_box()["y"]
    )
    page.type("exposure", "300 kg yr")
    page.wait_for("stronger than as opened")


def test_the_page_turns_dark_and_keeps_its_state(opened):
    page = opened()
    page.type("exposure", "300 kg yr")
    page.tab.wait_for_url("**exposure=300+kg+yr**")
    page.tab.locator(".theme button").click()
    page.tab.wait_for_url("**theme=dark**")
    page.tab.wait_for_function(IDLE)
    page.wait_for("stronger than as opened")
    assert page.evaluate("return figure.background_fill_color") != "#ffffff"


def test_the_page_is_dark_where_the_system_is(opened):
    page = opened(color_scheme="dark")
    page.tab.wait_for_url("**theme=dark**")
    page.tab.wait_for_function(IDLE)
    page.tab.locator(".theme button", has_text="Light page").click()
    page.tab.wait_for_url("**theme=light**")
    page.tab.wait_for_function(IDLE)
    page.tab.locator(".theme button", has_text="Dark page").wait_for()


def test_a_page_of_another_site_gets_no_connection(address):
    def status(origin):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        headers = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "bokeh",
            "Origin": origin,
        }  # fmt: skip
        connection.request("GET", "/ws", headers=headers)
        found = connection.getresponse().status
        connection.close()
        return found

    assert status("http://elsewhere.example") == 403
    assert status(address.replace("127.0.0.1", "localhost")) == 403
    assert status(address) != 403
