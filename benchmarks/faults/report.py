"""The campaign's table, its JSON, and how a case is repeated."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autofis_kedro import __version__
from benchmarks.faults.campaign import Campaign, Case
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.outcome import BAD, Ending
from benchmarks.records import machine

RESULTS = Path(__file__).resolve().parents[1] / "results" / "faults.json"


def table(campaign: Campaign) -> Table:
    """Rows are kinds, columns how cases ended."""
    shown = Table(title="Faults", title_justify="left")
    shown.add_column("kind")
    for title in ("tried", *Ending):
        shown.add_column(str(title), justify="right")
    counts = [(KINDS[kind].title, tally.ended) for kind, tally in campaign.tallies.items()]
    total = {ending: sum(count[ending] for _, count in counts) for ending in Ending}
    for title, count in [*counts, ("all", total)]:
        cells = [f"[bold red]{n:,}[/]" if n and ending in BAD else f"{n:,}" for ending, n in count.items()]
        shown.add_row(title, f"{sum(count.values()):,}", *cells, end_section=title == counts[-1][0])
    return shown


def tell(console: Console, case: Case) -> None:
    """A case that must not be, and the command that repeats it."""
    console.print(f"[bold red]{case.ending}[/] {escape(case.detail)}", soft_wrap=True)
    console.print(f"  python -m benchmarks.faults --case {case.name}", soft_wrap=True)


def keep(campaign: Campaign, seed: int, path: Path = RESULTS) -> None:
    """Write the numbers, with version, kind of machine and seed."""
    kinds = {
        kind: {"title": KINDS[kind].title, "tried": sum(tally.ended.values())}
        | {ending.value: n for ending, n in tally.ended.items()}
        | {"seconds": round(tally.seconds), "numbers": [campaign.first, tally.last]}
        for kind, tally in campaign.tallies.items()
    }
    about = {"version": __version__, "machine": machine(), "minutes": round(campaign.minutes, 1), "seed": seed}
    bad = [{"case": case.name, "ending": case.ending, "detail": case.detail} for case in campaign.bad]
    path.write_text(json.dumps(about | {"kinds": kinds, "bad": bad}, indent=1) + "\n")
