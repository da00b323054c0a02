"""`upscatter explore`, as a user types it; the page itself is for `tests/explorer`."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from command_line import COMMAND
from upscatter.scenario.load import Scenario


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are listed on Linux only")
def test_the_page_is_served_on_this_machine_alone(folder):
    command = [*COMMAND, "explore", "xe-darwin", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            with urllib.request.urlopen(found[0], timeout=60) as answer:
                text = answer.read().decode()
            port = int(found[1])
            listening = [
                row.split()[1]
                for table in ("tcp", "tcp6")
                for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
                if row.split()[3] == "0A" and int(row.split()[1].rpartition(":")[2], 16) == port
            ]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "upscatter explorer" in text
    # 127.0.0.1 and nothing else
    assert listening == [f"0100007F:{port:04X}"]
    # nothing is loaded from elsewhere
    assert set(re.findall(r"(?:src|href)=[\"'](https?://[^\"'/]+)", text)) <= {found[0]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such.toml"], "is neither a file nor a bundled scenario"),
        (["xenonnt-s2only"], "xenonnt-s2only: recasts published data and describes no detector"),
        (["lz-er"], "lz-er: comes without its data"),
        (["lz-er", "--data", "."], "--data"),
        (["--port", "0"], "--port"),
        (["--port", "70000"], "--port"),
    ],
)
def test_what_cannot_be_explored_is_refused(refused, arguments, said):
    assert said in refused("explore", "--no-browser", *arguments)


def test_a_scenario_that_the_physics_refuses_is_refused(folder, refused):
    text = Scenario.load("ge-nextgen").text.replace('["0.16 keVee", "2.16', '["99 keVee", "200')
    (folder / "far.toml").write_text(text)
    said = refused("explore", "far.toml", "--no-browser")
    assert said == refused("limit", "far.toml")


def test_a_port_in_use_is_refused(refused):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused("explore", "--no-browser", "--port", port)
    assert said == (
        f"--port {port}: cannot be listened to (Address already in use); choose another, or leave "
        "it out"
    )


def test_without_panel_the_extra_is_named(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "panel", None)
    said = refused("explore", "--no-browser")
    assert said.startswith("the explorer needs panel (")
    assert said.endswith("pip install 'upscatter[explorer]'")


def test_help_loads_neither_panel_nor_numpy(folder):
    code = (
        "import sys; from upscatter.cli import main; main(['explore', '--help']); "
        "print({'panel', 'bokeh', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
