"""Tables of the online stage: ranking latency, and a simulated A/B test (paper sec. 4.6)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from autofis_kedro.config import Frozen
from autofis_kedro.evaluation.ratio import Improvement, mean_improvement
from autofis_kedro.reporting.paper_table import Column, PaperTable, Value
from autofis_kedro.reporting.rows import ModelMetrics

SIMULATED = "A simulation: users, candidates and clicks are drawn from the synthetic problem; nobody was asked."
NO_MARKET = (
    "Not simulated: this data set's true click model is unknown, so nobody can say what a user would have clicked. "
    "The synthetic problem's is known: kedro run --env synthetic --pipeline online."
)


class PublishedOnline(Frozen):
    """What the paper printed of its live test (sec. 4.6), as text.

    Attributes:
        latency: of candidate selection and ranking together.
        machine: that served.
        ctr_test: improvement of CTR over the A/B days.
        cvr_test: of CVR.
        quiet: how far both went on the A/A days.
    """

    latency: str
    machine: str
    ctr_test: str
    cvr_test: str
    quiet: str


def latency_table(
    latencies: pl.DataFrame,
    metrics: Mapping[str, ModelMetrics],
    published: PublishedOnline,
    reference: str,
    dataset: str,
) -> PaperTable:
    """p50 and p99 of every model.

    Args:
        latencies: of ``measure_latency``.
        metrics: by model.
        published: the paper's words.
        reference: the model that others are compared with, request by request.
        dataset: whose rows were ranked.
    """
    rows = []
    by_request = latencies.pivot(on="model", index="request", values="milliseconds")
    for name, model in metrics.items():
        times = by_request[name]
        quantiles = {f"p{q}": times.quantile(q / 100, "linear") for q in (50, 90, 99)}
        ratio = (times / by_request[reference]).median()
        known = {"model": name, "kept": model.kept, "candidates": model.candidates, "parameters": model.parameters}
        rows.append({**known, **quantiles, "ratio": ratio, "published": published.latency})
    columns = (
        Column(key="model", title="model"),
        Column(key="kept", title="pairs"),
        Column(key="parameters", title="parameters", has_thousands=True),
        *(Column(key=f"p{q}", title=f"p{q}", group="ms", digits=3) for q in (50, 90, 99)),
        Column(key="ratio", title=f"time / {reference}'s", digits=2),
        Column(key="published", title="budget", group="published"),
    )
    candidates = latencies["candidates"][0]
    title = f"Latency of ranking {candidates} candidates of {dataset} on the CPU"
    return PaperTable(
        name="online_latency", title=title, columns=columns, rows=tuple(rows), notes=_timing(latencies, published)
    )


def _timing(latencies: pl.DataFrame, published: PublishedOnline) -> tuple[str, ...]:
    found = latencies.row(0, named=True)
    requests = latencies["request"].n_unique()
    return (
        f"A request is {found['candidates']} rows drawn from the test examples, encoded and in memory. Timed are the "
        "logits of all rows and their order; retrieval, encoding and network are not.",
        f"{requests:,} requests per model after warm-up, all models on each request in turn, in an order drawn anew; "
        "the time against another model's is the median over requests.",
        f"{found['processor']}, {found['threads']} thread(s), float32. p99 shows what else the machine did, too.",
        f"The paper's budget holds for candidate selection and ranking together, on {published.machine}.",
    )


MEASURES = {"ctr": ("CTR", "impressions"), "cvr": ("CVR", "users")}
"""Names, and what clicks are counted against."""


def ab_test_table(days: pl.DataFrame, published: PublishedOnline, confidence: float) -> PaperTable:
    """CTR and CVR of both groups per phase, and how the experimental group's relate to the control group's.

    Args:
        days: of ``run_experiment``; none where there is no market, which the table then says.
        published: the paper's words.
        confidence: of the intervals.
    """
    phases = days.partition_by("phase", maintain_order=True)
    rows = [_phase(part, measure, published, confidence) for measure in MEASURES for part in phases]
    gain = Column(key="gain", title="improvement", digits=2, is_percent=True, is_signed=True)
    columns = (
        Column(key="measure", title="measure"),
        Column(key="phase", title="phase"),
        Column(key="days", title="days"),
        Column(key="experimental_model", title="tested"),
        *(Column(key=group, title=f"{group} group", digits=4) for group in ("control", "experimental")),
        gain,
        Column(key="interval", title=f"{confidence:.0%} interval"),
        Column(key="published", title="published"),
    )
    return PaperTable(
        name="online_ab_test",
        title="Simulated A/B test" if rows else "A/B test: not simulated",
        columns=columns,
        rows=tuple(rows or [_published(measure, published, "A/B") for measure in MEASURES]),
        notes=_notes(days) if rows else (NO_MARKET,),
    )


def _phase(days: pl.DataFrame, measure: str, published: PublishedOnline, confidence: float) -> dict[str, Value]:
    first, last = days.row(0, named=True), days.row(-1, named=True)
    total = days.select(pl.col("^.*_(users|impressions|clicks)$").sum()).row(0, named=True)
    row = _published(measure, published, first["phase"] if len(tested(days)) else "")
    row |= {key: first[key] for key in ("phase", "control_model", "experimental_model")}
    row["days"] = f"{first['day']}-{last['day']}"
    for group in ("control", "experimental"):
        below = total[f"{group}_{MEASURES[measure][1]}"]
        row[group] = total[f"{group}_clicks"] / below if below else None
    mean = mean_over_days(days, measure, confidence)
    if mean is not None:
        row |= {"gain": mean.value, "low": mean.low, "high": mean.high, "standard_error": mean.standard_error}
        row["interval"] = f"{mean.low:+.2%} to {mean.high:+.2%}"
    return row


def _published(measure: str, published: PublishedOnline, phase: str) -> dict[str, Value]:
    """The paper's words on a measure; of the A/A days where ``phase`` is empty."""
    of_test = {"ctr": published.ctr_test, "cvr": published.cvr_test}
    words = of_test[measure] if phase else published.quiet
    return {"measure": MEASURES[measure][0], "phase": phase, "published": words}


def tested(days: pl.DataFrame) -> pl.DataFrame:
    """The A/B days."""
    return days.filter(pl.col("experimental_model") != pl.col("control_model"))


def mean_over_days(days: pl.DataFrame, measure: str, confidence: float) -> Improvement | None:
    """Mean improvement of ``ctr`` or ``cvr`` over the days that have one; None if none has."""
    names = {"value": "improvement", "standard_error": "standard_error", "low": "low", "high": "high"}
    known = days.select(pl.col(f"{measure}_{column}").alias(key) for key, column in names.items()).drop_nulls()
    found = [Improvement(**row) for row in known.iter_rows(named=True)]
    return mean_improvement(found, confidence) if found else None


def _notes(days: pl.DataFrame) -> tuple[str, ...]:
    means = days.select(pl.col("^expected_ctr_.*$").mean()).row(0, named=True)
    return (
        SIMULATED,
        "CTR is #clicks / #impressions, CVR #clicks / #users of the day: a click stands for the paper's download. "
        "Improvements are relative, means of the days'; their intervals come from users, who differ from day to day.",
        f"What there is to gain: a random ranking has a CTR of {means['expected_ctr_random']:.1%}, the perfect one "
        f"{means['expected_ctr_perfect']:.1%}.",
        "Published: a live app store, whose clicks, users and items are others.",
    )


def rankings_table(days: pl.DataFrame) -> PaperTable:
    """Every ranking on the very same requests of the A/B days, without the chance of clicks.

    Args:
        days: of ``run_experiment``; none where there is no market, which the table then says.
    """
    columns = (
        Column(key="ranking", title="ranking"),
        Column(key="ctr", title="expected CTR", digits=2, is_percent=True),
        Column(key="gain", title="against the control group's", digits=2, is_percent=True, is_signed=True),
        Column(key="share", title="of the way from random to perfect", digits=1, is_percent=True),
    )
    title = "Expected CTR of rankings on the same simulated requests"
    part = tested(days)
    if part.is_empty():
        rows: tuple[dict[str, Value], ...] = ({"ranking": "not simulated"},)
        unknown = f"{title}: not simulated"
        return PaperTable(name="online_rankings", title=unknown, columns=columns, rows=rows, notes=(NO_MARKET,))
    names = {"random": "random", "control": part["control_model"][0], "treatment": part["experimental_model"][0]}
    means = part.select(pl.col("^expected_ctr_.*$").mean()).row(0, named=True)
    ctr = {key: float(means[f"expected_ctr_{key}"]) for key in (*names, "perfect")}
    room = ctr["perfect"] - ctr["random"]
    rows = tuple(
        {
            "ranking": names.get(key, "perfect (by the true probabilities)"),
            "ctr": value,
            "gain": value / ctr["control"] - 1 if ctr["control"] else None,
            "share": (value - ctr["random"]) / room if room else None,
        }
        for key, value in ctr.items()
    )
    notes = (SIMULATED, "Mean true click probability of what would be shown to all users of the A/B days.")
    return PaperTable(name="online_rankings", title=title, columns=columns, rows=rows, notes=notes)
