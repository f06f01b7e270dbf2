"""The answer in one sentence, and the numbers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofis_kedro.reporting.numbers import MINUS, number, percent, spread
from autofis_kedro.reporting.report.contents import Contents

REFERENCE = "fm"


@dataclass(frozen=True)
class Card:
    """A number that matters, what it is, and what it compares with."""

    title: str
    value: str
    note: str


@dataclass(frozen=True)
class Headline:
    """What a reader takes away.

    Attributes:
        model: that was chosen on the validation rows.
        is_reference: whether no model beat FM by more than chance.
        is_known: whether the model beat a constant prediction by more than chance, as far as anybody compared.
        why: in words and numbers.
        auc: on the test rows, with its spread.
        log_loss: likewise.
        reference_auc: FM's.
        reference_log_loss: FM's.
        seeds: trainings that the spread is over.
        searched: the search whose pairs are told.
        kept: pairs that it keeps.
        candidates: pairs that there were.
        cards: the same as numbers.
    """

    model: str
    is_reference: bool
    is_known: bool
    why: str
    auc: str
    log_loss: str
    reference_auc: str
    reference_log_loss: str
    seeds: int
    searched: str
    kept: int
    candidates: int
    cards: tuple[Card, ...]


def headline(contents: Contents) -> Headline:
    """The headline of a report."""
    chosen = contents.row_of(contents.chosen.model) or {}
    reference = contents.row_of(REFERENCE) or {}
    first = contents.searched[0]
    kept, candidates = first.selection.count(2), first.selection.candidates
    quality, against = _quality(chosen), _quality(reference)
    is_reference = contents.chosen.model == REFERENCE
    return Headline(
        model=contents.chosen.model,
        is_reference=is_reference,
        is_known=contents.chosen.beats_constant is not False,
        why=contents.chosen.why.replace(" +- ", " ± ").replace(" -0.", f" {MINUS}0."),
        auc=quality["test_auc"],
        log_loss=quality["test_log_loss"],
        reference_auc=against["test_auc"],
        reference_log_loss=against["test_log_loss"],
        seeds=int(str(chosen.get("seeds", 1))),
        searched=first.name,
        kept=kept,
        candidates=candidates,
        cards=(
            _card("test AUC", "test_auc", chosen, reference, is_reference),
            _card("test log loss", "test_log_loss", chosen, reference, is_reference),
            Card("pairs kept", f"{kept:,} of {candidates:,}", f"{percent(kept / candidates)}, by {first.name}"),
            Card("rows", f"{contents.statistics.instances:,}", f"{contents.statistics.n_fields} fields"),
        ),
    )


def _quality(row: Mapping[str, Any]) -> dict[str, str]:
    """AUC and log loss with their spreads."""
    return {key: spread(row.get(key), row.get(f"{key}_std")) for key in ("test_auc", "test_log_loss")}


def _card(title: str, key: str, chosen: dict[str, Any], reference: dict[str, Any], is_reference: bool) -> Card:
    std = chosen.get(f"{key}_std")
    notes = [] if std is None else [f"± {number(std)}"]
    if not is_reference and reference:
        notes.append(f"FM {number(reference[key])}")
    return Card(title, number(chosen.get(key)), ", ".join(notes) or "one seed: no spread")
