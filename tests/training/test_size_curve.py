"""Accuracy against size: what must hold whatever the numbers are."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import score
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection import Gates, keep_all, select
from autofis_kedro.training import CheckpointConfig, SeedsConfig, TrainingConfig, predict_seeds, size_curve, train_seeds
from autofis_kedro.training.size_curve import Rankings, curve_sizes, rankings, train_size_curves
from tests.problems import planted_problem

PLANTED = ((0, 1), (2, 5), (3, 4))
SPEC = ModelSpec(embedding_dim=4, normalize=True, weighting="learned")
TRAINING = TrainingConfig(epochs=4, batch_size=500, learning_rate=0.02, linear_rate_factor=5)
SEEDS = SeedsConfig(n_seeds=2, seed=3)
SIZES = [1, 3, 15]


@pytest.fixture(scope="module")
def problem():
    schema, train, valid = planted_problem(seed=4, n_values=8, n_rows=12_000, planted=PLANTED)
    others = [pair for pair in combinations(range(6), 2) if pair not in PLANTED]
    return schema, train, valid, Rankings((*PLANTED, *others), (*others, *PLANTED), schema.tuples(2))


@pytest.fixture(scope="module")
def curves(problem):
    schema, train, valid, ranked = problem
    return train_size_curves(train, valid, valid, schema, ranked, SPEC, TRAINING, sizes=SIZES, seeds=SEEDS)


def at(curves, ranking, size):
    return curves.row(by_predicate=(pl.col("ranking") == ranking) & (pl.col("size") == size), named=True)


def test_every_ranking_has_every_size_with_its_spread(curves):
    assert set(curves.select("ranking", "size").rows()) == {
        (r, s) for r in ("alpha", "statistics_auc", "random") for s in SIZES
    }
    assert curves["seeds"].to_list() == [2] * 9
    assert curves.null_count().sum_horizontal().item() == 0
    assert curves["valid_log_loss"].to_list() == curves["test_log_loss"].to_list(), "the same rows were given twice"


def test_over_all_pairs_every_ranking_is_the_model_over_all_pairs(problem, curves):
    schema, train, valid, _ = problem
    rows = [
        {k: v for k, v in at(curves, r, 15).items() if k != "ranking"} for r in ("alpha", "statistics_auc", "random")
    ]
    assert rows[0] == rows[1] == rows[2]
    everything = keep_all(schema)
    trained = train_seeds(train, valid, schema, everything, SPEC, TRAINING, n_seeds=2, seed=3)
    predicted = predict_seeds(trained.weights, valid, schema, everything, SPEC, TRAINING)
    losses = [score(predicted["label"].to_numpy(), predicted[c].to_numpy()).log_loss for c in ("seed_3", "seed_4")]
    assert rows[0]["valid_log_loss"] == pytest.approx(np.mean(losses), abs=1e-12)
    assert rows[0]["valid_log_loss_std"] == pytest.approx(np.std(losses, ddof=1), abs=1e-12)


def test_as_many_as_were_planted_beat_random_ones(curves):
    planted, randomly = at(curves, "alpha", 3), at(curves, "random", 3)
    assert planted["valid_log_loss"] < randomly["valid_log_loss"] - 0.05
    assert at(curves, "alpha", 3)["valid_auc"] > at(curves, "alpha", 1)["valid_auc"]
    assert at(curves, "statistics_auc", 3)["valid_log_loss"] > planted["valid_log_loss"] + 0.05


def test_a_killed_run_trains_nothing_again(problem, tmp_path, monkeypatch):
    schema, train, valid, ranked = problem
    checkpoints = CheckpointConfig(folder=tmp_path)
    given = (train, valid, valid, schema, ranked, SPEC, TRAINING.model_copy(update={"epochs": 1}))
    rest = {"sizes": [1, 3], "seeds": SEEDS, "checkpoints": checkpoints}
    real, trained = train_seeds, []

    def dies(*arguments, **named):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(named["name"])
        return real(*arguments, **named)

    monkeypatch.setattr(size_curve, "train_seeds", dies)
    with pytest.raises(KeyboardInterrupt):
        train_size_curves(*given, **rest)
    assert [path.name for path in tmp_path.iterdir()] == ["size_curves"], "one folder, that of the namespace"
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.done")}
    assert len(finished) == 2
    monkeypatch.setattr(size_curve, "train_seeds", real)
    again = train_size_curves(*given, **rest)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "they were trained again"
    assert again.equals(train_size_curves(*given, sizes=[1, 3], seeds=SEEDS))


def test_a_random_order_is_nested_and_the_seeds_own(problem):
    *_, ranked = problem
    first, second = ranked.of_seed(0)["random"], ranked.of_seed(1)["random"]
    assert sorted(first) == sorted(second) == sorted(ranked.all_pairs)
    assert first != second
    assert first == ranked.of_seed(0)["random"]


@pytest.mark.parametrize(
    ("n_pairs", "n_sizes", "kept"), [(1, 6, 1), (3, 6, 2), (15, 6, 3), (741, 6, 5), (741, 2, None)]
)
def test_sizes_go_from_one_to_all(n_pairs, n_sizes, kept):
    sizes = curve_sizes(n_pairs, n_sizes, kept)
    assert sizes[0] == 1
    assert sizes[-1] == n_pairs
    assert sizes == sorted(set(sizes))
    assert len(sizes) <= n_sizes + 1
    assert kept is None or kept in sizes


def test_rankings_come_from_gates_and_from_statistics(problem):
    schema, *_ = problem
    pairs = schema.tuples(2)
    alpha = np.zeros(15)
    alpha[7], alpha[2] = -0.9, 0.4
    gates = Gates(alpha, np.linspace(0.1, 0.5, 15), pairs).frame(schema)
    names = [tuple(schema.names[i] for i in pair) for pair in pairs]
    ranked = pl.DataFrame(names, schema=["field_1", "field_2"], orient="row").with_columns(
        rank=pl.Series(range(15, 0, -1))
    )
    found = rankings(gates.sample(fraction=1, shuffle=True, seed=0), ranked, schema)
    assert found.by_alpha[:3] == (pairs[7], pairs[2], pairs[14]), "closed gates by their dual"
    assert found.by_statistics_auc == pairs[::-1]
    with pytest.raises(UserError, match="ranks 14 pairs"):
        rankings(gates, ranked.head(14), schema)
    assert select(schema, found.by_alpha[:1], "x").interactions[0].fields == names[7]
