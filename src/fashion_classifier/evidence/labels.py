"""Labels that look wrong and images that are hard, by what models say of images that they have not learned from."""

from __future__ import annotations

from typing import Final

import numpy as np

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.fingerprint import image_sha256
from fashion_classifier.evaluation.label_quality import audit_labels
from fashion_classifier.evidence.folds import HeldOut
from fashion_classifier.reporting.evidence import DoubtfulImage, LabelFindings
from fashion_classifier.reporting.gallery import Gallery

N_SHOWN: Final = 60  # suspects, and as many of the hardest images


def audit(held_out: HeldOut, everything: Dataset) -> tuple[LabelFindings, Gallery]:
    """Look for wrong labels and hard images among those that were held out.

    Parameters
    ----------
    everything
        Training + cross-validation data.

    Returns
    -------
    (LabelFindings, Gallery)
        What was found, and the images that it names.
    """
    found = audit_labels(held_out.labels, held_out.after, n_listed=N_SHOWN)
    of_truth = held_out.after[np.arange(len(held_out.labels)), held_out.labels]
    hardest = np.argsort(of_truth, kind="stable")[:N_SHOWN]
    suspects = [suspect.index for suspect in found.suspects]

    def doubtful(position: int) -> DoubtfulImage:
        """Describe an image; `position` is among those that were held out."""
        said, given = held_out.after[position], int(held_out.labels[position])
        suggested = int(said.argmax())
        return DoubtfulImage(
            image_sha256=image_sha256(everything.images[held_out.index[position]]),
            given=everything.classes[given],
            suggested=everything.classes[suggested],
            probability_given=float(said[given]),
            probability_suggested=float(said[suggested]),
        )

    findings = LabelFindings(
        n=found.n,
        n_suspects=found.n_suspects,
        estimated_share=found.estimated_share,
        suspects=tuple(map(doubtful, suspects)),
        hardest=tuple(map(doubtful, hardest.tolist())),
    )
    shown = {
        image.image_sha256: held_out.index[position]
        for image, position in zip((*findings.suspects, *findings.hardest), (*suspects, *hardest.tolist()), strict=True)
    }
    index = np.array(list(shown.values()), dtype=np.int64)
    return findings, Gallery(everything.images[index], np.array(list(shown), dtype=np.str_))
