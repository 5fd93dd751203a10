"""The journal: a line a record, read while it grows."""

from __future__ import annotations

from pathlib import Path

from tests.tracking.records import ALL, BEGUN, CONCLUDED, ENDED, TRIALS, VALIDATIONS, Remembering

from fashion_classifier.tracking.journal import Reader, append, identity_in
from fashion_classifier.tracking.records import Ended, Told, from_line, to_line
from fashion_classifier.tracking.sending import follow, send, without_secrets


def test_records_come_back_from_their_lines():
    for record in [*ALL, Told(tracker="mlflow", reason="gone")]:
        line = to_line(record)
        assert line.count("\n") == 1
        assert to_line(from_line(line)) == line


def test_a_journal_is_read_as_it_grows_and_a_line_that_is_being_written_later(tmp_path):
    journal = tmp_path / "journal"
    append(journal, BEGUN)
    reader = Reader(journal)
    assert list(reader.new()) == [BEGUN]
    whole = to_line(ENDED).encode()
    with journal.open("ab") as file:
        file.write(whole[:5])
    assert list(reader.new()) == []
    with journal.open("ab") as file:
        file.write(whole[5:] + b"damaged\n" + whole)
    assert list(reader.new()) == [ENDED, ENDED]


def test_work_that_goes_on_is_known_by_its_journal(tmp_path):
    journal = tmp_path / "journal"
    assert identity_in(journal) == ""
    append(journal, BEGUN)
    assert identity_in(journal) == BEGUN.identity


def test_a_journal_is_followed_until_it_is_closed_and_read_to_its_end(tmp_path):
    journal = tmp_path / "journal"
    journal.touch()
    asked = iter(ALL)

    def is_closed(_: float) -> bool:
        """Another record comes each time that this is asked; the last two after the last look."""
        record = next(asked)
        append(journal, record)
        if record is CONCLUDED:
            append(journal, ENDED)
        return record is CONCLUDED

    assert [to_line(record) for record in follow(Reader(journal), is_closed)] == [to_line(record) for record in ALL]


def test_a_tracker_is_told_everything_once_and_how_it_ended():
    tracker = Remembering()
    twice = [*ALL[:-1], Ended(state="interrupted"), *ALL]
    assert send(iter(twice), tracker, Path("work")) == "in memory"
    concluded = (CONCLUDED, Path("work"))
    assert tracker.told == [
        *(BEGUN, *VALIDATIONS, *TRIALS, concluded),
        *(*VALIDATIONS, concluded),  # a tracker knows by the step what it has already
        "finished",
    ]


def test_work_that_did_not_say_that_it_ended_was_interrupted():
    tracker = Remembering()
    send(iter([BEGUN, ENDED, BEGUN]), tracker, Path())
    assert tracker.told[-1] == "interrupted"


def test_nothing_is_told_of_what_never_began():
    tracker = Remembering()
    assert send(iter([]), tracker, Path()) == ""
    assert tracker.told == []


def test_what_an_address_in_the_environment_hides_is_not_repeated():
    said = "API request to https://me:s3cr@t@host:1/api failed, as did sqlite:////tmp/a@b and http://token@[::1]/x"
    found = without_secrets(said)
    assert "s3cr" not in found
    assert "token" not in found
    assert found == "API request to https://host:1/api failed, as did sqlite:////tmp/a@b and http://[::1]/x"
