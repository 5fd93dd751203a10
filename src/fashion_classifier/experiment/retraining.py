"""The optimized model goes on with all but the test set: first without some images, which then join.

Those that are held back fit what goes with the model's answers before (`fashion_classifier.experiment.answering`).
"""

from __future__ import annotations

from fashion_classifier.experiment.budget import report_seconds
from fashion_classifier.experiment.joining import held_back, joining_recipe, learned_first, losses_for_joining
from fashion_classifier.experiment.planning import retraining_recipe
from fashion_classifier.experiment.session import Session
from fashion_classifier.experiment.stages import (
    HELD_BACK,
    MadeModel,
    joined_late,
    keep,
    losses_so_far,
    retrained,
    trained_by,
)
from fashion_classifier.experiment.tracked import following
from fashion_classifier.limits import explained
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.outcome import FAILURES

LEAST_RETRAINING_S = 2.0


def retrain(session: Session, optimized: MadeModel) -> MadeModel:
    """Train on, with all but the test set, for as many steps as early stopping chose, scaled; then let all images join.

    A training that fails, or for which there is no time, leaves the model as it was.
    """
    return _join(session, _retrain(session, optimized))


def _retrain(session: Session, optimized: MadeModel) -> MadeModel:
    """Train on without the images that are held back."""
    if optimized.result.retraining or session.stopped("training") or session.kept("training") is None:
        return optimized
    limit, clock, split = session.clock.limit_s, session.clock, session.split
    left = None if limit is None else clock.left_s - report_seconds(limit)
    if left is not None and left < LEAST_RETRAINING_S:
        session.tell("There is no time left for the retraining; the model trained on the training part is kept.")
        return optimized
    held = held_back(split, session.config.seed)
    first = learned_first(split, held)
    recipe = retraining_recipe(trained_by(optimized))
    n_later = joining_recipe(recipe, len(held), _n_images(session))[1] if len(held) else 0
    n_steps = round(optimized.result.steps * len(first) / len(split.training))
    try:
        trained = session.workshop.train(
            recipe,
            seed=derive_seed(session.config.seed, "retraining"),
            start=optimized.model,
            only=first,
            losses=losses_so_far(optimized.losses, optimized.probabilities["validation"], split)[first],
            steps=n_steps,
            seconds=None if left is None else left * n_steps / (n_steps + n_later),
            on_everything=True,
            stop_asked=session.asked,
            on_validation=following(session.listener.tracking, "retraining"),
            checkpoint=session.checkpoint("retraining"),
            progress=session.listener.progress,
            task="Retraining on training + cross-validation data",
        )
    except FAILURES as error:
        session.failed("retraining", error)
        session.tell(f"The retraining failed, the model before it is kept: {explained(error)}")
        return optimized
    if session.stopped("retraining"):
        return optimized
    said = trained.model.predict(split.validation.images[held]) if len(held) else None
    made = retrained(optimized, trained, said)
    keep(session.folder, "retraining", made)
    return made


def _join(session: Session, optimized: MadeModel) -> MadeModel:
    """Learn from the images as well that were held back from the retraining, now that they have told enough."""
    if HELD_BACK not in optimized.probabilities or session.kept("joining") or session.stopped("retraining"):
        return optimized
    held = held_back(session.split, session.config.seed)
    recipe, n_steps = joining_recipe(retraining_recipe(trained_by(optimized)), len(held), _n_images(session))
    try:
        trained = session.workshop.train(
            recipe,
            seed=derive_seed(session.config.seed, "joining"),
            start=optimized.model,
            losses=losses_for_joining(session.split, held),
            steps=n_steps,
            on_everything=True,
            progress=session.listener.progress,
            task="Learning from the images that were held back",
        )
    except FAILURES as error:
        session.failed("joining", error)
        why = explained(error)
        session.tell(f"Learning from the images that were held back failed, the model before it is kept: {why}")
        return optimized
    made = joined_late(optimized, trained)
    keep(session.folder, "joining", made)
    return made


def _n_images(session: Session) -> int:
    """Return the number of training and cross-validation images."""
    return len(session.split.training) + len(session.split.validation)
