"""Parts of a running program: exclusive, complete, and gone when they are no longer wanted."""

import torch
from benchmarks.stopwatch import Point, Stopwatch, installed
from torch import nn


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Doubled(torch.autograd.Function):
    """Its way back takes as long as it is told."""

    @staticmethod
    def forward(ctx, x, clock, seconds):
        ctx.clock, ctx.seconds = clock, seconds
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        ctx.clock.now += ctx.seconds
        return gradient * 2, None, None


class Work(nn.Module):
    """Every pass takes a second, the way back longer."""

    def __init__(self, clock, back):
        super().__init__()
        self.clock, self.back = clock, back

    def forward(self, x):
        self.clock.now += 1.0
        return Doubled.apply(x, self.clock, self.back)


class First(Work):
    pass


class Second(Work):
    pass


def test_an_inner_part_is_not_the_outer_ones():
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 100  # before any part: nobody's
    with watch.part("outer"):
        clock.now += 1
        with watch.part("inner"):
            clock.now += 10
        clock.now += 2
    clock.now += 100
    with watch.part("inner"):
        clock.now += 5
    assert watch.seconds == {"outer": 3, "inner": 15}


def test_a_part_ends_with_an_error_and_a_change_ends_with_its_part():
    clock = Clock()
    watch = Stopwatch(clock)
    with watch.part("outer"):
        try:
            with watch.part("inner"):
                clock.now += 1
                watch.change("changed")
                clock.now += 2
                raise KeyError
        except KeyError:
            clock.now += 4
    assert watch.seconds == {"inner": 1, "changed": 2, "outer": 4}


def test_the_way_back_belongs_to_the_module_whose_result_it_leads_through():
    clock = Clock()
    watch = Stopwatch(clock)
    first, second = First(clock, back=10.0), Second(clock, back=100.0)
    points = (
        Point(First, "forward", "first", "first, back"),
        Point(Second, "forward", "second", "second, back"),
        Point(torch.Tensor, "backward", "loss"),
    )
    with installed(points, watch):
        x = torch.ones(3, requires_grad=True)
        y = second(first(x)).sum()
        y.backward()
    assert watch.seconds.pop("loss") == 0
    assert watch.seconds == {"first": 1, "second": 1, "second, back": 100, "first, back": 10}
    assert x.grad.tolist() == [4, 4, 4]


def test_nothing_is_left_behind():
    watch = Stopwatch()
    inherited = Point(First, "forward", "first")
    own = Point(Work, "forward", "work")
    before = Work.forward, torch.Tensor.backward
    with installed((inherited, own, Point(torch.Tensor, "backward", "loss")), watch):
        assert "forward" in vars(First)
    assert "forward" not in vars(First)
    assert (Work.forward, torch.Tensor.backward) == before
