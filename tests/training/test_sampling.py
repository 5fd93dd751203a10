"""The order of images: whole passes first, then mostly what is hard; a function of seed and losses."""

from __future__ import annotations

import torch

from fashion_classifier.training.config import Focus
from fashion_classifier.training.sampling import BatchOrder

FOCUS = Focus(after_passes=2, hardest=0.2, others=0.25)


def passes(order, n_batches, losses):
    batches = []
    for _ in range(n_batches):
        batch = order.next_batch()
        order.note(batch, losses[batch])
        batches.append(batch)
    return torch.cat(batches)


def test_whole_passes_show_every_image_once():
    order = BatchOrder(100, 10, Focus(), seed=1)
    losses = torch.rand(100)
    first, second = passes(order, 10, losses), passes(order, 10, losses)
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(100))
    assert first.tolist() != second.tolist()


def test_shorter_passes_hold_the_hardest_and_some_of_the_others():
    order = BatchOrder(100, 10, FOCUS, seed=1)
    losses = torch.arange(100).float()  # image 99 is hardest
    passes(order, 20, losses)
    for _ in range(5):
        seen = set(passes(order, 4, losses).tolist())
        assert len(seen) == 40  # 20 of the hardest and a quarter of the other 80
        assert set(range(80, 100)) <= seen


def test_the_others_are_drawn_anew_for_each_pass():
    order = BatchOrder(100, 10, FOCUS, seed=1)
    losses = torch.arange(100).float()
    passes(order, 20, losses)
    first, second = (set(passes(order, 4, losses).tolist()) - set(range(80, 100)) for _ in range(2))
    assert first != second


def test_an_image_that_becomes_hard_is_noticed():
    order = BatchOrder(100, 10, FOCUS, seed=1)
    losses = torch.arange(100).float()
    passes(order, 20, losses)
    losses[0] = 1000.0
    for _ in range(30):  # until it is drawn once among the others
        passes(order, 4, losses)
    assert all(0 in passes(order, 4, losses) for _ in range(5))


def test_what_no_step_has_learned_from_counts_as_hardest():
    order = BatchOrder(105, 10, Focus(after_passes=1, hardest=0.1, others=0.0), seed=1)
    seen = set(passes(order, 10, torch.zeros(105)).tolist())
    assert set(range(105)) - seen <= set(order.next_batch().tolist())


def test_an_order_goes_on_from_its_state():
    whole, parted = (BatchOrder(100, 7, FOCUS, seed=3) for _ in range(2))
    losses = torch.rand(100)
    expected = passes(whole, 60, losses)
    begin = passes(parted, 33, losses)
    tensors, numbers = parted.state()
    fresh = BatchOrder(100, 7, FOCUS, seed=3)
    fresh.restore({name: tensor.clone() for name, tensor in tensors.items()}, numbers)
    assert torch.equal(torch.cat([begin, passes(fresh, 27, losses)]), expected)


def test_a_pass_holds_at_least_one_batch():
    order = BatchOrder(20, 15, Focus(after_passes=1, hardest=0.1, others=0.0), seed=0)
    losses = torch.rand(20)
    assert len(passes(order, 6, losses)) == 90


def test_where_it_is_known_what_is_hard_the_first_pass_is_a_short_one():
    losses = torch.arange(100).float()
    order = BatchOrder(100, 10, FOCUS, seed=1, losses=losses)
    seen = set(passes(order, 4, losses).tolist())
    assert len(seen) == 40
    assert set(range(80, 100)) <= seen
