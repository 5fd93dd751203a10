"""`fashion doctor`: what the machine offers, what is wrong, and that a broken part hides no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fashion_classifier.cli.doctor import IMPORTED, TOPICS
from fashion_classifier.experiment.checkup import answering, computing, hardware, holdings, packages
from fashion_classifier.experiment.checkup.finding import Finding, Problem
from fashion_classifier.inference import shelf

SHIPPED = shelf.SHIPPED


@pytest.fixture
def all_well(monkeypatch):
    """Find every topic well, as what is found of each has a test of its own."""
    for topic in TOPICS:
        module, function = topic.place.split(".")
        home = {"answering": answering, "computing": computing, "hardware": hardware}
        home |= {"holdings": holdings, "packages": packages}
        said, facts = f"{topic.title} is well", {"known": True}
        monkeypatch.setattr(home[module], function, lambda said=said, facts=facts: Finding(said=said, facts=facts))


def test_where_all_is_well_it_says_so(fashion, all_well):
    result = fashion("doctor")
    assert result.code == 0
    for topic in TOPICS:
        assert f"{topic.title:<11}{topic.title} is well" in result.out
    assert "Nothing is wrong." in result.out
    facts = fashion("doctor", "--json").json
    assert (facts["schema"], facts["well"], facts["problems"]) == ("fashion.doctor/1", True, [])
    assert {topic.name for topic in TOPICS} | {"settings"} <= set(facts)


def test_what_is_wrong_is_told_with_its_remedy_and_ends_with_a_code(fashion, all_well, monkeypatch):
    problem = Problem("The cache is full.", "Clear it.")
    monkeypatch.setattr(holdings, "cache", lambda: Finding(said="a place", problems=(problem,)))
    result = fashion("doctor")
    assert result.code == 4
    assert "! The cache is full. Clear it." in result.out
    assert "1 thing is wrong" in result.out
    facts = fashion("doctor", "--json").json
    assert facts["problems"] == [{"topic": "cache", "problem": "The cache is full.", "remedy": "Clear it."}]
    assert facts["well"] is False


def test_a_library_that_breaks_is_a_problem_of_its_topic_alone(fashion, all_well, monkeypatch):
    def broken() -> Finding:
        raise ImportError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(computing, "precision", broken)
    result = fashion("doctor", "--json")
    assert result.code == 4
    [problem] = result.json["problems"]
    assert problem["topic"] == "precision"
    assert "libgomp" in problem["problem"]
    assert "pip install" in problem["remedy"]
    assert result.json["cache"] == {"known": True}


def test_a_library_that_would_end_the_program_is_not_used(fashion, all_well, monkeypatch):
    problem = Problem("polars cannot be imported: the process that imports it is ended by SIGILL.", "Install another.")
    monkeypatch.setattr(
        packages, "libraries", lambda: Finding(said="1 does not serve", problems=(problem,), deadly=("polars",))
    )
    for module, function in ((computing, "precision"), (answering, "runtimes")):
        monkeypatch.setattr(module, function, lambda: pytest.fail("it was used"))
    result = fashion("doctor")
    assert result.code == 4
    assert result.out.count("not looked at, as polars would end this program") == 4
    assert "Cache is well" in result.out


def test_what_everything_needs_is_not_used_either_where_it_would_end_the_program(fashion, all_well, monkeypatch):
    problem = Problem("numpy cannot be imported: the process that imports it is ended by SIGILL.", "Install another.")
    monkeypatch.setattr(
        packages, "libraries", lambda: Finding(said="1 does not serve", problems=(problem,), deadly=("numpy", "scipy"))
    )
    for topic in TOPICS:
        module, function = topic.place.split(".")
        if module in {"hardware", "holdings"}:
            home = {"hardware": hardware, "holdings": holdings}[module]
            monkeypatch.setattr(home, function, lambda: pytest.fail("it was used"))
    result = fashion("doctor")
    assert result.code == 4
    assert "Extras is well" in result.out
    assert result.out.count("not looked at, as numpy would end this program") == 6
    assert result.out.count("not looked at, as numpy and scipy would end this program") == 4
    assert "no fashion.toml in the working folder" in result.out


def test_what_is_looked_at_without_computing_imports_nothing_else():
    places = [topic.place.split(".") for topic in TOPICS]
    others = {package.name for package in packages.needs()} - IMPORTED - {"packaging"}
    looked_at = [place for place in places if place[0] in {"packages", "hardware", "holdings"}]
    code = f"import sys\nsys.modules.update(dict.fromkeys({sorted(others)!r}))\nfrom importlib import import_module\n"
    code += f"for module, function in {looked_at!r}:\n    if function != 'libraries':\n"
    code += "        getattr(import_module(f'fashion_classifier.experiment.checkup.{module}'), function)()\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_settings_that_are_taken_from_a_named_file_alone_are_told_as_such(fashion, all_well):
    Path("fashion.toml").write_text("[train]\nminutes = 5\n")
    assert fashion("doctor").out.count("fashion.toml in the working folder, all of which can be\n") == 1
    Path("fashion.toml").write_text("[train]\nminutes = 5\nout = '../models'\n[predict]\ncluster = 'auto'\n")
    result = fashion("doctor")
    assert result.code == 0
    assert "all of which can be, some of it where it is named alone (--config fashion.toml)" in result.out


def test_the_settings_of_all_commands_are_checked(fashion, all_well):
    Path("fashion.toml").write_text("[train]\nminuets = 5\n[data.check]\nseed = 1\n[run]\nminutes = 5\n")
    result = fashion("doctor", "--json")
    said = [problem["problem"] for problem in result.json["problems"]]
    assert [problem.split(":")[0] for problem in said] == [
        "fashion.toml, [train] minuets",
        "fashion.toml, [data.check] seed",
    ]
    Path("fashion.toml").write_text("[train\n")
    [problem] = fashion("doctor", "--json").json["problems"]
    assert "fashion.toml: it is no TOML" in problem["problem"]
    Path("fashion.toml").write_text("[run]\nminutes = 5\n[doctor]\n")
    assert fashion("doctor").code == 0


@pytest.mark.slow
def test_this_installation_is_looked_at_in_earnest(fashion, monkeypatch):
    monkeypatch.setattr(shelf, "SHIPPED", SHIPPED)
    facts = fashion("doctor", "--json").json
    wrong = [
        problem for problem in facts["problems"] if problem["topic"] not in {"memory", "disk", "extras", "graphics"}
    ]
    assert wrong == []
    assert facts["precision"]["images_per_s"] > 0
    assert facts["runtimes"]["onnx"]["answers"]
    assert facts["runtimes"]["torch"]["answers"]
    assert facts["models"]["fashion-mnist"]["whole"]
