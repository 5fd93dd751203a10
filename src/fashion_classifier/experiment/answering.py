"""What is fitted on a model's cross-validation answers and goes with it: how sure it may be, and its sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.confidence import AnswerRules, Answers, fit_rules
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.experiment.joining import held_back
from fashion_classifier.experiment.stages import HELD_BACK, MadeModel, Probabilities, judged_training_images
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.photograph_rules import PhotographRules
from fashion_classifier.inference.photographs.fitting import fit_photograph_rules
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.parts import parts_of
from fashion_classifier.training.photographed import photographed

RULE_IMAGES = (
    4000  # from which the rules for photographs are fitted: half a point of standard error of what is accepted
)
OWN_ACCEPTED = 0.95  # of the photographs that a model was made from, held out: as of its images
SAVED = "lac"  # the method whose sets go with the model: it needs no draws, so that an answer can be had again


def rules_for(validation: Probabilities, split: Split, *, seed: int) -> AnswerRules:
    """Fit rules on what a model that has not learned from the cross-validation images says of them."""
    return fit_rules(Answers(split.validation.labels, validation), seed=seed)


def rules_of(made: MadeModel, split: Split, *, seed: int) -> AnswerRules:
    """Fit rules for a model of the run: on the images that were held back from its retraining, where there are some."""
    if (said := made.probabilities.get(HELD_BACK)) is None:
        return rules_for(made.probabilities["validation"], split, seed=seed)
    return fit_rules(Answers(split.validation.labels[held_back(split, seed)], said), seed=seed)


def with_rules(model: Model, rules: AnswerRules, split: Split, *, seed: int) -> Model:
    """Return a model that answers by these rules, and by one for photographs where it takes them."""
    sets = next(rule for rule in rules.sets if rule.method == SAVED)
    how = replace(model.how, temperature=rules.temperature)
    ruled = replace(model, how=how, sets=sets, refusal=rules.refusal)
    return replace(ruled, photographs=photograph_rules(ruled, split, seed=seed))


def photograph_rules(model: Model, split: Split, *, seed: int) -> PhotographRules | None:
    """Fit how a model answers to photographs, on cross-validation images changed as if they were cut out of some.

    A retrained model has learned from them, though not as they are changed here. None for a model that is not shown the
    garments in photographs.
    """
    known = split.validation
    if model.pictures != "garment" or known.shape.channels != 1:
        return None
    images = torch.from_numpy(np.array(known.images[:RULE_IMAGES]))
    chance = torch.Generator().manual_seed(derive_seed(seed, "photographs"))
    parts = parts_of(images, chance)
    whole, halves = (model.predict(photographed(shown, chance).numpy()) for shown in (images, parts))
    return fit_photograph_rules(whole, known.labels[:RULE_IMAGES], halves)


def own_photograph_rules(model: Model, known: Dataset, said: Probabilities, *, seed: int) -> PhotographRules | None:
    """Fit how a model answers to photographs that are like those it was made from, by what was said of them held out.

    None for a model that is not shown the garments in photographs.
    """
    if model.pictures != "garment" or known.shape.channels != 1:
        return None
    chance = torch.Generator().manual_seed(derive_seed(seed, "photographs"))
    parts = parts_of(torch.from_numpy(np.array(known.images)), chance).numpy()
    return fit_photograph_rules(said, known.labels, model.predict(parts), leaning=False, accepted=OWN_ACCEPTED)


def answering(made: MadeModel, rules: AnswerRules, split: Split, *, seed: int) -> MadeModel:
    """Return a model of the run with its rules: its evaluations are of tempered probabilities from now on.

    Its cross-validation loss is then a little lower than on other images, as the temperature was fitted on these.
    """
    classes = made.model.classes
    training, validation = (
        tempered(made.probabilities[name], rules.temperature) for name in ("training", "validation")
    )
    result = replace(
        made.result,
        training=evaluate(judged_training_images(split).labels, training, classes),
        validation=evaluate(split.validation.labels, validation, classes),
    )
    return replace(made, model=with_rules(made.model, rules, split, seed=seed), result=result)
