"""The project's settings in a run of chaos: the real ones, with every time made shorter by the same order of magnitude.

The product knows nothing of this, and has no switch that would shorten its times: who wants them short must start the
processes from here. The relations of ``reliability.md`` 3 hold as in production; ``check_numbers`` asserts them.
"""

from __future__ import annotations

from chaos import numbers, shortening

shortening.before_setup()

from ordergroove_monitor.settings import *  # noqa: E402, F403
from ordergroove_monitor.settings import CELERY_BEAT_SCHEDULE, SILENCED_SYSTEM_CHECKS  # noqa: E402

CELERY_TASK_SOFT_TIME_LIMIT = numbers.SOFT_LIMIT_SECONDS
CELERY_TASK_TIME_LIMIT = numbers.HARD_LIMIT_SECONDS
SILENCED_SYSTEM_CHECKS += ["monitor.E061"]  # the same relation, between shorter times
for name in CELERY_BEAT_SCHEDULE:
    CELERY_BEAT_SCHEDULE[name]["schedule"] = min(2, CELERY_BEAT_SCHEDULE[name]["schedule"])
