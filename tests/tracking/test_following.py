"""Whatever a tracker does, the work goes on and what lacks is told once. The processes here are a few lines each."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from tests.tracking.records import BEGUN, ENDED, VALIDATIONS

from fashion_classifier.tracking import following
from fashion_classifier.tracking.following import Tracking, send_all
from fashion_classifier.tracking.journal import JOURNAL, Reader
from fashion_classifier.tracking.records import Begun, Ended, Told
from fashion_classifier.tracking.targets import Target

MLFLOW, BOARD = Target("mlflow", "http://127.0.0.1:1"), Target("tensorboard", "curves")
SENDERS = {
    "well": """
sys.stdin.read()
print(json.dumps({"place": str(len(open(sys.argv[4]).readlines())), "reason": ""}))
""",
    "gone": 'print(json.dumps({"place": "", "reason": "the server is gone"}))',
    "dead": "os._exit(3)",
    "stuck": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
}
ALSO = """
if sys.argv[1] == "tensorboard":
    sys.stdin.read()
    print(json.dumps({"place": "curves", "reason": ""}))
    sys.exit()
"""


@pytest.fixture
def sender(tmp_path, monkeypatch):
    """Say what the process between journal and MLflow does; that to TensorBoard always does well."""
    place = tmp_path / "senders"
    place.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.setattr(following, "SENDER", "sender")

    def does(name: str) -> None:
        (place / "sender.py").write_text(f"import json, os, signal, sys, time\n{ALSO}\n{SENDERS[name]}")

    return does


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def tracked(work: Path, *targets: Target):
    """Tell of a work; return what became of it, and each thing that was told."""
    told: list[tuple[str, str]] = []
    with Tracking(targets, lambda target, reason: told.append((target.tracker, reason))) as tracking:
        tracking.begin(work, {"seed": 1})
        for record in VALIDATIONS:
            tracking.record(record)
        tracking.record(ENDED)
        outcomes = tracking.finish(patience_s=60.0)
    return outcomes, told


def break_off(tracking: Tracking, work: Path, kind: type[BaseException]) -> None:
    with tracking:
        tracking.begin(work, {})
        raise kind


def journal_of(work: Path) -> list[object]:
    return list(Reader(work / JOURNAL).new())


def test_without_trackers_nothing_is_written(work):
    assert tracked(work) == ([], [])
    assert list(work.iterdir()) == []


def test_trackers_get_everything_and_that_is_noted(sender, work):
    sender("well")
    outcomes, told = tracked(work, MLFLOW, BOARD)
    assert told == []
    assert {(one.tracker, one.place) for one in outcomes} == {("mlflow", "4"), ("tensorboard", "curves")}
    begun, *rest = journal_of(work)
    assert isinstance(begun, Begun)
    assert rest[:3] == [*VALIDATIONS, ENDED]
    assert {one.tracker for one in rest[3:] if isinstance(one, Told)} == {"mlflow", "tensorboard"}


@pytest.mark.parametrize(("how", "reason"), [("gone", "the server is gone"), ("dead", "its process ended with code 3")])
def test_a_tracker_that_fails_is_told_of_once_and_noted_and_others_go_on(sender, work, how, reason):
    sender(how)
    outcomes, told = tracked(work, MLFLOW, BOARD)
    assert told == [("mlflow", reason)]
    assert {one.tracker: one.reason for one in outcomes} == {"mlflow": reason, "tensorboard": ""}
    assert Told(tracker="mlflow", reason=reason) in journal_of(work)


def test_a_tracker_that_hangs_is_waited_for_no_longer_and_its_process_is_gone(sender, work):
    sender("stuck")
    told: list[str] = []
    tracking = Tracking([MLFLOW], lambda _, reason: told.append(reason))
    tracking.begin(work, {})
    (follower,) = tracking._followers
    for record in VALIDATIONS:
        tracking.record(record)
    (outcome,) = tracking.finish(patience_s=0.1)
    assert told == [outcome.reason] == ["there was no more time to wait for it"]
    with pytest.raises(ProcessLookupError):
        os.kill(follower._process.pid, 0)


def test_a_failure_in_mid_work_is_noticed_with_the_next_record(sender, work):
    sender("gone")
    told: list[str] = []
    tracking = Tracking([MLFLOW], lambda _, reason: told.append(reason))
    tracking.begin(work, {})
    tracking._followers[0]._process.wait(60)
    for record in VALIDATIONS:
        tracking.record(record)
    assert told == ["the server is gone"]
    assert [one.reason for one in tracking.finish()] == told


def test_a_full_disk_ends_the_tracking_and_not_the_work(sender, work, monkeypatch):
    sender("well")
    told: list[str] = []
    tracking = Tracking([MLFLOW, BOARD], lambda target, reason: told.append(f"{target.tracker}: {reason}"))
    tracking.begin(work, {})
    processes = [follower._process for follower in tracking._followers]

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(following, "append", refuse)
    for record in VALIDATIONS:
        tracking.record(record)
    tracking.finish()
    assert told == [f"{tracker}: {work}: No space left on device" for tracker in ("mlflow", "tensorboard")]
    assert all(process.poll() is not None for process in processes)


def test_work_that_fails_is_told_as_failed_and_its_error_is_the_person_s(sender, work):
    sender("well")
    tracking = Tracking([MLFLOW])
    with pytest.raises(ZeroDivisionError):
        break_off(tracking, work, ZeroDivisionError)
    assert Ended(state="failed") in journal_of(work)
    assert [one.reason for one in tracking.outcomes] == [""]


def test_an_interruption_waits_for_no_tracker(sender, work):
    sender("stuck")
    tracking = Tracking([MLFLOW])
    with pytest.raises(KeyboardInterrupt):
        break_off(tracking, work, KeyboardInterrupt)
    assert Ended(state="interrupted") in journal_of(work)


def test_the_journal_of_what_is_not_there_yet_is_put_into_it(sender, work):
    sender("well")
    model = work / "model"
    tracking = Tracking([MLFLOW])
    tracking.begin(model, {"seed": 1}, identity="77")
    model.mkdir()
    tracking.record(ENDED)
    tracking.finish()
    begun, *_ = journal_of(model)
    assert begun == Begun(name="model", identity="77", about={"seed": 1})


def test_work_that_goes_on_keeps_its_identity(sender, work):
    sender("well")
    for _ in range(2):
        tracked(work, MLFLOW)
    identities = {one.identity for one in journal_of(work) if isinstance(one, Begun)}
    assert len(identities) == 1


def test_finished_work_is_sent_whole(sender, work):
    sender("well")
    (outcome,) = send_all([MLFLOW], [BEGUN, *VALIDATIONS, ENDED], work)
    assert json.loads(outcome.place) == 4
    assert list(work.iterdir()) == []
