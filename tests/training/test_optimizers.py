"""Muon's step against its definition, and its buffers."""

from __future__ import annotations

import math

import pytest
import torch

from fashion_classifier.training.optimizers import REST_MOMENTUM, Muon, orthogonalised


def newton_schulz(matrix):
    """The iteration as it is published, in double precision on the matrix itself."""
    wide = matrix.double() if len(matrix) <= matrix.shape[1] else matrix.double().T
    wide = wide / wide.norm()
    for _ in range(5):
        gram = wide @ wide.T
        wide = 3.4445 * wide + (-4.7750 * gram + 2.0315 * gram @ gram) @ wide
    return wide if len(matrix) <= matrix.shape[1] else wide.T


@pytest.mark.parametrize("shape", [(16, 90), (64, 64), (90, 16), (16, 16)])
def test_the_iteration_on_the_gram_matrix_is_the_published_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    torch.testing.assert_close(orthogonalised(matrix).double(), newton_schulz(matrix), atol=2e-3, rtol=0)


def test_singular_values_come_near_one():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(32, 200)))
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_a_matrix_of_low_rank_stays_finite():
    assert orthogonalised(torch.ones(20, 30)).isfinite().all()
    assert orthogonalised(torch.zeros(20, 30)).isfinite().all()


def test_a_step_is_nesterov_momentum_on_a_weight_of_fixed_norm():
    torch.manual_seed(0)
    matrix, plain, norm = (torch.randn(shape, requires_grad=True) for shape in ((16, 4, 3, 3), (5, 3), (7,)))
    given = [tensor.detach().clone() for tensor in (matrix, plain, norm)]
    optimizer = Muon([matrix], ([plain], [norm]), learning_rate=0.1, momentum=0.6, weight_decay=0.01)
    for tensor in (matrix, plain, norm):
        tensor.grad = torch.randn_like(tensor)
    gradients = [tensor.grad.clone() for tensor in (matrix, plain, norm)]
    optimizer.step()
    scaled = given[0] * math.sqrt(16) / given[0].norm()
    direction = newton_schulz(gradients[0].reshape(16, -1)).reshape(matrix.shape).float()
    torch.testing.assert_close(matrix.detach(), scaled - 0.1 * direction, atol=1e-3, rtol=0)
    decayed = gradients[1] + 0.01 * given[1]
    torch.testing.assert_close(plain.detach(), given[1] - 0.1 * (1 + REST_MOMENTUM) * decayed)
    torch.testing.assert_close(norm.detach(), given[2] - 0.1 * (1 + REST_MOMENTUM) * gradients[2])
    optimizer.zero_grad()
    assert matrix.grad is None
    assert len(optimizer.state_dict()["state"]) == 3
