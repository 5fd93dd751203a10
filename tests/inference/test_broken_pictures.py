"""Broken, hostile and strange pictures: each is answered for or refused, in bounded memory, and stops nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.broken_pictures import Case, make, make_strange_places

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_sets import Picture, read_pictures
from fashion_classifier.data.pictures import SUFFIXES, read_picture
from fashion_classifier.errors import DataError, FaultList
from fashion_classifier.inference.decoding import decode
from fashion_classifier.inference.inputs import find_inputs, reading

SHAPE = ImageShape(28, 28, 1)
MOST_MB = 500  # above a process that has nothing to do

# Decodes each file in a process of its own, forked from one that has done nothing: [error, megabytes above that].
MEASURE = """
import json, os, sys
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.inference.decoding import decode

with open("/proc/self/statm") as memory:
    idle = int(memory.read().split()[1]) * os.sysconf("SC_PAGESIZE")
found = {}
for name in sorted(os.listdir(sys.argv[1])):
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        with os.fdopen(writes, "w") as told:
            told.write(decode([os.path.join(sys.argv[1], name)], ImageShape(28, 28, 1)).errors[0])
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        error = told.read()
    _, status, used = os.wait4(child, 0)
    found[name] = [error if status == 0 else f"ended with status {status}", (used.ru_maxrss * 1024 - idle) / 1e6]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> tuple[Path, list[Case]]:
    """All files, in a folder."""
    folder = tmp_path_factory.mktemp("broken")
    return folder, list(make(folder))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by what Linux tells of a process")
def test_each_is_answered_for_or_refused_within_bounded_memory(corpus):
    folder, cases = corpus
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE, str(folder)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert set(found) == {case.name for case in cases}
    assert done.stderr == ""
    wrong = {case.name: found[case.name] for case in cases if case.readable is (found[case.name][0] != "")}
    assert not wrong
    assert {name: mb for name, (_, mb) in found.items() if mb > MOST_MB} == {}
    for name, (error, _) in found.items():
        assert error == "" or (name in error and error.endswith(".")), error


@pytest.mark.slow
def test_one_after_the_other_each_has_its_row(corpus):
    folder, cases = corpus
    (folder / "sound.png").write_bytes((folder / "1x1.png").read_bytes())
    try:
        files = find_inputs([folder])
        assert len(files) == len(cases) + 1
        with reading(files, SHAPE) as batches:
            rows = {
                Path(path).name: error
                for batch in batches
                for path, error in zip(batch.paths, batch.errors, strict=True)
            }
    finally:
        (folder / "sound.png").unlink()
    assert rows.pop("sound.png") == ""
    assert {case.name for case in cases if case.readable is False} <= {name for name, error in rows.items() if error}


@pytest.mark.slow
def test_loading_names_each_that_cannot_be_read(corpus):
    folder, cases = corpus
    faults = FaultList()
    small = [case for case in cases if not case.name.startswith("bomb")]
    assert (
        read_pictures([Picture(case.name, folder / case.name) for case in small], (8, 8), faults, lambda *_: None)
        is None
    )
    named = {fault.place for fault in faults.faults}
    assert {case.name for case in small if case.readable is False} <= named
    assert not {case.name for case in small if case.readable} & named


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    refused = make_strange_places(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "sound.png")
    with reading(find_inputs([tmp_path]), SHAPE) as batches:
        rows = {
            Path(path).name: error for batch in batches for path, error in zip(batch.paths, batch.errors, strict=True)
        }
    assert {name for name, error in rows.items() if error} == set(refused)
    assert rows["sound.png"] == ""


def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    try:
        Image.new("L", (8, 8)).save(os.fsdecode(name))
    except OSError:
        pytest.skip("this file system takes no such names")
    with reading(find_inputs([tmp_path]), SHAPE) as batches:
        assert [error for batch in batches for error in batch.errors] == [""]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    (tmp_path / "x.png").chmod(0)
    assert "Permission denied" in decode([str(tmp_path / "x.png")], SHAPE).errors[0]


def test_a_picture_that_would_take_too_much_memory_says_how_much(tmp_path):
    Image.new("RGBA", (7800, 7800)).save(tmp_path / "x.png")
    with pytest.raises(DataError, match=r"7800x7800 pixels, as PNG in mode RGBA, take about 426 MB .* at most 400 MB"):
        read_picture(tmp_path / "x.png")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK", "I;16", "L", "RGB"])
def test_a_picture_of_several_strips_is_what_one_strip_would_make_of_it(tmp_path, mode, monkeypatch):
    rows, columns = np.mgrid[0:50, 0:40]
    planes = np.dstack([rows * 5, columns * 6, rows + columns, 255 - rows * 5]).astype(np.uint8)
    picture = Image.fromarray(planes)
    picture = Image.fromarray(rows.astype(np.uint16) * 1000) if mode == "I;16" else picture.convert(mode)
    place = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    picture.save(place)
    whole = np.asarray(read_picture(place))
    monkeypatch.setattr("fashion_classifier.data.pictures.STRIP_PIXELS", 300)
    np.testing.assert_array_equal(np.asarray(read_picture(place)), whole)


@pytest.mark.slow
def test_every_case_has_the_name_of_a_picture(corpus):
    assert all(Path(case.name).suffix in SUFFIXES for case in corpus[1])
