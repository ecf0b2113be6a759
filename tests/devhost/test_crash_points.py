"""Many deaths: the engine is abandoned at random commits, again and again, and its successor must not notice.

``DEVHOST_KILLS`` says how many (200 in the suite, 2,000 in ``make soak``), ``DEVHOST_KILLS_SEED`` where chance
begins.
"""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.devhost.lives import Lives
from tests.devhost.random_programs import Program, programs
from tests.unit.durable_engine.history_audit import audit_database

KILLS = int(os.environ.get("DEVHOST_KILLS", "200"))
SEED = int(os.environ.get("DEVHOST_KILLS_SEED", "17"))
BATCH = 12
MOST_KILLS_PER_BATCH = 25
SECONDS_PER_KILL = 3


def draw_programs(number: int, first_seed: int) -> list[Program]:
    """Draw programs that are the same for the same seed."""
    drawn: list[Program] = []

    @seed(first_seed)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(program=programs())
    def draw(program: Program) -> None:
        drawn.append(program)

    draw()
    return drawn[:number]


@pytest.mark.timeout(60 + KILLS * SECONDS_PER_KILL)
def test_deaths_at_random_commits_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    kills = batches = 0
    while kills < KILLS:
        batches += 1
        folder = tmp_path / f"batch-{batches}"
        batch = draw_programs(BATCH, SEED * 10_000 + batches)
        named = {f"p{number}": program for number, program in enumerate(batch)}
        with Lives(folder, named) as lives:
            ends = lives.run(chance, min(MOST_KILLS_PER_BATCH, KILLS - kills))
            wrong = lives.differences(ends)
            assert not wrong, "\n".join([f"DEVHOST_KILLS_SEED={SEED}, batch {batches}:", *wrong])
            assert audit_database(lives.database) == [], f"DEVHOST_KILLS_SEED={SEED}, batch {batches}"
            assert lives.kills > 0, "A batch that nothing kills would go on for ever."
            kills += lives.kills
    assert kills == KILLS
