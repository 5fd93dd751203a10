"""The figures that docs/reliability.md tells are those of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data import test_cache as cache
from tests.evidence import test_trainings as trainings
from tests.experiment import test_full as full
from tests.hostile_parquet import HOSTILE
from tests.inference.runtimes import test_onnx_file as graphs
from tests.reliability import harms
from tests.reliability import test_downloads as downloads
from tests.reliability import test_folders_that_change as changing
from tests.reliability import test_no_code_from_files as code
from tests.reliability import test_supply as supply
from tests.reliability import test_unfit_models as commands
from tests.tuning import test_study as study

TOLD = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
FIGURES = [
    f"{sum(map(len, (harms.FOLDERS, harms.DESCRIPTIONS, harms.WEIGHTS, harms.GRAPHS)))} harmed folders",
    f"{len(graphs.HARM)} harmed graphs",
    f"{len(commands.CASES)} commands on unfit models",
    f"{3 * changing.OPENINGS} openings of a folder that changes",
    f"0 found, {len(code.ALLOWED)} named exceptions",
    f"{len(code.PLANTED)} planted sources",
    f"{len(downloads.ANSWERS)} ways to misbehave: 0 wrong files, {len(downloads.ANSWERS)} reasons",
    f"{2 * len(downloads.ANSWERS)} downloads right afterwards",
    f"{len(trainings.HARMS) + len(full.PLANS) + len(study.HARMS)} harms told with place and remedy",
    f"{len(cache.HARMS) + len(cache.INDEXES)} of the cache read anew",
    f"{len(supply.LOCK)} of {len(supply.CONSTRAINTS)} packages are hashed",
    f"{len(HOSTILE)} of {len(HOSTILE)} refused",
]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_told(figure):
    assert figure in TOLD
