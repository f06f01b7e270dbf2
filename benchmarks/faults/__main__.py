"""The campaign as a command; status 1 if a case ended in a traceback, a wrong result or not at all."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.faults.campaign import Campaign, Case
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.outcome import BAD
from benchmarks.faults.report import RESULTS, keep, table, tell

A_SEED = 1_000_000
"""Numbers of the cases of one campaign."""


def main() -> None:
    """Parse, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=", ".join(KINDS)
    )
    parser.add_argument("--seed", type=int, default=0, help="a campaign of other cases")
    parser.add_argument("--cases", type=int, help="of each kind, instead of minutes")
    parser.add_argument("--case", help="repeat one case, as it was printed: kill:12")
    parser.add_argument("--keep", type=Path, help="a folder to work in that stays")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults_") as folder:
        work = chosen.keep or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        raise SystemExit(repeat(chosen.case, work) if chosen.case else campaign(chosen, work))


def campaign(chosen: argparse.Namespace, work: Path) -> int:
    """Run cases for as long as was asked for."""
    console = Console()
    first = chosen.seed * A_SEED
    wanted = dict.fromkeys(chosen.kinds, range(first, first + chosen.cases)) if chosen.cases else None
    minutes = None if wanted else chosen.minutes
    run = Campaign(work.resolve(), chosen.kinds, first=first, wanted=wanted)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    n_cases = 0
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("runs without a fault", total=None)
        try:
            for found in run.run(minutes):
                if isinstance(found, str):
                    progress.console.print(found)
                    continue
                n_cases += 1
                progress.update(task, description=f"{n_cases:,} cases, {len(run.bad)} bad; {found.name}")
                if found.ending in BAD:
                    tell(progress.console, found)
        except KeyboardInterrupt:
            console.print("interrupted: so far")
    console.print(table(run))
    keep(run, chosen.seed, chosen.results)
    return int(bool(run.bad))


def repeat(case: str, work: Path) -> int:
    """One case again, with what became of it."""
    kind, _, number = case.partition(":")
    if kind not in KINDS or not number.isdecimal():
        raise SystemExit(
            f"no case '{case}': a kind and a number, such as {next(iter(KINDS))}:12; kinds: {', '.join(KINDS)}"
        )
    run = Campaign(work.resolve(), [kind], wanted={kind: [int(number)]}, workers=1)
    console = Console()
    for found in run.run(None):
        if isinstance(found, Case):
            console.print(f"{found.ending}: {found.detail}", markup=False, soft_wrap=True)
    return int(bool(run.bad))


if __name__ == "__main__":
    main()
