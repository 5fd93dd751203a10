"""A run stands among published figures only where its data is theirs, and what cannot be compared stands apart."""

from dataclasses import replace

import pytest

from fashion_classifier.reporting.published import PUBLISHED, is_fashion_mnist, published_for, stand_beside
from fashion_classifier.reporting.rendering import environment

# As `fashion data check` gives it for the official files, and as the shipped model's record has it.
OFFICIAL = "020b9c67eef26da33fce889b3fd7ca6883a03cffcf463c3c05019cf790f84bb3"


@pytest.fixture(name="official")
def _official(fake_run):
    """Give a run on the official files."""
    results = fake_run.results
    return replace(results, data=replace(results.data, fingerprint=OFFICIAL))


def test_data_is_known_by_its_content_not_by_its_name(fake_run, official):
    assert fake_run.results.data.name == official.data.name == "Fashion-MNIST"
    assert published_for(fake_run.results.data) == ()
    assert stand_beside(fake_run.results) is None
    assert is_fashion_mnist(official.data)
    assert published_for(official.data) == PUBLISHED
    assert is_fashion_mnist(replace(official.data, name="my folder"))


def test_every_figure_has_a_source_and_says_how_it_was_measured():
    assert len({figure.what for figure in PUBLISHED}) == len(PUBLISHED)
    for figure in PUBLISHED:
        assert 0.5 < figure.accuracy < 1
        assert figure.source.startswith("arXiv:") or "/" in figure.source
        assert figure.note.endswith(".")
        assert figure.n * figure.accuracy == pytest.approx(round(figure.n * figure.accuracy))


def test_the_run_stands_among_what_can_be_compared_lowest_first(official):
    standings = stand_beside(official)
    accuracies = [standing.accuracy.value for standing in standings.comparable]
    assert accuracies == sorted(accuracies)
    (ours,) = [standing for standing in standings.comparable if standing.is_ours]
    assert ours.accuracy == official.optimized.test.accuracy
    assert standings.has_ours
    assert len(standings.comparable) == 1 + sum(figure.clean for figure in PUBLISHED)
    assert not any(standing.is_ours for standing in standings.quoted)
    assert [standing.accuracy.value for standing in standings.quoted] == sorted(
        figure.accuracy for figure in PUBLISHED if not figure.clean
    )


def test_people_are_less_sure_than_networks_for_they_saw_fewer_images(official):
    widths = {s.what: s.accuracy.high - s.accuracy.low for s in stand_beside(official).comparable if not s.is_ours}
    assert max(widths, key=widths.get).startswith("People")


def test_a_run_whose_test_set_is_sealed_has_no_figure_there(official):
    sealed = replace(official, optimized=replace(official.optimized, test=None))
    assert not stand_beside(sealed).has_ours


def section(standings):
    templates = environment()
    template = templates.from_string('{% import "parts.html" as parts %}{% include "sections/published.html" %}')
    return " ".join(template.render(published=standings).split())


def test_the_section_marks_the_run_and_names_every_source(official):
    html = section(stand_beside(official))
    assert html.count('class="chosen"') == 1
    assert f"<em>Optimized model ({official.optimized.family})</em>" in html
    for figure in PUBLISHED:
        assert figure.source in html
    assert html.index("can be compared") < html.index('class="chosen"') < html.index("but not comparable")
    assert html.count("<th ") == 4 + 2 + len(PUBLISHED) + 1
    assert "has not been opened" not in html


def test_the_section_says_when_the_run_has_no_figure(official):
    sealed = replace(official, optimized=replace(official.optimized, test=None))
    html = section(stand_beside(sealed))
    assert "has not been opened" in html
    assert 'class="chosen"' not in html


def test_for_other_data_the_section_is_empty(fake_run):
    assert section(stand_beside(fake_run.results)) == ""
