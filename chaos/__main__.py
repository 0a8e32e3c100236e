"""``python -m chaos``: what ``make chaos`` runs. Ends with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import subprocess
import sys

from chaos import mutants, numbers, report, run

SHORT_SECONDS = 40.0
CELLS = ("sqlite", "postgres")


def main() -> None:
    parser = argparse.ArgumentParser(prog="chaos", description=run.__doc__)
    parser.add_argument("--minutes", type=float, help="how long load and faults last; default: a short form")
    parser.add_argument("--cell", choices=CELLS, help="SQLite with the embedded broker, or PostgreSQL with Redis")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with; default: %(default)s")
    parser.add_argument("--rate", type=float, default=4.0, help="calls of the shop a second; default: %(default)s")
    parser.add_argument("--mutant", choices=sorted(mutants.ALL), default="", help="a deliberate mistake")
    parser.add_argument("--mutants", action="store_true", help="run every mutant, and demand that each is caught")
    parser.add_argument("--keep", action="store_true", help="keep the evidence also when everything held")
    options = parser.parse_args()
    if options.mutants or options.mutant:
        names = sorted(mutants.ALL) if options.mutants else [options.mutant]
        survivors = [name for name in names if not try_mutant(name, seed=options.seed)]
        sys.exit(bool(survivors))
    if options.cell is None:
        sys.exit(side_by_side(sys.argv[1:]))
    seconds = options.minutes * 60 if options.minutes else SHORT_SECONDS
    outcome = run.run(
        options.cell,
        seconds=seconds,
        seed=options.seed,
        # What has piled up behind outages and breakers is begun again slowly.
        drain_seconds=numbers.DRAIN_SECONDS + seconds / 2,
        per_second=options.rate,
        keep=options.keep,
    )
    report.show(outcome)
    sys.exit(not outcome.is_clean)


def side_by_side(words: list[str]) -> bool:
    """Run every cell in a process of its own, print what each says when it has ended; whether one of them failed."""
    running = [
        subprocess.Popen([sys.executable, "-m", "chaos", "--cell", cell, *words], stdout=subprocess.PIPE, text=True)
        for cell in CELLS
    ]
    for process in running:
        said, _ = process.communicate()
        print(said, flush=True)
    return any(process.returncode for process in running)


def try_mutant(name: str, *, seed: int) -> bool:
    """Run one mutant with the harm that brings it out; whether the checker caught it."""
    mutant = mutants.ALL[name]
    outcome = run.run(
        mutant.cell,
        seconds=mutant.seconds,
        seed=seed,
        mutant=name,
        kinds=mutant.faults,
        after_load=mutant.after_load,
        drain_seconds=mutant.drain_seconds,
        per_second=10.0,
    )
    caught = [
        check for check in mutant.caught_by if any(mutant.sign in sentence for sentence in outcome.violations[check])
    ]
    report.show_mutant(outcome, caught)
    return bool(caught)


if __name__ == "__main__":
    main()
