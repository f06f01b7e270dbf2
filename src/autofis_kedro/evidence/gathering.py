"""All evidence of a log: what is confirmed, what it is worth, what is a proxy of what.

Shapes: P tuples of an order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

from autofis_kedro.evidence.base import Base, cross, fit_base, terms_of
from autofis_kedro.evidence.choosing import Choice, choose
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.gain import Gain, OutOfFold, gain_of, gain_together, out_of_fold
from autofis_kedro.evidence.meaning import JointValues, joint_values
from autofis_kedro.evidence.screening import screened
from autofis_kedro.evidence.testing import Fields, corrected


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Attributes:
        names: of the fields.
        choices: of pairs and, where asked for, of triples.
        p_corrected: for the number of tuples of the same order looked at.
        gains: out of fold, of the tuples tested; of ``max_gains`` of them where they are more.
        together: the gain of all kept ones together.
        meanings: of the kept ones.
        n_rows: that were read.
        n_unscreened: triples that were not tested in full.
        config: how.
    """

    names: tuple[str, ...]
    choices: tuple[Choice, ...]
    p_corrected: dict[Fields, float]
    gains: dict[Fields, Gain]
    together: Gain
    meanings: dict[Fields, JointValues]
    n_rows: int
    n_unscreened: int
    config: EvidenceConfig

    @property
    def kept(self) -> tuple[Fields, ...]:
        """Confirmed tuples, pairs first, in the order in which they were added."""
        return tuple(fields for choice in self.choices for fields in choice.kept)

    def limits(self, n_rows: int) -> list[str]:
        """What was left out, a sentence each.

        Args:
            n_rows: that there are.
        """
        said = []
        if self.n_rows < n_rows:
            said.append(
                f"a uniform sample of {self.n_rows:,} of {n_rows:,} rows was read (evidence.max_rows, max_pair_rows)"
            )
        if self.n_unscreened:
            n_full = self.config.max_triples
            said.append(
                f"{n_full:,} of {n_full + self.n_unscreened:,} triples were tested in full (evidence.max_triples)"
            )
        n_tested = sum(len(choice.alone) for choice in self.choices)
        if len(self.gains) < n_tested:
            said.append(f"the gain of {len(self.gains):,} of {n_tested:,} was measured (evidence.max_gains)")
        for order, choice in zip(self.config.orders, self.choices, strict=False):
            if choice.is_cut:
                what = {2: "pairs", 3: "triples"}[order]
                said.append(f"more {what} passed than the {len(choice.kept)} that are kept (evidence.max_kept)")
        return said


def gather(
    columns: Columns, config: EvidenceConfig, report: Callable[[str, int], Callable[[], None]] | None = None
) -> Evidence:
    """Test, choose, measure and explain.

    Args:
        columns: the rows.
        config: how.
        report: given what begins and how many steps it has, returns what to call after each.
    """
    begin = report or (lambda what, n_steps: lambda: None)
    pairs = list(combinations(range(columns.n_fields), 2))
    base = fit_base(terms_of(columns), columns.labels_N)
    choices = [choose(columns, base, pairs, config, (), begin("pairs", len(pairs)))]
    n_unscreened = 0
    if 3 in config.orders and columns.n_fields >= 3:
        kept = tuple(choices[0].kept)
        triples, n_unscreened = screened(columns, choices[0].base, kept, config)
        done = begin("triples", len(triples))
        choices.append(choose(columns, choices[0].base, triples, config, kept, done, n_unscreened))
    rows = out_of_fold(columns, terms_of(columns), config.folds, config.seed)
    gains = _gains(rows, choices, config, begin)
    evidence_of = {
        fields: p for c in choices for fields, p in corrected(c.alone, config.correction, c.n_looked_at).items()
    }
    kept = tuple(fields for choice in choices for fields in choice.kept)
    crosses = [cross(columns, fields) for fields in kept]
    together = gain_together(rows, crosses, config.seed) if kept else Gain(0.0, 0.0)
    meanings = {fields: _meaning(columns, base, fields, choices) for fields in kept}
    return Evidence(
        columns.names,
        tuple(choices),
        evidence_of,
        gains,
        together,
        meanings,
        columns.n_rows,
        n_unscreened,
        config,
    )


def _gains(
    rows: OutOfFold, choices: Sequence[Choice], config: EvidenceConfig, begin: Callable[[str, int], Callable[[], None]]
) -> dict[Fields, Gain]:
    tested = {fields: score for choice in choices for fields, score in choice.alone.items()}
    told = {fields for choice in choices for fields in (*choice.kept, *choice.proxy_of)}
    first = sorted(tested, key=lambda fields: (fields not in told, tested[fields].p))[
        : max(config.max_gains, len(told))
    ]
    advance = begin("gains", len(first))

    def one(fields: Fields) -> Gain:
        gain = gain_of(rows, fields, tested[fields].effect_variance)
        advance()
        return gain

    with ThreadPoolExecutor(config.threads) as pool:
        return dict(zip(first, pool.map(one, first), strict=True))


def _meaning(columns: Columns, base: Base, fields: Fields, choices: Sequence[Choice]) -> JointValues:
    """Beside the other kept ones of its order and below: a triple that holds a pair would take its effect away."""
    place, choice = next((place, choice) for place, choice in enumerate(choices) if fields in choice.kept)
    kept = [other for earlier in choices[: place + 1] for other in earlier.kept]
    others = [other for other in kept if other != fields]
    begin = choice.base.without(columns.n_fields + kept.index(fields))
    over = fit_base(terms_of(columns, others), columns.labels_N, begin) if others else base
    return joint_values(columns, over, fields, choice.kept[fields].effect_variance)
