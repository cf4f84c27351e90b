"""The long form: `python -m tests.chaos --seed N --minutes M`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

MOST_MINUTES = 240.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed plans the same graphs and faults")
    parser.add_argument("--minutes", type=float, default=5.0, help="0 strikes every kind of fault once")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--per-second", type=float, default=5.0, help="executions offered a second")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    import django

    django.setup()

    from tests.chaos.campaign import Plan, campaign

    plan = Plan(
        given.seed,
        minutes=min(given.minutes, MOST_MINUTES),
        workers=given.workers,
        per_second=given.per_second,
    )
    report = asyncio.run(campaign(plan))
    print(report)
    if not report.is_clean:
        print(report.story)
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
