"""Options of commands with pseudo-experiments: number of processes, store, progress."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click

from upscatter.errors import UpscatterError

_PATH = click.Path(path_type=Path)

jobs_option = click.option(
    "--jobs",
    type=int,
    help="Number of processes. Default: one for each processor core, if that saves time.",
)
cluster_option = click.option(
    "--cluster", metavar="ADDRESS", help="Compute on a dask cluster, by its scheduler's address."
)
store_option = click.option(
    "--store",
    type=_PATH,
    metavar="FILE",
    help="Keep finished work in FILE. Default: in a cache, unless it is quicker to do again.",
)
no_store_option = click.option("--no-store", is_flag=True, help="Keep no finished work.")


def chosen_store(
    store: Path | None, no_store: bool, scenarios: Sequence[str], *outputs: Path | None
) -> Path | Literal["cache"] | None:
    """File in which finished work is kept, "cache", or None.

    Raises
    ------
    UpscatterError
        If the options contradict each other.
    OutputError
        If the file cannot be written, or is the scenario or another output.
    """
    from upscatter.export import require_distinct, require_writable

    if store is None:
        return None if no_store else "cache"
    if no_store:
        raise UpscatterError("--store and --no-store: contradict each other; remove one")
    require_writable(store)
    sources = {Path(name) for name in scenarios if name.endswith(".toml")}
    require_distinct(store, *sources, *outputs)
    return store


@contextmanager
def pseudo_experiments(
    what: str, are_done: bool = True
) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, if that is a terminal; Ctrl-C says what is kept.

    It shows rate and time left.

    Without pseudo-experiments to do there is nothing to wait for, and no bar.
    """
    if not are_done:
        yield None
        return
    gc.enable()  # thousands of fits leave cycles behind
    try:
        with _bar(what) as progress:
            yield progress
    except KeyboardInterrupt as interruption:
        raise click.Abort(str(interruption)) from None


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        """Finished parts for each second, of those in the last half minute."""

        def render(self, task: Task) -> Text:
            speed = task.speed
            return Text("" if speed is None else f"{speed:.3g}/s", style="progress.data.speed")

    columns = (*Progress.get_default_columns(), Rate())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
