"""The conclusion changes with what was measured."""

from dataclasses import replace

import numpy as np
import pytest
from tests.reporting.conftest import in_full

from fashion_classifier.evaluation.comparison import compare_counts
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.reporting.conclusion import conclude


def text(section):
    """Join a section's sentences, with ordinary spaces."""
    return plain(" ".join(section.sentences))


def plain(sentence):
    return sentence.replace("\u202f", " ").replace("\u00a0", " ")


def everything(conclusion):
    return " ".join([conclusion.headline, *map(text, conclusion.sections)])


def with_accuracy(model, **accuracies):
    """Change a model's accuracy on some splits."""
    return replace(
        model,
        **{split: replace(getattr(model, split), accuracy=Estimate(*ends)) for split, ends in accuracies.items()},
    )


def with_confusion(model, classes, labels, predicted):
    """Give a model the test evaluation of these answers."""
    probabilities = np.eye(len(classes))[predicted]
    return replace(model, test=evaluate(np.array(labels), probabilities, classes))


def gain(mended, broken):
    """Compare two trials on 100 images."""
    return compare_counts(both_right=80, mended=mended, broken=broken, both_wrong=20 - mended - broken)


def test_swapping_the_models_turns_the_verdict_round(make_run):
    better = conclude(make_run(initial_skill=3.0, optimized_skill=4.2).results)
    worse = conclude(make_run(initial_skill=4.2, optimized_skill=3.0).results)
    assert "points more than the initial model’s" in better.headline
    assert "points fewer than the initial model’s" in worse.headline
    assert "the optimized model is better than the initial one: +" in text(better.summary)
    assert "the optimized model is worse than the initial one: −" in text(worse.summary)
    assert "cross-entropy is lower" in text(better.summary)
    assert "cross-entropy is higher" in text(worse.summary)
    assert "worse" not in text(better.summary).replace("worst", "")
    assert "better" not in text(worse.summary)


def test_equal_models_are_not_distinguishable(make_run):
    run = make_run(initial_skill=3.5, optimized_skill=3.52).results
    assert run.comparison.p_value > 0.05
    conclusion = conclude(run)
    assert conclusion.headline.startswith("The two models are not distinguishable")
    assert "not distinguishable in accuracy" in text(conclusion.summary)
    assert "is better than the initial" not in everything(conclusion)
    assert "is worse than the initial" not in everything(conclusion)


def test_a_model_against_itself_changes_nothing(fake_run):
    results = fake_run.results
    same = replace(
        results,
        optimized=replace(results.initial, title="Optimized model"),
        comparison=compare_counts(both_right=815, mended=0, broken=0, both_wrong=185),
    )
    summary = text(conclude(same).summary)
    assert "mended none" in summary
    assert "broke none" in summary
    assert "cross-entropy is the same" in summary
    assert "F1 is the same with both models" in summary


def test_the_headline_carries_the_measured_numbers(fake_run):
    results = fake_run.results
    headline = plain(conclude(results).headline)
    for evaluation in (results.initial.test, results.optimized.test):
        assert f"{100 * evaluation.accuracy.value:.1f} %" in headline
    assert f"{100 * results.comparison.difference.value:.1f} points" in headline


def test_class_names_come_from_the_results_alone(make_run):
    """No garment is named in a run about other things."""
    words = everything(conclude(make_run(classes=("ant", "bee", "cow")).results))
    assert "ant" in words
    for name in ("Trouser", "Bag", "Shirt", "Sneaker", "Ankle boot", "garment"):
        assert name not in words


def test_best_weakest_and_most_confused_are_named(fake_run):
    classes = ("ant", "bee", "cow")
    labels = [0] * 10 + [1] * 10 + [2] * 10
    predicted = [0] * 10 + [1] * 6 + [2] * 4 + [2] * 9 + [1]
    optimized = with_confusion(fake_run.results.optimized, classes, labels, predicted)
    initial = with_confusion(fake_run.results.initial, classes, labels, labels)
    conclusion = conclude(replace(fake_run.results, initial=initial, optimized=optimized))
    assert "recognises ant best (F1 1.000) and bee worst (F1 0.706)" in text(conclusion.summary)
    assert (
        "confuses most is bee and cow: 4 of 10 images of bee were called cow, and 1 of 10 the other way round"
        in text(conclusion.summary)
    )
    assert "F1 rose in none and fell in 2 (most in bee, 1.000 to 0.706)" in text(conclusion.summary)
    assert "most fall on bee: 4 (80 %)" in text(conclusion.robustness)
    assert "runs from 60.0 % (bee) to 100.0 % (ant), a spread of 40.0 points" in text(conclusion.robustness)
    assert "the initial model’s spread is narrower" in text(conclusion.robustness)


def test_equally_good_classes_and_pairs_are_all_said_to_be_so(fake_run):
    classes = ("ant", "bee", "cow")
    model = with_confusion(fake_run.results.optimized, classes, [0, 1, 2] * 2, [0, 1, 2, 1, 2, 0])
    conclusion = conclude(replace(fake_run.results, initial=model, optimized=model))
    assert "recognises every class equally well (F1 0.500)" in text(conclusion.summary)
    assert "(2 other pairs as often)" in text(conclusion.summary)
    assert "most fall on ant, bee and cow: 1 each (33 %)" in text(conclusion.robustness)
    assert "spread is the same" in text(conclusion.robustness)


def test_perfect_models_have_nothing_to_mend_and_no_mistakes(fake_run):
    model = with_confusion(fake_run.results.optimized, ("a", "b"), [0, 1], [0, 1])
    comparison = compare_counts(both_right=2, mended=0, broken=0, both_wrong=0)
    run = replace(fake_run.results, initial=model, optimized=model, comparison=comparison)
    conclusion = conclude(run, fake_run.predictions)
    assert "got no image wrong, so that there was nothing to mend" in text(conclusion.summary)
    assert "got none of the 2 images wrong" in text(conclusion.summary)
    assert "mistakes" not in text(conclusion.robustness)


def test_hopeless_models_have_nothing_to_break(fake_run):
    model = with_confusion(fake_run.results.optimized, ("a", "b"), [0, 1], [1, 0])
    comparison = compare_counts(both_right=0, mended=0, broken=0, both_wrong=2)
    run = replace(fake_run.results, initial=model, optimized=model, comparison=comparison)
    assert "got none right, so that there was nothing to break" in text(conclude(run).summary)


def test_how_sure_the_wrong_answers_were_is_told_where_it_is_known(fake_run):
    assert "median probability" not in everything(conclude(fake_run.results))
    n_wrong = fake_run.results.optimized.test.n_misclassified
    told = text(conclude(fake_run.results, fake_run.predictions).summary)
    assert f"Its {n_wrong} wrong answers had a median probability of" in told


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        ((0.99, 0.985, 0.995), "The optimized model overfits: 9.0 points more on training"),
        ((0.90, 0.87, 0.93), "No overfitting can be told of the optimized model"),
        ((0.92, 0.905, 0.935), "No overfitting can be told of the optimized model"),
        ((0.80, 0.78, 0.82), "The optimized model does not overfit: 10.0 points fewer on training"),
    ],
)
def test_overfitting_is_a_training_interval_above_the_cross_validation_interval(fake_run, training, sentence):
    optimized = with_accuracy(fake_run.results.optimized, training=training, validation=(0.90, 0.88, 0.92))
    assert sentence in text(conclude(replace(fake_run.results, optimized=optimized)).generalization)


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ((0.85, 0.84, 0.86), "85.0 %, lies below its interval: on new images it does worse"),
        (
            (0.87, 0.85, 0.89),
            "87.0 %, lies below its interval, but its own interval (85.0 to 89.0 %) reaches into",
        ),
        (
            (0.93, 0.91, 0.95),
            "93.0 %, lies above its interval, but its own interval (91.0 to 95.0 %) reaches into",
        ),
        ((0.89, 0.88, 0.90), "89.0 %, lies inside its interval: the cross-validation images told truly"),
        ((0.95, 0.94, 0.96), "95.0 %, lies above its interval: on new images it does better"),
    ],
)
def test_the_test_accuracy_is_placed_by_the_cross_validation_interval(fake_run, test, sentence):
    optimized = with_accuracy(fake_run.results.optimized, validation=(0.90, 0.88, 0.92), test=test)
    told = text(conclude(replace(fake_run.results, optimized=optimized)).generalization)
    assert sentence in told.replace("cross-validation interval (88.0 to 92.0 %)", "interval")


def test_retraining_is_blamed_only_where_there_was_some(fake_run):
    optimized = with_accuracy(fake_run.results.optimized, validation=(0.90, 0.88, 0.92), test=(0.95, 0.94, 0.96))
    retrained = text(conclude(replace(fake_run.results, optimized=optimized)).generalization)
    assert "which the retraining on more images may explain" in retrained
    initial = replace(fake_run.results.initial, retraining_steps=0)
    optimized = replace(optimized, retraining_steps=0)
    kept = text(conclude(replace(fake_run.results, initial=initial, optimized=optimized)).generalization)
    assert "may explain" not in kept
    assert "Neither model was retrained" in kept


def test_without_a_search_there_is_none_to_tell_of(make_run):
    assert text(conclude(make_run(search=False).results).optimization) == (
        "No search for hyperparameters was made in this run: all settings were given."
    )


def test_the_search_tells_its_trials_its_gain_and_what_mattered(fake_run):
    told = text(conclude(fake_run.results).optimization)
    assert "finished 7 trials in 2 families (cnn and mlp)" in told
    assert "2 trials pruned and 1 trial failed" in told
    assert "The chosen trial is better than trial 0" in told
    assert "In cnn, learning rate mattered most: 62 % of the variance" in told


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chosen": 0}, "was itself the one chosen: the search gained nothing over it"),
        ({"gain": None}, "did not finish"),
        ({"gain": gain(mended=3, broken=2)}, "is not distinguishable from trial 0"),
        ({"gain": gain(mended=1, broken=14)}, "is worse than trial 0"),
        ({"gain": gain(mended=14, broken=1)}, "is better than trial 0"),
    ],
)
def test_a_search_may_have_gained_nothing(fake_run, changes, sentence):
    search = replace(fake_run.results.search, **changes)
    assert sentence in text(conclude(replace(fake_run.results, search=search)).optimization)


def test_robustness_says_what_was_not_measured(make_run, fake_run):
    missing = (
        "how much the seed moves the result, and each step's gain over seeds, how accuracy grows with the number of "
        "training images, what the retraining gained, how both models fare under attack, which labels are doubtful and "
        "which images of different sets are nearly the same"
    )
    for run in (fake_run, make_run(search=False)):
        assert plain(conclude(run.results).robustness.sentences[-1]) == f"Not measured in this run: {missing}."
    without = replace(fake_run.results, evidence=replace(fake_run.results.evidence, robustness=None, novelty=None))
    last = plain(conclude(without).robustness.sentences[-1])
    assert "what corruptions (noise, blur, shifts, other light) do" in last
    assert "what is answered for images that belong to none of the classes" in last


def test_seeds_are_compared_only_where_settings_were_trained_again(fake_run):
    assert "trained with 2 seeds to confirm them" in text(conclude(fake_run.results).robustness)
    search = fake_run.results.search
    once = replace(search, trials=tuple(trial for trial in search.trials if trial.purpose == "search"))
    assert "to confirm them" not in text(conclude(replace(fake_run.results, search=once)).robustness)


def test_early_stopping_is_told_by_the_losses(fake_run):
    model = fake_run.results.optimized
    history = [
        replace(epoch, validation_loss=loss) for epoch, loss in zip(model.history, (0.5, 0.3, 0.4), strict=False)
    ]
    told = text(conclude(replace(fake_run.results, optimized=replace(model, history=tuple(history)))).robustness)
    assert f"ended after 3 epochs: {model.stopped_because}" in told
    assert "lowest (0.300) after 2 epochs, and 0.400 at the end" in told
    falling = replace(model, history=tuple(history[:2]))
    assert "lowest at the end (0.300)" in text(conclude(replace(fake_run.results, optimized=falling)).robustness)
    blind = replace(model, history=tuple(replace(epoch, validation_loss=None) for epoch in history))
    assert "was not followed" in text(conclude(replace(fake_run.results, optimized=blind)).robustness)


def test_a_drawn_sample_and_a_run_cut_short_are_called_so_first(make_run):
    run = make_run(is_sample=True, ended_early="stopped by Ctrl-C during the search").results
    conclusion = conclude(run)
    assert "drawn test images" in conclusion.headline
    assert conclusion.summary.sentences[0].startswith("All of this is about a drawn sample")
    assert "cut short (stopped by Ctrl-C during the search)" in conclusion.summary.sentences[1]
    real = everything(conclude(replace(run, data=replace(run.data, is_sample=False), ended_early="")))
    assert "drawn" not in real
    assert "cut short" not in real


def test_a_closed_test_set_is_not_spoken_of(fake_run):
    results = fake_run.results
    closed = replace(
        results,
        initial=replace(results.initial, test=None),
        optimized=replace(results.optimized, test=None),
        evidence=replace(results.evidence, robustness=None, novelty=None),
    )
    conclusion = conclude(closed)
    assert "of the cross-validation images" in conclusion.headline
    assert "The test set has not been opened" in text(conclusion.summary)
    assert "test accuracy" not in everything(conclusion)
    assert "of the test images" not in everything(conclusion)


def test_one_class_is_told_of_without_comparing_classes(make_run):
    words = everything(conclude(make_run(classes=("only",), search=False).results))
    assert "only" not in words.replace("the only", "")


def test_the_group_of_corruptions_that_costs_most_names_its_augmentation(fake_run):
    results = fake_run.results
    suite = results.evidence.robustness
    means = {"Gaussian noise": 0.4, "Shift": 0.8, "Contrast": 0.9}
    kinds = tuple(replace(kind, mean_accuracy_b=means[kind.kind]) for kind in suite.kinds)
    changed = replace(suite, kinds=kinds, clean_accuracy_b=Estimate(0.95, 0.94, 0.96))
    told = text(conclude(replace(results, evidence=replace(results.evidence, robustness=changed))).robustness)
    assert "As a group, noise costs it most, 55.0 points on average" in told
    assert "training with noise added" in told
    unhurt = replace(changed, kinds=tuple(replace(kind, mean_accuracy_b=0.949) for kind in kinds))
    told = text(conclude(replace(results, evidence=replace(results.evidence, robustness=unhurt))).robustness)
    assert "No group of corruptions costs it a point" in told


def test_a_full_evaluation_is_put_into_words(fake_run):
    results = in_full(fake_run)[0].results
    conclusion = conclude(results)
    told = everything(conclusion)
    assert "Trained with 3 seeds, the chosen configuration has a cross-validation accuracy of" in told
    assert "Retraining with more images gained" in told
    assert "More images help: 800 training images instead of 160, 5 times as many" in told
    assert "changes each pixel by at most 2 of 255 grey levels, the optimized model has" in told
    assert "Not measured" not in told
    assert "the largest is that to" in told or "No single step from the initial model" in told
