"""The benchmarks' rows, tables and figures: what is written is what was measured, and nothing is measured twice."""

from __future__ import annotations

import sys

import pytest

import common
from fashion_classifier.data.sample import draw_sample
from figures import draw_searches, draw_time_to_accuracy
from pixels import Pixels, read_pixels, write_pixels
from results_table import BEGIN, END, FILE, SCALE, generated, updated
from scaling_page import page
from tables import SUMMARIES, latest, markdown, summary_of_runs
from tuning import best_so_far


def run_row(seed, accuracy, *, minutes=1.0, commit="c1", kind="validation", isa="native"):
    return {
        "commit": commit,
        "machine": "2 cores of a processor",
        "kind": kind,
        "minutes": minutes,
        "seed": seed,
        "device": "auto",
        "threads": 0,
        "isa": isa,
        "accuracy": accuracy,
        "seconds": 59.5 * minutes,
        "family": "cnn",
        "n_parameters": 200_000,
    }


def test_results_page_says_what_the_rows_say():
    text = FILE.read_text(encoding="utf-8")

    assert text == updated(text, generated()), "run python benchmarks/results_table.py"
    assert text.count(BEGIN) == text.count(END) == 1


def test_the_page_on_scale_says_what_the_rows_say():
    text = SCALE.read_text(encoding="utf-8")

    assert text == updated(text, page(common.read_rows("scaling"))), "run python benchmarks/results_table.py"
    assert text.count(BEGIN) == text.count(END) == 1


def test_the_arithmetic_on_scale_is_that_of_its_rows():
    end = {"machine": "2 cores", "commit": "c1"}
    ways = ("alone", "folder", "postgresql", "ray")
    medians = {f"{way}, {n}": seconds / n for way, seconds in zip(ways, (48, 50, 54, 60), strict=True) for n in (1, 2)}
    rows: list[common.Row] = [{"what": "trials", "n": 3, "trials": 12, "medians": medians, **end}]
    for n in (100, 10_000):
        costs = {"turn_s": n / 1e5, "trial_s": 1.0, "bytes": 5000 * n}
        rows.append({"what": "claims", "storage": "postgresql", "there": n, "n": 10, **costs, **end})
    assert page(rows) == ""  # of images nothing is known yet
    rows.append({"what": "images", "n": 3, "images": 60_000, "medians": {"ray, 1": 20.0, "ray, 2": 12.0}, **end})

    text = page(rows)

    assert "| all | 10,000 * 5.00 s / 200 workers / 3,600 | 0.07 h |" in text
    assert "| the turn alone | 10,000 * 0.100 s / 3,600 | 0.28 h |" in text
    assert "| the database | 10,000 * 5,000 bytes | 50 MB |" in text
    assert "| breaks first | the turn, 50% taken | at 25 workers |" in text
    assert "| all | 1,000,000,000 / (100 * 5,000 images/s) / 3,600 | 0.56 h |" in text
    assert "| trials, ray, 2 | 3 | 24.0 trials/min | 2.00 times as fast as 1 | 2 cores | c1 |" in text


def test_what_is_written_by_hand_stays():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert updated(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert updated(updated(page, "new"), "") == f"before\n{BEGIN}\n\n{END}\nafter\n"


def test_committed_rows_are_whole():
    for name in SUMMARIES:
        for row in common.read_rows(name):
            assert {"time", "commit", "machine", "versions"} <= set(row)
            assert not row["commit"].endswith("-dirty")


def test_table_has_mean_deviation_and_each_seed():
    table = markdown(summary_of_runs([run_row(0, 94.0), run_row(1, 94.2), run_row(2, 94.4)]))

    assert "| 1 | cross-validation | 3 | **94.20 ± 0.20** | 94.00, 94.20, 94.40 | 59.5 ± 0.0 |" in table


def test_commit_measured_last_counts_and_the_later_of_two_rows():
    rows = [run_row(0, 90.0), run_row(1, 91.0), run_row(0, 94.0, commit="c2"), run_row(0, 95.0, commit="c2")]

    assert [[row["accuracy"] for row in group] for group in latest(rows, ("minutes",))] == [[95.0]]


def test_kinds_and_instruction_sets_are_not_mixed():
    rows = [run_row(0, 94.0), run_row(0, 93.0, isa="avx2"), run_row(0, 95.0, kind="test")]

    assert len(summary_of_runs(rows).rows) == 3


def test_rows_are_appended_and_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "commit", lambda _paths: "c1")
    identity = {"minutes": 1.0, "seed": 3, "kind": "validation"}

    common.record("name", {**identity, "accuracy": 94.0}, folder=tmp_path)
    common.record("name", {**identity, "seed": 4, "accuracy": 95.0}, folder=tmp_path)

    assert [row["accuracy"] for row in common.read_rows("name", tmp_path)] == [94.0, 95.0]
    assert common.is_measured("name", identity, folder=tmp_path)
    assert not common.is_measured("name", {**identity, "kind": "test"}, folder=tmp_path)


def test_uncommitted_sources_never_count_as_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "commit", lambda _paths: "c1-dirty")
    common.record("name", {"seed": 3}, folder=tmp_path)

    assert not common.is_measured("name", {"seed": 3}, folder=tmp_path)


def test_processes_are_timed_with_their_environment():
    program = "import json, os; print('words'); print(json.dumps({'value': os.environ['BENCHMARK_VALUE']}))"

    output, seconds = common.timed([sys.executable, "-c", program], {"BENCHMARK_VALUE": "7"})

    assert common.last_json(output) == {"value": "7"}
    assert seconds > 0


def test_first_round_does_not_count():
    durations = iter([9.0, 9.0, 1.0, 2.0, 3.0, 4.0])

    seconds, medians = common.rounds({"a": lambda: next(durations), "b": lambda: next(durations)}, 2)

    assert seconds == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert medians == {"a": 2.0, "b": 3.0}


def test_curve_rises_with_complete_trials_alone():
    trials = [
        {"at": 1.0, "state": "complete", "accuracy": 0.8},
        {"at": 2.0, "state": "pruned", "accuracy": None},
        {"at": 3.0, "state": "complete", "accuracy": 0.7},
        {"at": 4.0, "state": "complete", "accuracy": 0.9},
    ]

    assert best_so_far(trials) == [(1.0, 80.0), (4.0, 90.0)]


def test_pixels_come_back_and_the_test_set_is_there_only_if_opened(tmp_path):
    drawn = draw_sample().training
    pair = (drawn.images[:20], drawn.labels[:20])

    write_pixels(tmp_path / "sealed.npz", Pixels(pair, pair))
    write_pixels(tmp_path / "opened.npz", Pixels(pair, pair, pair))
    sealed, opened = read_pixels(tmp_path / "sealed.npz"), read_pixels(tmp_path / "opened.npz")

    assert sealed.test is None
    assert (sealed.training[0] == pair[0]).all()
    assert len(sealed.lesson[1]) == len(sealed.judged[1]) == 20
    assert len(opened.lesson[1]) == 40


@pytest.mark.parametrize("kind", ["validation", "test"])
def test_figures_are_drawn_from_rows(tmp_path, kind):
    runs = [run_row(seed, 90 + minutes, minutes=minutes, kind=kind) for seed in range(2) for minutes in (0.25, 1, 4)]
    peers = [{**row, "peer": peer} for row, peer in zip(runs, ("mlp", "forest", "boosting"), strict=False)]
    curves = [
        {**run_row(seed, 91.0), "method": method, "curve": [[10.0 + seed, 90.0], [30.0, 91.0]]}
        for method in ("ours", "random", "keras-tuner")
        for seed in range(2)
    ]

    draw_time_to_accuracy(runs, peers, tmp_path)
    draw_searches(curves, tmp_path)

    names = {file.name for file in tmp_path.iterdir()}
    assert names == {f"{name}.{ending}" for name in ("time_to_accuracy", "tuning") for ending in ("svg", "png")}
    assert "</svg>" in (tmp_path / "tuning.svg").read_text(encoding="utf-8")
