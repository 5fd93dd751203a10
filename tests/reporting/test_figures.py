"""Every figure says what was measured, and its labels stand apart, whatever the classes are called."""

import base64
import io
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from PIL import Image

from fashion_classifier.reporting import figures
from fashion_classifier.reporting.figures.lettering import text_width
from fashion_classifier.reporting.gallery import Mistake
from fashion_classifier.reporting.results import Epoch, TrialFacts

SVG = "{http://www.w3.org/2000/svg}"
NAUGHTY = (
    "$x_1$",
    "<b>bold</b>",
    "a & b",
    'quo"te',
    "日本の着物",
    "two\nlines\x07",
    "x" * 150,
    "Плащ",
    "under_score",
    "",
)
MANY = tuple(f"Women's hand-knitted garment of kind {i}, with laces" for i in range(60))

KINDS: dict[str, dict[str, Any]] = {
    "ten classes": {},
    "two classes, colour": {"classes": ("cat", "dog"), "sizes": (300, 60, 80), "image_shape": (30, 64, 3)},
    "naughty names": {"classes": NAUGHTY},
    "60 classes": {"classes": MANY, "sizes": (600, 600, 1200)},
    "optimized is worse, no search": {"initial_skill": 4.2, "optimized_skill": 3.0, "search": False},
    "no mistakes": {"initial_skill": 60, "optimized_skill": 60, "sizes": (100, 50, 60)},
}


def draw(run):
    """Draw all figures of a run."""
    return figures.draw_figures(run.results) | figures.draw_mistakes(run.results, run.predictions, run.gallery)


def parse(figure, prefix="figure"):
    return ET.fromstring(figures.to_svg(figure, prefix=prefix))


def spaced(text):
    """Make every kind of space a plain one."""
    return " ".join(text.split())


def words(figure):
    """Give every text of a figure."""
    return [spaced(element.text) for element in parse(figure).iter(f"{SVG}text")]


def title(figure):
    """Give a figure's title: what stands highest."""
    return spaced(min(boxes(parse(figure)), key=lambda item: item[1][1])[0])


@pytest.fixture(scope="module", params=KINDS)
def drawn(request, make_run):
    """Give the figures of one kind of run, and each as SVG."""
    run = make_run(**KINDS[request.param])
    drawings = draw(run)
    return run, drawings, {name: figures.to_svg(figure, prefix=name) for name, figure in drawings.items()}


def boxes(root):
    """Give the place of each text that is not slanted: (left, top, right, bottom) in points."""
    for text in root.iter(f"{SVG}text"):
        style = dict(item.split(": ") for item in text.get("style").split("; ") if item)
        if "rotate(-45" in text.get("transform", ""):
            continue
        size = float(style["font-size"].removesuffix("px"))
        width = text_width(text.text, size, "bold" if style.get("font-weight") == "700" else "normal") / 1.03
        left = float(text.get("x")) - {"start": 0, "middle": 0.5, "end": 1}[style["text-anchor"]] * width
        y = float(text.get("y"))
        yield text.text, (left, y - 0.7 * size, left + width, y)


class TestEveryFigure:
    def test_a_report_has_all_its_figures(self, drawn):
        run, drawings, _ = drawn
        names = [
            "initial-against-optimized",
            "learning-curves",
            "search",
            "importance",
            "ladder",
            "confusion-initial",
            "confusion-rates-initial",
            "confusion-optimized",
            "confusion-rates-optimized",
            "per-class",
            "splits",
            "reliability",
            "risk-coverage",
            "robustness",
            "mistakes-initial",
            "mistakes-optimized",
            "mended-and-broken",
        ]
        expected = [name for name in names if run.results.search or name not in {"search", "importance"}]
        assert list(drawings) == expected

    def test_texts_lie_within_the_figure_and_apart_from_each_other(self, drawn):
        for name, markup in drawn[2].items():
            root = ET.fromstring(markup)
            _, _, width, height = map(float, root.get("viewBox", "").split())
            places = list(boxes(root))
            for text, (left, top, right, bottom) in places:
                inside = left > -0.5 and top > -0.5 and right < width + 0.5 and bottom < height + 0.5
                assert inside, (name, text, left, top, right, bottom)
            for (text, a), (other, b) in combinations(places, 2):
                overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                assert min(overlap) < 1, (name, text, other, overlap)

    def test_each_has_words_for_those_who_cannot_see_it(self, drawn):
        for name, figure in drawn[1].items():
            assert len(figures.alt_text(figure)) > 20, name
            assert ET.fromstring(drawn[2][name]).get("aria-label") == figures.alt_text(figure)

    def test_none_is_larger_than_a_page_can_hold(self, drawn):
        for name, markup in drawn[2].items():
            assert len(markup) < 120_000, name

    def test_all_are_as_wide_as_a_column(self, drawn):
        assert {figure.get_figwidth() * 72 for figure in drawn[1].values()} == {374}


def test_class_names_are_written_as_they_are(make_run):
    """No mathematics is read into them, and no markup; only control characters are left out."""
    run = make_run(classes=NAUGHTY)
    text = " ".join(words(figures.per_class_comparison(run.results)))
    for name in (
        "$x_1$",
        "<b>bold</b>",
        "a & b",
        'quo"te',
        "日本の着物",
        "two lines",
        "Плащ",
        "under_score",
        "xx…xx",
    ):
        assert name in text


class TestInitialAgainstOptimized:
    def test_shows_what_was_measured(self, fake_run):
        texts = words(figures.initial_against_optimized(fake_run.results))
        for model in (fake_run.results.initial, fake_run.results.optimized):
            for evaluation in (model.test, model.validation):
                assert f"{100 * evaluation.accuracy.value:.1f} %" in texts
                assert f"{evaluation.macro_f1.value:.3f}" in texts
                assert f"{evaluation.loss.value:.3f}" in texts

    def test_the_title_follows_the_models(self, make_run):
        run = make_run(initial_skill=4.2, optimized_skill=3.0)
        before, after = (m.test.accuracy.value for m in (run.results.initial, run.results.optimized))
        assert after < before
        figure = figures.initial_against_optimized(run.results)
        assert title(figure) == f"Test accuracy: {100 * before:.1f} % before, {100 * after:.1f} % after"

    def test_without_a_test_set_cross_validation_takes_its_place(self, fake_run):
        results = replace(
            fake_run.results,
            initial=replace(fake_run.results.initial, test=None),
            optimized=replace(fake_run.results.optimized, test=None),
        )
        figure = figures.initial_against_optimized(results)
        assert title(figure).startswith("Cross-validation accuracy")
        assert "Test" not in words(figure)
        assert "Test" not in words(figures.splits_side_by_side(results))
        assert "Test" not in " ".join(words(figures.per_class_comparison(results)))


def test_splits_are_shown_from_training_to_test(fake_run):
    """Their sizes and both models' accuracies are written."""
    texts = words(figures.splits_side_by_side(fake_run.results))
    assert [text for text in texts if text in {"Training", "Cross-validation", "Test"}] == [
        "Training",
        "Cross-validation",
        "Test",
    ]
    assert {"800 images", "400 images", "1,000 images"} <= set(texts)
    assert f"{100 * fake_run.results.initial.training.accuracy.value:.1f} %" in texts


class TestPerClass:
    def test_classes_are_sorted_by_gain(self, fake_run):
        texts = words(figures.per_class_comparison(fake_run.results))
        written = [float(text.replace("−", "-")) for text in texts if text[0] in "+−" and text[1:2].isdigit()]
        both = zip(fake_run.results.initial.test.per_class, fake_run.results.optimized.test.per_class, strict=True)
        assert written == sorted((round(b.f1 - a.f1, 3) for a, b in both), reverse=True)

    def test_of_many_classes_the_ends_are_shown_and_the_rest_is_counted(self, make_run):
        run = make_run(classes=tuple(f"class {i}" for i in range(50)), sizes=(500, 500, 1000))
        texts = words(figures.per_class_comparison(run.results))
        assert sum(text.startswith("class ") for text in texts) == 40
        assert any(text.startswith("10 more: ") for text in texts)


def epochs(n, *, step=1.0, validation=True):
    return tuple(
        Epoch(
            epoch=step * i,
            step=100 * i,
            seconds=float(i),
            learning_rate=0.1,
            training_loss=2 / i,
            training_accuracy=1 - 0.5 / i,
            validation_loss=2.5 / i if validation else None,
            validation_accuracy=1 - 0.6 / i if validation else None,
        )
        for i in range(1, n + 1)
    )


class TestLearningCurves:
    @pytest.mark.parametrize(
        "history", [epochs(1), epochs(9, step=0.25), epochs(3, validation=False), epochs(40)], ids=len
    )
    def test_any_history_is_drawn(self, fake_run, history):
        model = replace(fake_run.results.initial, history=history, retraining=(), steps=100)
        texts = words(figures.learning_curves(model, fake_run.results.optimized))
        assert f"epoch {history[0].epoch:.3g}" in texts
        assert not any("nan" in text for text in texts)

    def test_the_epoch_whose_weights_were_kept_is_marked(self, fake_run):
        history = epochs(10)
        model = replace(fake_run.results.initial, history=history, steps=600)
        figure = figures.learning_curves(model, fake_run.results.optimized)
        assert "epoch 6" in words(figure)
        dots = [
            np.asarray(line.get_xydata())[0] for axes in figure.axes for line in axes.lines if line.get_marker() == "o"
        ]
        assert [6.0, 1 - 0.6 / 6] in np.array(dots).tolist()
        assert [6.0, 2.5 / 6] in np.array(dots).tolist()

    def test_a_model_without_history_is_said_so(self, fake_run):
        model = replace(fake_run.results.optimized, history=(), retraining=())
        figure = figures.learning_curves(fake_run.results.initial, model)
        assert words(figure).count("nothing recorded") == 2
        assert "Optimized model: nothing recorded." in figures.alt_text(figure)
        assert "nothing recorded" in words(figures.learning_curves(model, model))

    def test_a_retraining_is_named_where_there_is_one(self, fake_run):
        models = [replace(model, retraining=()) for model in (fake_run.results.initial, fake_run.results.optimized)]
        assert "retraining" not in words(figures.learning_curves(*models))
        models[1] = replace(models[1], retraining=epochs(5, validation=False))
        assert "retraining" in words(figures.learning_curves(*models))

    def test_a_terrible_first_epoch_does_not_flatten_the_rest(self, fake_run):
        good = epochs(10)
        terrible = replace(good[0], training_loss=900.0, validation_loss=1000.0)
        figure = figures.learning_curves(
            replace(fake_run.results.initial, history=(terrible, *good[1:]), retraining=(), steps=1000),
            fake_run.results.optimized,
        )
        assert max(axes.get_ylim()[1] for axes in figure.axes) < 20


class TestConfusionMatrix:
    def cells(self, figure):
        """Give each cell's tooltip by its place."""
        marked = [e for e in parse(figure).iter() if e.get("data-true") is not None]
        return {(int(e.get("data-true")), int(e.get("data-predicted"))): e.find(f"{SVG}title").text for e in marked}

    def test_cells_say_their_counts(self, fake_run):
        evaluation = fake_run.results.optimized.test
        cells = self.cells(figures.confusion_matrix(evaluation, title="Test"))
        counts = np.array(evaluation.confusion)
        assert set(cells) == {(int(i), int(j)) for i, j in np.argwhere(counts)}
        for (i, j), text in cells.items():
            assert f": {counts[i, j]:,} of {counts[i].sum():,} (" in text
            assert text.startswith(evaluation.classes[i])
            assert i == j or f"taken for {evaluation.classes[j]}:" in text

    def test_numbers_stand_in_their_cells(self, fake_run):
        evaluation = fake_run.results.optimized.test
        for normalise in (False, True):
            figure = figures.confusion_matrix(evaluation, title="Test", normalise=normalise)
            counts = np.array(evaluation.confusion)
            notes = (note for note in figure.axes[0].texts if isinstance(note, Annotation))
            shown = {note.xy: note.get_text() for note in notes if note.xycoords == ("data", "data")}
            rates = 100 * counts / counts.sum(axis=1, keepdims=True)
            for i, j in np.argwhere(counts):
                assert shown[j, i] == (f"{rates[i, j]:.1f}" if normalise else str(counts[i, j]))
            assert len(shown) == np.count_nonzero(counts)

    @pytest.mark.parametrize("normalise", [False, True])
    def test_the_most_confused_pairs_are_named_worst_first(self, make_run, normalise):
        evaluation = make_run(seed=5, sizes=(100, 100, 700)).results.initial.test
        counts = np.array(evaluation.confusion)
        errors = (counts / counts.sum(axis=1, keepdims=True) if normalise else counts) * (1 - np.eye(10))
        texts = words(figures.confusion_matrix(evaluation, title="Test", normalise=normalise))
        named = [text.split(" taken for ") for text in texts if " taken for " in text]
        listed = [errors[evaluation.classes.index(a), evaluation.classes.index(b)] for a, b in named]
        assert listed == sorted(errors.ravel(), reverse=True)[:5]

    def test_nothing_confused_is_said_so(self, make_run):
        run = make_run(initial_skill=60, optimized_skill=60, sizes=(50, 50, 50))
        assert "Nothing was confused." in words(figures.confusion_matrix(run.results.initial.test, title="Test"))

    def test_many_classes_are_one_image_and_fewer_names(self, make_run):
        evaluation = make_run(classes=MANY, sizes=(600, 600, 1200)).results.initial.test
        figure = figures.confusion_matrix(evaluation, title="Test")
        root = parse(figure)
        assert len(list(root.iter(f"{SVG}image"))) == 1
        assert self.cells(figure) == {}
        assert sum("…" in text and "taken for" not in text for text in words(figure)) <= 2 * 30


def gallery_images(figure):
    """Give the embedded images of a figure as (format, pixels, element), in reading order."""
    for element in parse(figure).iter(f"{SVG}image"):
        head, _, data = element.get("href").partition(";base64,")
        yield (
            head.removeprefix("data:image/"),
            np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))),
            element,
        )


def mistake(image, true="Shirt", predicted="Coat", probability=0.993):
    return Mistake(
        image=image,
        true=true,
        predicted=predicted,
        probability=probability,
        true_probability=0.004,
        other_predicted=true,
        other_probability=0.6,
    )


class TestMistakesGallery:
    def test_small_images_are_embedded_pixel_by_pixel_in_their_order(self):
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 256, (28, 28), dtype=np.uint8) for _ in range(9)]
        figure = figures.mistakes_gallery([mistake(image) for image in images], title="Wrong", limit=7)
        embedded = list(gallery_images(figure))
        assert len(embedded) == 7
        for (form, pixels, element), image in zip(embedded, images, strict=False):
            assert form == "png"
            assert (pixels == image).all()
            assert "pixelated" in element.get("style")

    def test_photographs_are_shrunk_and_keep_shape_and_colour(self):
        red = np.zeros((300, 600, 3), dtype=np.uint8)
        red[..., 0] = 200
        ((form, pixels, _),) = gallery_images(figures.mistakes_gallery([mistake(red)], title="Wrong"))
        assert form == "jpeg"
        assert pixels.shape == (80, 160, 3)
        assert np.abs(pixels.mean(axis=(0, 1)) - [200, 0, 0]).max() < 3

    def test_says_what_it_is_what_was_said_and_how_sure(self):
        figure = figures.mistakes_gallery([mistake(np.zeros((8, 8), np.uint8))], title="Wrong")
        assert {"Shirt", "Coat", "99 %"} <= set(words(figure))
        ((_, _, element),) = gallery_images(figure)
        assert (element.get("data-true"), element.get("data-predicted")) == ("Shirt", "Coat")

    def test_no_mistakes_are_said_so(self):
        figure = figures.mistakes_gallery([], title="Optimized model: 0 misclassified images")
        assert "There is none." in words(figure)

    def test_mended_stands_left_of_broken_under_the_true_numbers(self, fake_run):
        image = np.zeros((8, 8), np.uint8)
        figure = figures.mended_and_broken(
            [mistake(image, true="left")] * 3,
            [mistake(image, true="right")],
            limit=2,
            comparison=fake_run.results.comparison,
        )
        texts = words(figure)
        assert f"Mended: {fake_run.results.comparison.mended}" in texts
        assert f"Broken: {fake_run.results.comparison.broken}" in texts
        assert (texts.count("left"), texts.count("right")) == (2, 1)
        places = dict(boxes(parse(figure)))
        assert places["left"][0] < places["right"][0]


def trial(number, state="complete", accuracy=0.9, *, family="cnn", purpose="search"):
    return TrialFacts(
        number=number,
        state=state,
        purpose=purpose,
        family=family,
        settings={},
        accuracy=accuracy,
        loss=None,
        n_parameters=None,
        seconds=10.0,
        started_after=10.0 * number,
        reason="",
    )


class TestSearchProgress:
    def searched(self, search, *trials, chosen=1):
        return replace(search, trials=trials, chosen=chosen)

    def test_names_trial_0_and_the_chosen_one(self, fake_run):
        search = self.searched(fake_run.results.search, trial(0, accuracy=0.9), trial(1, accuracy=0.92), trial(2))
        texts = words(figures.search_progress(search))
        assert "trial 0: 90.0 %" in texts
        assert "trial 1, chosen: 92.0 %" in texts

    def test_the_best_so_far_never_falls_and_leaves_out_confirmations(self, fake_run):
        trials = [trial(i, accuracy=a) for i, a in enumerate([0.90, 0.93, 0.91, 0.94, 0.92])]
        search = self.searched(fake_run.results.search, *trials, trial(5, accuracy=0.99, purpose="confirmation"))
        axes = figures.search_progress(search).axes[0]
        (best,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
        times, heights = np.asarray(best.get_xydata()).T
        assert all(a <= b for a, b in pairwise(heights))
        assert (heights[0], heights[-1]) == (0.90, 0.94)
        assert times[-1] == pytest.approx(1.0)

    def test_trials_that_did_not_finish_have_their_lanes(self, fake_run):
        search = self.searched(
            fake_run.results.search, trial(0), trial(1), trial(2, "pruned", 0.5), trial(3, "failed", None)
        )
        texts = words(figures.search_progress(search))
        assert {"stopped", "failed"} <= set(texts)
        assert any("2 of 4 trials finished, 1 stopped, 1 failed" in text for text in texts)

    def test_families_differ_in_colour_and_marker(self, fake_run):
        families = ("cnn", "mlp", "resnet", "vit", "fifth", "sixth", "seventh")
        search = self.searched(fake_run.results.search, *(trial(i, family=f) for i, f in enumerate(families)))
        figure = figures.search_progress(search)
        signs = {
            (line.get_color(), line.get_marker())
            for line in figure.axes[0].lines
            if line.get_marker() not in {"None", ""} and line.get_markersize() == 7
        }
        assert len(signs) == len(families)
        assert len({marker for _, marker in signs}) == len(families)
        assert set(families) <= set(words(figure))

    def test_no_finished_trial_is_said_so(self, fake_run):
        search = self.searched(fake_run.results.search, trial(0, "failed", None), chosen=0)
        assert "No trial was finished." in words(figures.search_progress(search))

    def test_one_trial_alone_is_trial_0_and_chosen(self, fake_run):
        texts = words(figures.search_progress(self.searched(fake_run.results.search, trial(0), chosen=0)))
        assert "trial 0, chosen: 90.0 %" in texts

    def test_a_trial_far_below_the_others_keeps_its_number_at_the_edge(self, fake_run):
        accuracies = [0.92, 0.93, 0.925, 0.928, 0.2]
        search = self.searched(fake_run.results.search, *(trial(i, accuracy=a) for i, a in enumerate(accuracies)))
        figure = figures.search_progress(search)
        assert figure.axes[0].get_ylim()[0] > 0.85
        assert "↓ 20.0 %" in words(figure)


class TestImportance:
    def test_bars_are_named_and_as_long_as_their_shares(self, fake_run):
        search = replace(fake_run.results.search, importance={"cnn": {"learning_rate": 0.6, "dropout": 0.3}})
        figure = figures.hyperparameter_importance(search)
        assert [bar.get_width() for bar in figure.axes[0].findobj(Rectangle) if bar in figure.axes[0].patches] == [
            0.6,
            0.3,
        ]
        assert {"learning rate", "60 %", "dropout", "30 %"} <= set(words(figure))

    def test_without_any_it_says_why(self, fake_run):
        search = replace(fake_run.results.search, importance={})
        assert "Too few trials to tell." in words(figures.hyperparameter_importance(search))
