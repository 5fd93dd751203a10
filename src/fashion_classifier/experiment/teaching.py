"""What a teacher says of the images that another model learns from; no teacher may have seen what judges the pupil."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fashion_classifier.data.split import Split
from fashion_classifier.errors import UsageError
from fashion_classifier.inference.description import Description
from fashion_classifier.inference.opening import open_model
from fashion_classifier.progress import Progress
from fashion_classifier.training.train import Teaching, Workshop


def ask_teacher(folder: Path, split: Split, workshop: Workshop, *, on_everything: bool, progress: Progress) -> Teaching:
    """Return what a teacher says of the training images, in their order, as its network gives it.

    What teaches well was found out with such answers: not tempered, their smoothing left in (docs/experiments.md).

    Parameters
    ----------
    folder
        The teacher's model folder.
    split
        Of which the pupil learns.
    workshop
        In which it learns; its provenance tells the data and the split. Its processes share the asking.
    on_everything
        Whether the pupil learns from training + cross-validation data.

    Raises
    ------
    UsageError
        If the teacher tells other classes apart, takes other images, or learned from images by which the pupil will be
        judged.
    """
    images = split.everything_but_test.images if on_everything else split.training.images
    teacher = open_model(folder, n_images=len(images))
    if (teacher.classes, teacher.shape) != (split.training.classes, split.training.shape):
        raise UsageError(
            f"{folder}: this teacher tells {len(teacher.classes)} classes of {teacher.shape} images apart; here are "
            f"{len(split.training.classes)} classes of {split.training.shape} images. Take a teacher of the same "
            "classes and images."
        )
    if not on_everything:
        _check_unseen(folder, teacher.description, workshop)
    how = teacher.description.how
    plainly = replace(
        teacher, description=replace(teacher.description, how=replace(how, smoothing=0.0, temperature=1.0))
    )
    said = workshop.group.predicted(
        images, lambda its: plainly.predict(its, progress=progress, task="Asking the teacher")
    )
    return Teaching(said, how.smoothing)


def _check_unseen(folder: Path, teacher: Description, workshop: Workshop) -> None:
    """Check that the teacher did not learn from the cross-validation images."""
    its, ours = teacher.provenance, workshop.provenance
    other_data = its.get("fingerprint") not in {None, ours.get("fingerprint")}
    same_split = its.get("split") == ours.get("split") and its.get("learned_from") == "training"
    if not other_data and not same_split:
        raise UsageError(
            f"{folder}: this teacher learned from cross-validation images, or does not say that it did not; what "
            "learns from it cannot be judged by them. Learn from all data and judge on the test set, or take a teacher "
            "that learned from the training part of the same split."
        )
