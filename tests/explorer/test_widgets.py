"""Widgets of the controls."""

from types import SimpleNamespace

from upscatter.explorer import widgets


def test_actions_wait_in_a_browser_until_the_page_is_free(monkeypatch):
    waiting, done = [], []
    page = SimpleNamespace(session_context=object(), add_next_tick_callback=waiting.append)
    panel = SimpleNamespace(state=SimpleNamespace(curdoc=page))
    monkeypatch.setattr(widgets, "explorer_library", lambda name: panel)
    pin, turn = widgets.in_turn(lambda: done.append("pin")), widgets.in_turn(done.append)
    pin()
    turn("Flux")
    assert done == []
    for action in waiting:
        action()
    assert done == ["pin", "Flux"]
    panel.state.curdoc = None
    pin()
    assert done == ["pin", "Flux", "pin"]
