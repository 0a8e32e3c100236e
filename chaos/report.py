"""What a run found, as a table for people."""

from __future__ import annotations

import shutil

from rich.console import Console
from rich.table import Table

from chaos.run import Outcome

MOST_SHOWN = 8


def show(outcome: Outcome) -> None:
    """Print what was done, what was found, and where the evidence is."""
    console = Console(width=130)
    name = f"{outcome.cell}, seed {outcome.seed}" + (f", mutant: {outcome.mutant}" if outcome.mutant else "")
    numbers = Table(title=f"Chaos on {name}", show_header=False)
    for label, number in outcome.figures.items():
        numbers.add_row(label, f"{number:,}")
    numbers.add_row("done", ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.faults.items())))
    console.print(numbers)
    found = Table(title="What must hold")
    found.add_column("promise")
    found.add_column("violations", justify="right")
    for check, sentences in outcome.violations.items():
        found.add_row(check, str(len(sentences)) if sentences else "0")
    console.print(found)
    for check, sentences in outcome.violations.items():
        for sentence in sentences[:MOST_SHOWN]:
            console.print(f"  {check}: {sentence}", markup=False, highlight=False)
        if len(sentences) > MOST_SHOWN:
            console.print(f"  {check}: and {len(sentences) - MOST_SHOWN} more")
    if not outcome.is_clean:
        console.print(f"The evidence is in {outcome.folder}.")


def show_mutant(outcome: Outcome, caught: list[str]) -> None:
    """Print in one line whether a mutant was caught, and by what; the evidence is thrown away."""
    console = Console(width=130)
    found = {check: len(sentences) for check, sentences in outcome.violations.items() if sentences}
    verdict = "caught" if caught else "NOT CAUGHT"
    console.print(f"{outcome.mutant}: {verdict}; violations: {found or 'none'}", highlight=False)
    if caught:
        shutil.rmtree(outcome.folder, ignore_errors=True)
    else:
        console.print(f"The evidence is in {outcome.folder}.")
