"""The paper's tables of results with two columns a figure: here, and published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.inference_time import InferenceTimes
from autofis_kedro.reporting.claims import WITHOUT_RANDOMNESS, claim
from autofis_kedro.reporting.paper_rows import PaperRows, Part
from autofis_kedro.reporting.paper_table import Column, PaperTable, Value
from autofis_kedro.reporting.published import Published, PublishedRow
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.roster import ON_LEAVES, searched_by

HERE, PUBLISHED = "here", "published"


@dataclass(frozen=True)
class Results:
    """What a table is made of.

    Attributes:
        dataset: the data set's name.
        metrics: by model.
        predictions: by model; needed with one seed.
        times: of inference, where the table has them.
    """

    dataset: str
    metrics: Mapping[str, ModelMetrics]
    predictions: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    times: InferenceTimes | None = None


def results_table(name: str, rows: PaperRows, results: Results, published: Published) -> PaperTable:
    """The table of ``rows``.

    Raises:
        UserError: models that were evaluated on different rows or over different schemas: some are of an earlier run.
    """
    _check_same_rows(results.metrics)
    printed = published.of(name, results.dataset)
    made = tuple(_row(label, rows, results, printed) for label in rows.models)
    return PaperTable(
        name=name,
        title=f"{rows.title} ({results.dataset})",
        columns=_columns(rows.parts, made, bool(printed)),
        rows=made,
        notes=_notes(rows, results, made, published, bool(printed)),
    )


def _row(label: str, rows: PaperRows, results: Results, printed: Mapping[str, PublishedRow]) -> dict[str, Value]:
    model = results.metrics[rows.models[label]]
    first = next(iter(rows.models))
    base = results.metrics[rows.models[first]]
    auc, loss = model.spread("test", "auc"), model.spread("test", "log_loss")
    row: dict[str, Value] = {"model": label, "namespace": model.model, "seeds": auc.n}
    row |= _variant(model) if "variant" in rows.parts else {}
    row |= {"auc": auc.mean, "auc_std": auc.std, "log_loss": loss.mean, "log_loss_std": loss.std}
    row |= _kept(model) | _cost(model)
    row["relative"] = auc.mean / base.spread("test", "auc").mean - 1
    row |= _time(results.times, model.model, base.model)
    row |= _claim(label, rows, results)
    if label in printed:
        row |= _printed(printed[label], printed.get(first))
    return row


def _variant(model: ModelMetrics) -> dict[str, Value]:
    """Table 6: what the model has of AutoFIS."""
    spec = model.spec
    return {
        "search": "yes" if searched_by(model.model) else "random" if model.kept < model.candidates else "no",
        "batch_norm": "yes" if spec and spec.normalize else "no",
        "has_alpha": "yes" if spec and spec.weighting == "learned" else "no",
    }


def _kept(model: ModelMetrics) -> dict[str, Value]:
    if model.model == "gbdt_lr":
        return {"kept_text": "-", "kept": None, "candidates": None}
    shares = [(model.kept, model.candidates), (model.kept_triples, model.candidate_triples)]
    text = " / ".join(_share(kept / of) for kept, of in shares if of)
    counts: dict[str, Value] = {"kept": model.kept, "candidates": model.candidates}
    return {"kept_text": text} | counts | {"kept_triples": model.kept_triples}


def _share(share: float) -> str:
    """In per cent: with a decimal where few are kept."""
    return f"{share:.1%}" if 0 < share < 0.095 else f"{share:.0%}"


def _cost(model: ModelMetrics) -> dict[str, Value]:
    cost = " + ".join(_seconds(spent) for spent in (model.search_seconds, model.train_seconds))
    seconds: dict[str, Value] = {"search_seconds": model.search_seconds, "train_seconds": model.train_seconds}
    return {"cost": cost} | seconds | {"flops_per_row": model.flops_per_row, "parameters": model.parameters}


def _seconds(spent: float) -> str:
    return f"{spent:.1f}" if 0 < spent < 10 else f"{spent:.0f}"


def _time(times: InferenceTimes | None, model: str, base: str) -> dict[str, Value]:
    if times is None or model not in times.seconds:
        return {}
    return {"seconds": times.seconds[model], "time_ratio": times.seconds[model] / times.seconds[base]}


def _claim(label: str, rows: PaperRows, results: Results) -> dict[str, Value]:
    first = next(iter(rows.models))
    rivals = [rival for rival in rows.against.get(label, (first,)) if rival != label]
    model = results.metrics[rows.models[label]]
    found = claim(model, [results.metrics[rows.models[rival]] for rival in rivals], results.predictions)
    if found is None:
        return {"p": None, "is_significant": False}
    names = {model: name for name, model in rows.models.items()}
    return {
        "against": names[found.rival],
        "p": found.p,
        "p_wilcoxon": found.p_wilcoxon,
        "p_log_loss": found.p_log_loss,
        "effect_size": found.effect_size,
        "is_significant": found.is_significant,
    }


def _printed(row: PublishedRow, base: PublishedRow | None) -> dict[str, Value]:
    shares = [share for share in (row.kept, row.kept_triples) if share is not None]
    found: dict[str, Value] = {
        "published_auc": row.auc,
        "published_log_loss": row.log_loss,
        "published_is_significant": row.is_significant,
        "published_relative": row.relative_improvement,
    }
    if shares:
        found["published_kept"] = " / ".join(_share(share) for share in shares)
    if row.seconds is not None and base is not None and base.seconds is not None:
        found |= {"published_seconds": row.seconds, "published_time_ratio": row.seconds / base.seconds}
    if row.search_minutes is not None and row.train_minutes is not None:
        found["published_cost"] = f"{row.search_minutes:.0f} + {row.train_minutes:.0f}"
    return found


_PARTS: Mapping[Part, tuple[Column, ...]] = {
    "variant": (
        Column(key="search", title="search"),
        Column(key="batch_norm", title="BN"),
        Column(key="has_alpha", title="alpha"),
    ),
    "kept": (Column(key="kept_text", title="kept", group=HERE),),
    "time": (Column(key="time_ratio", title="time", group=HERE, digits=2),),
    "cost": (Column(key="cost", title="cost s", group=HERE, is_detail=True),),
    "relative": (Column(key="relative", title="impr.", group=HERE, digits=2, is_percent=True, is_signed=True),),
}
_P = Column(key="p", title="p", group=HERE, digits=4, is_p=True)


def _columns(parts: tuple[Part, ...], rows: tuple[dict[str, Value], ...], has_published: bool) -> tuple[Column, ...]:
    auc = Column(key="auc", title="AUC", group=HERE, digits=4, std="auc_std", stars="is_significant", best="max")
    loss = Column(key="log_loss", title="log loss", group=HERE, digits=4, std="log_loss_std", best="min")
    variant = _PARTS["variant"] if "variant" in parts else ()
    others = [column for part in parts if part != "variant" for column in _PARTS[part]]
    here = (Column(key="model", title="model"), *variant, auc, loss, *others, _P)
    if not has_published:
        return here
    beside = (
        Column(key="published_auc", title="AUC", digits=4, stars="published_is_significant"),
        Column(key="published_log_loss", title="log loss", digits=4),
        Column(key="published_kept", is_detail=True, title="kept"),
        Column(key="published_time_ratio", is_detail=True, title="time", digits=2),
        Column(key="published_cost", is_detail=True, title="cost min"),
        Column(key="published_relative", is_detail=True, title="impr.", digits=2, is_percent=True, is_signed=True),
    )
    found = [column for column in beside if any(row.get(column.key) is not None for row in rows)]
    return (*here, *(column.model_copy(update={"group": PUBLISHED}) for column in found))


def _notes(
    rows: PaperRows, results: Results, made: tuple[dict[str, Value], ...], published: Published, has_published: bool
) -> tuple[str, ...]:
    notes = [_seeds_note(results.metrics)]
    if any(row.get("p") is None for row in made[1:]):
        notes.append("no p: nothing to test against, or another number of seeds")
    counts = {row["model"]: row["seeds"] for row in made if row["namespace"] not in ("random_fm", *WITHOUT_RANDOMNESS)}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        notes.append(f"numbers of seeds differ, and no star is given where they do: {said}")
    if results.times is not None and "time" in rows.parts:
        times = results.times
        first = next(iter(rows.models))
        seconds = times.seconds[rows.models[first]]
        notes.append(
            f"time: of scoring rows in batches of {times.batch_size:,}, the model alone, as a multiple of {first}'s, "
            f"which takes {seconds:.2f} s for {times.rows:,} rows ({times.device}, threads: {times.threads})"
        )
        if set(rows.models.values()) & set(ON_LEAVES):
            notes.append("time of GBDT: following the trees, on the CPU, and the model over their leaves")
        if rows.models[first] == "fm":
            notes.append("FM is computed by its identity, at a cost that pairs do not add to; the paper adds them up")
    if "cost" in rows.parts:
        notes.append("cost: seconds of search + re-training, of one seed; published: minutes of a GPU")
    if "relative" in rows.parts:
        notes.append(f"impr.: relative improvement of the AUC over {next(iter(rows.models))}'s")
    notes.append(
        published.beside(results.dataset)
        if has_published
        else f"the paper has no such table for data set '{results.dataset}': no published columns"
    )
    return (*notes, *rows.notes)


def _seeds_note(metrics: Mapping[str, ModelMetrics]) -> str:
    n_seeds = max(len(model.test) for name, model in metrics.items() if name != "random_fm")
    if n_seeds == 1:
        return "one seed: no spread, no star; p is that of DeLong's test over the test rows"
    return (
        f"mean ± standard deviation over {n_seeds} seeds; p: paired t-test over seeds on the AUC, against the first "
        "row or as said below; * a higher AUC, p < 0.005; Wilcoxon's p, effect sizes and all digits stand in the CSV"
    )


def _check_same_rows(metrics: Mapping[str, ModelMetrics]) -> None:
    """All models must have been evaluated on the same rows over the same fields."""
    first = next(iter(metrics.values()))
    for name, model in metrics.items():
        mine, theirs = model.test[0], first.test[0]
        has_same_rows = (mine.rows, mine.positive_share) == (theirs.rows, theirs.positive_share)
        known = {m.schema_fingerprint for m in (model, first) if m.schema_fingerprint and m.model not in ON_LEAVES}
        if not has_same_rows or len(known) > 1:
            raise UserError(
                f"{name} and {first.model} were evaluated on different data ({mine.rows:,} and {theirs.rows:,} test "
                "rows): one is of an earlier run; run again without --only-missing-outputs"
            )
