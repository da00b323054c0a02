"""Measure how often limits hold the true strength where counts are few: tables of docs/coverage.md.

    python scripts/measure_coverage.py [--trials 20000]

First the coverage of asymptotic and calibrated limits of plain counting models, one bin and twenty,
then of `ge-nextgen` made small, then of the criterion for asymptotic limits: the least effective
counts (`upscatter.statistics.counts`) from which every model holds within two points.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.experiments.described import Described
from upscatter.limits.counting import require_known_fluxes
from upscatter.scenario.build import Model
from upscatter.scenario.changes import chosen_test
from upscatter.scenario.load import Scenario
from upscatter.statistics.calibration_table import CalibrationTable
from upscatter.statistics.counts import effective_counts, weight_spread
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.limit_method import LimitMethod
from upscatter.statistics.methods import LATTICE_SPREAD, LikelihoodMethod
from upscatter.statistics.registry import limit_method
from upscatter.statistics.sampler import Sampler
from upscatter.statistics.toys import pseudo_data
from upscatter.units import MEV

BACKGROUNDS = (0.0, 0.1, 0.5, 1.0, 3.0, 10.0, 100.0)
SMALL = (("2 kg yr", "5e-4"), ("0.3 kg yr", "1e-3"), ("1 kg yr", "1e-12"))
SCENARIOS = ("ge-nextgen", "ge-future", "cdex-50", "xe-darwin", "si-supercdms-hv")
LIKELIHOODS = ("poisson", "cls", "unified")
CALIBRATION_TRIALS = 20_000


def one_bin(background: float) -> BinnedModel:
    """One bin with this background, and a signal in it."""
    return BinnedModel(np.array([1.0]), {"background": np.array([background])})


def twenty_bins(background: float) -> BinnedModel:
    """A signal that falls by e in three bins over a flat background in twenty."""
    signal = np.exp(-np.arange(20) / 3.0)
    return BinnedModel(signal / signal.sum(), {"background": np.full(20, background / 20.0)})


def coverage(method: LimitMethod, model: BinnedModel, strength: float, trials: int) -> float:
    """Fraction of limits, in per cent, that hold a true strength."""
    data = pseudo_data(model, strength, trials, np.random.default_rng(1))
    if not isinstance(method, LikelihoodMethod) or not method.calibrated:
        return 100.0 * float(np.nanmean(method.setter(model, strength).covers(data, strength)))
    # what `covers` of a calibrated method does, without the table of other strengths
    truth = np.array([strength, *np.zeros(len(model.names))])
    asimov = model.observe([model.expected(truth)])
    sampler = Sampler(model, asimov, method.criterion, method.settings)
    level = CalibrationTable.at(sampler, np.array([strength])).levels(data)[0]
    return 100.0 * float((level >= 1.0 - method.confidence).mean())


def counting_tables(trials: int) -> None:
    """Plain counting models: asymptotic and calibrated, at half, once and twice the limit."""
    for make in (one_bin, twenty_bins):
        print(f"\n{make.__name__}: background, then coverage at 0.5, 1 and 2 times the limit")
        for background in BACKGROUNDS:
            cells = []
            for name in LIKELIHOODS:
                for calibration in ("asymptotic", "toys"):
                    options = {"calibration": calibration, "trials": CALIBRATION_TRIALS}
                    method = limit_method(name, 0.90, **options)
                    model = make(background)
                    limit = float(method.expected(model).strength[0])
                    shown = " ".join(
                        f"{coverage(method, model, part * limit, trials):5.1f}"
                        for part in (0.5, 1.0, 2.0)
                    )
                    cells.append(f"{name} {calibration[:4]} {shown}")
            print(f"{background:6g} | {' | '.join(cells)}", flush=True)


def small_experiments(trials: int) -> None:
    """`ge-nextgen` with little exposure and background, at 0.01 MeV and its expected limit."""
    print("\nge-nextgen made small: coverage at the expected limit")
    for exposure, rate in SMALL:
        cells = []
        for name in ("chi2-pulls", *LIKELIHOODS):
            for calibration in ("asymptotic", "toys") if name in LIKELIHOODS else (None,):
                changes = {
                    "detector.exposure": exposure,
                    "background.flat": f"{rate} / (keVee kg day)",
                }
                scenario = Scenario.load("ge-nextgen").replaced(changes)
                model = Model(scenario.replaced(chosen_test(scenario, name, calibration)))
                counting, _ = Described(model).likelihood(0.01 * MEV)
                assert counting is not None
                one = counting.only(0)
                limit = float(model.method.expected(one).strength[0])
                covered = coverage(model.method, one, limit, trials)
                cells.append(f"{name} {calibration or ''} {np.sqrt(limit):.3g} {covered:.1f}")
        print(f"{exposure}, {rate} | {' | '.join(cells)}", flush=True)


def nested(trials: int) -> None:
    """The same, with the nuisance parameters profiled on each data set: slow, so few of them."""
    print("\neach data set calibrated by itself: coverage, and data sets whose fits failed")
    for exposure, rate in SMALL:
        changes = {"detector.exposure": exposure, "background.flat": f"{rate} / (keVee kg day)"}
        scenario = Scenario.load("ge-nextgen").replaced(changes)
        counting, _ = Described(Model(scenario)).likelihood(0.01 * MEV)
        assert counting is not None
        cells = [profiled(name, counting.only(0), trials) for name in ("poisson", "cls")]
        print(f"ge-nextgen, {exposure}, {rate} | {' | '.join(cells)} | of {trials}", flush=True)
    for background in (0.5, 3.0):
        plain = twenty_bins(background)
        uncertain = BinnedModel(
            {"signal": plain.total_signal},
            plain.backgrounds,
            (Normalisation("flux", {"signal": 0.16}), Normalisation("b", {"background": 0.1})),
        )
        cells = [profiled(name, uncertain, trials) for name in LIKELIHOODS]
        print(f"twenty bins, {background:g} | {' | '.join(cells)} | of {trials}", flush=True)


def profiled(name: str, model: BinnedModel, trials: int) -> str:
    """Coverage at the expected limit, each data set calibrated with what it says of nuisances."""
    method = limit_method(name, 0.90, calibration="toys")
    assert isinstance(method, LikelihoodMethod)
    strength = float(method.expected(model).strength[0])
    data = pseudo_data(model, strength, trials, np.random.default_rng(2))
    covered, failed = 0, 0
    for i in range(trials):
        own = data.take(slice(i, i + 1))
        sampler = Sampler(model, own, method.criterion, method.settings)
        try:
            level = CalibrationTable.at(sampler, np.array([strength])).levels(own)[0, 0]
        except PhysicsError:  # such data have no limit, and the command says so
            failed += 1
            continue
        covered += bool(level >= 1.0 - method.confidence)
    return f"{name} {100.0 * covered / (trials - failed):.1f}, {failed}"


def variants() -> Iterator[tuple[str, BinnedModel]]:
    """Bundled projections with less exposure and background, at three masses."""
    for name in SCENARIOS:
        scenario = Scenario.load(name)
        exposure = scenario.described.detector.exposure
        for part in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003):
            changed = scenario.replaced("detector.exposure", f"{part * exposure!r} kg s")
            model = Model(changed.replaced(chosen_test(changed, "poisson")))
            for mass in (0.01, 8.0, 15.0):
                counting, _ = Described(model).likelihood(mass * MEV)
                if counting is not None:
                    require_known_fluxes(counting)
                    yield f"{name} x {part:g}, {mass:g} MeV", counting.only(0)
    for make in (one_bin, twenty_bins):
        for background in (0.3, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0, 300.0):
            yield f"{make.__name__} {background:g}", make(background)


def criterion(trials: int) -> None:
    """Effective counts against the coverage of asymptotic limits at the expected limit."""
    print("\nasymptotic limits by effective counts: name, counts, weights alike, coverage")
    for label, model in variants():
        cells = []
        for name in LIKELIHOODS:
            method = limit_method(name, 0.90)
            strength = method.expected(model).strength
            counts = effective_counts(model, strength)[0]
            alike = weight_spread(model, strength)[0] < LATTICE_SPREAD
            covered = coverage(method, model, float(strength[0]), trials)
            cells.append(f"{name} {counts:7.2f} {'alike' if alike else '':5s} {covered:5.1f}")
        print(f"{label:32s} | {' | '.join(cells)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20_000)
    arguments = parser.parse_args()
    small_experiments(arguments.trials)
    nested(max(arguments.trials // 10, 100))
    counting_tables(arguments.trials)
    criterion(arguments.trials)
