"""`optuna-dashboard` opens a study of ours as it is."""

from __future__ import annotations

import json
import shutil
import urllib.request

import pytest
from tests.tracking.conftest import Server


@pytest.mark.slow
def test_the_dashboard_shows_the_trials_of_a_run(finished_run, tmp_path):
    study = shutil.copy(finished_run / "study.db", tmp_path)
    program = "from optuna_dashboard._cli import main; main()"
    server = Server(["-c", program, f"sqlite:///{study}", "--host", "127.0.0.1", "--port", "{port}"], tmp_path)
    try:
        server.start("/dashboard/")
        with urllib.request.urlopen(f"{server.address}/api/studies", timeout=30) as answer:
            studies = {study["study_name"]: study for study in json.load(answer)["study_summaries"]}
        assert set(studies) == {"search", "confirmation"}
        number = studies["search"]["study_id"]
        with urllib.request.urlopen(f"{server.address}/api/studies/{number}?after=0", timeout=30) as answer:
            trials = json.load(answer)["trials"]
        assert [trial["state"] for trial in trials] == ["Complete", "Complete"]
    finally:
        server.stop()
