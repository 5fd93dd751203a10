"""A comparison of two models in words: every sentence is made from measured values, and changes with them."""

from __future__ import annotations

from collections.abc import Iterator

from fashion_classifier.evaluation.comparison import BETTER, NOT_DISTINGUISHABLE, SIGNIFICANCE, WORSE, Comparison
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.paired import ClassDifference
from fashion_classifier.reporting.comparison_results import ComparedModel, ModelComparison
from fashion_classifier.reporting.wording import (
    count,
    count_or_none,
    counted,
    difference_points,
    listed,
    probability_of_chance,
    setting,
    share_alone,
    signed_points,
)

_MINUS, _SPACE = "\u2212", "\u00a0"


def headline(results: ModelComparison) -> str:
    """Say in one sentence which model is the better one, and by how much."""
    a, b = share_alone(results.a.test.accuracy), share_alone(results.b.test.accuracy)
    images = f"the {'drawn ' if results.data.is_sample else ''}{results.data.noun}s"
    comparison = results.comparison
    if comparison.verdict == NOT_DISTINGUISHABLE:
        return f"The two models are not distinguishable: {a} of {images} correct with A, {b} with B."
    direction = "more" if comparison.verdict == BETTER else "fewer"
    difference = difference_points(comparison.difference)
    return f"B classifies {b} of {images} correctly, {difference} {direction} than A’s {a}."


def verdict(comparison: Comparison) -> str:
    """Say what the paired test says."""
    test = f"{signed_points(comparison.difference)}; McNemar’s exact test, {probability_of_chance(comparison.p_value)}"
    if comparison.verdict == NOT_DISTINGUISHABLE:
        return f"Image by image, the two models are not distinguishable in accuracy: {test}."
    return f"Image by image, B is {comparison.verdict} than A: {test}."


def mended_and_broken(comparison: Comparison) -> str:
    """Say how many images only one of the two got right."""
    n_wrong, n_right = comparison.mended + comparison.both_wrong, comparison.both_right + comparison.broken
    mended = "A got no image wrong, so that there was nothing to mend"
    if n_wrong:
        mended = f"Of the {counted(n_wrong, 'image')} that A got wrong, B mended {count_or_none(comparison.mended)}"
    broken = "A got none right, so that there was nothing to break"
    if n_right:
        broken = f"of the {count(n_right)} that A got right, B broke {count_or_none(comparison.broken)}"
    return f"{mended}; {broken}."


def what_the_test_is_about(results: ModelComparison) -> str:
    """Say how far the verdict reaches: to these two models, or to how they were made."""
    a, b = results.a, results.b
    if a.manifest_sha256 == b.manifest_sha256:
        return "Both folders hold the same files: A and B are one model."
    if not have_same_settings(a, b):
        return (
            "The verdict is about these two models as they are. Each is one training, and another seed would have "
            "moved it: which way of making a model is the better one takes several seeds of each to tell."
        )
    same = f"A and B have the same settings; what sets them apart is {listed(list(_beside_settings(a, b)))}."
    if results.comparison.verdict == NOT_DISTINGUISHABLE:
        return same
    return f"{same} That B is {results.comparison.verdict} says nothing about the settings."


def made_from_other_data(results: ModelComparison) -> Iterator[str]:
    """Say which model did not learn from the data whose images judge it, as far as that is recorded."""
    if results.data.folds:
        return
    for letter, model in (("A", results.a), ("B", results.b)):
        fingerprint = model.origin.get("fingerprint")
        if fingerprint is None:
            yield f"It is not recorded from which data {letter} was made."
        elif fingerprint != results.data.fingerprint:
            yield f"{letter} was made from other data than that by whose test images it is judged here."


def how_they_were_judged(results: ModelComparison) -> Iterator[str]:
    """Say who answered for images that were held out."""
    if results.data.folds:
        yield (
            f"Each image was judged by a network that had not seen it, in {results.data.folds} folds, once of A’s "
            "making and once of B’s. A and B themselves have learned from all of these images, and should be a "
            "little better."
        )


def have_same_settings(a: ComparedModel, b: ComparedModel) -> bool:
    """Tell whether two models have the same settings; a temperature is fitted, and no setting."""

    def settings(model: ComparedModel) -> tuple[object, ...]:
        prediction = {name: value for name, value in model.prediction.items() if name != "temperature"}
        return model.family, model.config, model.recipe, prediction, model.origin.get("learned_from")

    return settings(a) == settings(b)


def _beside_settings(a: ComparedModel, b: ComparedModel) -> Iterator[str]:
    """Name what two models of the same settings differ in."""
    steps = [model.origin.get("steps") for model in (a, b)]
    if steps[0] != steps[1]:
        yield f"how long they learned ({setting(steps[0])} and {setting(steps[1])} steps)"
    if a.origin.get("fingerprint") != b.origin.get("fingerprint"):
        yield "the data that they learned from"
    yield "the chance in their trainings"


def class_by_class(classes: tuple[ClassDifference, ...]) -> Iterator[str]:
    """Say in which classes the models differ beyond chance, and what to expect of chance."""
    tested = [each.comparison for each in classes if each.comparison is not None]
    alone = sum(comparison.p_value < SIGNIFICANCE for comparison in tested)
    differ = [each for each in classes if is_distinguishable(each)]
    if differ:
        yield f"B’s recall is distinguishably higher in {_named(differ, BETTER)}, lower in {_named(differ, WORSE)}."
    else:
        yield "In no class are the two models distinguishable by recall."
    by_chance = f"{SIGNIFICANCE * len(tested):.2g}"
    yield (
        f"Of {counted(len(tested), 'class', 'classes')}, each tested by itself, up to {by_chance} would seem to differ "
        f"by chance on average though none does; {count_or_none(alone)} had p{_SPACE}<{_SPACE}{SIGNIFICANCE}. The "
        "adjusted p takes all of them together (Holm’s method), and it alone decides here."
    )


def _named(differ: list[ClassDifference], verdict: str) -> str:
    """Name the classes with this verdict."""
    names = [each.name for each in differ if each.comparison is not None and each.comparison.verdict == verdict]
    return listed(names, 5) if names else "none"


def is_distinguishable(each: ClassDifference) -> bool:
    """Tell whether a class's recall differs beyond chance, all classes considered."""
    return each.adjusted_p is not None and each.adjusted_p < SIGNIFICANCE


def signed_score(estimate: Estimate) -> str:
    """Write a difference of scores: "+0.012"."""
    return _signed(estimate.value)


def signed_score_interval(estimate: Estimate) -> str:
    """Write the ends of its interval: "+0.004 to +0.020"."""
    return f"{_signed(estimate.low)} to {_signed(estimate.high)}"


def _signed(value: float) -> str:
    """Write a number with its sign, a typographic minus; zero has none."""
    text = f"{abs(value):.3f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else _MINUS}{text}"
