"""The wall: each image once, in every kind that it belongs to, with the true numbers of what is not shown."""

import json

import numpy as np
import pytest

from fashion_classifier.reporting.gallery import broken, mended, misclassified
from fashion_classifier.reporting.predictions import predictions_table
from fashion_classifier.reporting.sprite import make_sprite
from fashion_classifier.reporting.wall import build_wall


@pytest.fixture(scope="module")
def wall(fake_run):
    return build_wall(fake_run.predictions, fake_run.gallery, len(fake_run.gallery))


def kinds_of(wall):
    return {kind.name: kind for kind in wall.kinds}


def test_the_first_kind_is_of_the_optimized_model(wall):
    assert wall.kinds[0].name == "optimized"


def test_each_image_has_one_tile(wall, fake_run):
    assert sorted(tile.image for tile in wall.tiles) == list(range(len(fake_run.gallery)))


def test_kinds_hold_what_their_names_say_the_surest_first(wall, fake_run):
    predictions, gallery = fake_run.predictions, fake_run.gallery
    expected = {
        "optimized": misclassified(predictions, gallery, "optimized"),
        "initial": misclassified(predictions, gallery, "initial"),
        "mended": mended(predictions, gallery),
        "broken": broken(predictions, gallery),
    }
    for name, mistakes in expected.items():
        kind = kinds_of(wall)[name]
        tiles = [wall.tiles[number] for number in kind.tiles]
        assert [wall.classes[tile.true] for tile in tiles] == [mistake.true for mistake in mistakes]
        assert [wall.classes[tile.said[kind.model]] for tile in tiles] == [mistake.predicted for mistake in mistakes]
        assert [tile.sure[kind.model] for tile in tiles] == [mistake.probability for mistake in mistakes]
        for tile, mistake in zip(tiles, mistakes, strict=True):
            np.testing.assert_array_equal(gallery.images[tile.image], mistake.image)


def test_a_tile_says_what_became_of_its_image(wall):
    kinds = kinds_of(wall)
    for name, outcome in (("mended", "mended"), ("broken", "broken"), ("both", "both wrong")):
        assert {wall.tiles[number].outcome for number in kinds[name].tiles} == {outcome}
    assert len(wall.tiles) == sum(len(kinds[name].tiles) for name in ("mended", "broken", "both"))


@pytest.mark.parametrize("model", ["initial", "optimized"])
def test_totals_are_the_confusion_matrix(wall, fake_run, model):
    expected = np.array(getattr(fake_run.results, model).test.confusion)
    np.fill_diagonal(expected, 0)
    counted = np.zeros_like(expected)
    for true, predicted, n in kinds_of(wall)[model].totals:
        counted[true, predicted] = n
    np.testing.assert_array_equal(counted, expected)


def test_what_has_no_room_is_counted_all_the_same(wall, fake_run):
    less = build_wall(fake_run.predictions, fake_run.gallery, 10)
    assert sorted(tile.image for tile in less.tiles) == list(range(10))
    assert [kind.n for kind in less.kinds] == [kind.n for kind in wall.kinds]
    assert 0 < len(less.kinds[0].tiles) < len(wall.kinds[0].tiles)
    assert max(max(kind.tiles, default=0) for kind in less.kinds) < len(less.tiles)


def test_two_images_of_one_content_are_two_tiles_of_one_picture(fake_run):
    import polars as pl

    from fashion_classifier.reporting.gallery import choose_gallery

    hashes, labels = ["a", "b", "a"], np.array([0, 0, 1])
    wrong = np.array([[0.2, 0.8], [0.9, 0.1], [0.7, 0.3]])
    table = pl.concat(
        predictions_table(model, "test", hashes, labels, wrong, classes=("bag", "coat"))
        for model in ("initial", "optimized")
    )
    gallery = choose_gallery(table, np.zeros((3, 2, 2), np.uint8), hashes)
    wall = build_wall(table, gallery, len(gallery))
    assert [(tile.image, tile.true) for tile in wall.tiles] == [(0, 0), (0, 1)]
    assert wall.kinds[0].totals == ((0, 1, 1), (1, 0, 1))


def test_the_scripts_data_is_json_with_a_value_for_each_tile(wall, fake_run):
    data = json.loads(json.dumps(wall.data(make_sprite(fake_run.gallery.images))))
    assert {len(values) for values in data["tiles"].values()} == {len(wall.tiles)}
    first = wall.kinds[0].tiles[0]
    assert data["kinds"]["optimized"]["tiles"][0] == first
    assert data["tiles"]["optimizedSure"][first] == f"{100 * wall.tiles[first].sure['optimized']:.0f}\u202f%"
    assert data["classes"] == list(wall.classes)
