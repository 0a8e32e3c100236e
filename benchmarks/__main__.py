"""``python -m benchmarks``: what ``make bench`` runs."""

from __future__ import annotations

import argparse

from benchmarks import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=run.__doc__)
    parser.add_argument("--postgres", metavar="URL", help="also measure on this PostgreSQL: an empty database")
    parser.add_argument("--scale", type=float, default=1.0, help="how much is recorded; default: %(default)s")
    parser.add_argument("--responses", type=int, default=run.MANY, help="stored for the pages; default: %(default)s")
    options = parser.parse_args()
    run.run(postgres_url=options.postgres, scale=options.scale, most_responses=options.responses)


if __name__ == "__main__":
    main()
