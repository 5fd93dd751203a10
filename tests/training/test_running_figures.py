"""The figures between two validations: means over all images, and the state from which to go on."""

from __future__ import annotations

import pytest
import torch

from fashion_classifier.training.running_figures import RunningFigures


def filled():
    running = RunningFigures("cpu")
    running.add(torch.tensor([0.5, 1.5]), torch.tensor([True, False]))
    running.add(torch.tensor([2.0]), torch.tensor([True]))
    return running


def test_figures_are_means_over_images_not_over_batches():
    running = filled()
    assert running.loss == pytest.approx(4 / 3)
    assert running.accuracy == pytest.approx(2 / 3)
    assert running.latest_loss == 2.0
    assert running.n_images == 3


def test_there_are_figures_before_the_first_batch():
    running = RunningFigures("cpu")
    assert (running.loss, running.accuracy, running.n_images) == (0.0, 0.0, 0)


def test_it_goes_on_from_its_state():
    continued = RunningFigures("cpu")
    continued.restart(*filled().state())
    for running in (continued, whole := filled()):
        running.add(torch.tensor([3.0]), torch.tensor([False]))
    assert continued.state() == whole.state()


def test_what_goes_on_has_no_latest_loss_yet():
    continued = RunningFigures("cpu")
    continued.restart(1e6, 5, 10)
    assert continued.latest_loss == 0.0


def test_a_loss_that_is_no_number_shows():
    running = filled()
    running.add(torch.tensor([float("nan")]), torch.tensor([False]))
    assert not running.latest_loss < 1e4
