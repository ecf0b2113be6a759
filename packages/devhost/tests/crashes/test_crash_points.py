"""Engines are killed by SIGKILL again and again; the outcome of their work must not change.

``DEVHOST_KILLS`` is the number of deaths at random moments under load (100 in the suite, 2,000 in ``make soak``),
``DEVHOST_KILLS_SEED`` the seed of these moments. Deaths at each commit of a smaller load come in addition.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.crashes.every_commit_load import PARTS, EveryCommitLoad
from tests.crashes.journal import read_journal
from tests.crashes.kills import DeathAtAnyMoment, DeathAtCommit, Killer, Lives, needs_fork
from tests.crashes.lives import RUNS
from tests.crashes.outcomes import differences
from tests.crashes.program_load import ProgramLoad
from tests.crashes.random_programs import Program, programs

pytestmark = needs_fork
KILLS = int(os.environ.get("DEVHOST_KILLS", "100"))
SEED = int(os.environ.get("DEVHOST_KILLS_SEED", "17"))
BATCH = 12
MOST_KILLS_PER_BATCH = 25
SECONDS_PER_KILL = 10


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    """A killer whose engines must log no errors: an engine's own retries would hide a fault."""
    with Killer(tmp_path_factory.mktemp("killer") / "log") as killer:
        yield killer
    assert killer.log == ""


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


@pytest.mark.parametrize("part", PARTS)
def test_a_death_at_any_commit_loses_nothing_and_doubles_nothing(
    killer: Killer, tmp_path: Path, part: str
) -> None:
    load, undisturbed = EveryCommitLoad(part), tmp_path / "undisturbed"
    first = Lives(killer, undisturbed, load)
    expected, least_runs = first.live_to_the_end(), read_journal(undisturbed / RUNS)
    commits = range(1, first.commits + 1)
    for death in (DeathAtCommit(number, is_after) for number in commits for is_after in (False, True)):
        folder = tmp_path / f"{death.commit}-{death.is_after}"
        lives = Lives(killer, folder, load)
        assert lives.live(death) is None, f"{death} did not come: are commits no longer made one after the other?"
        wrong = differences(folder, lives.live_to_the_end(), expected, least_runs)
        assert not wrong, "\n".join([f"{death}:", *wrong])


@pytest.mark.timeout(60 + KILLS * SECONDS_PER_KILL)
def test_deaths_at_random_moments_lose_nothing_and_double_nothing(killer: Killer, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    kills = batches = 0
    while kills < KILLS:
        batches += 1
        batch = draw_programs(BATCH, SEED * 10_000 + batches)
        load = ProgramLoad({f"p{number}": program for number, program in enumerate(batch)})
        folder = tmp_path / f"batch-{batches}"
        lives, ends = Lives(killer, folder, load), None
        while ends is None and lives.kills < min(MOST_KILLS_PER_BATCH, KILLS - kills):
            ends = lives.live(DeathAtAnyMoment.drawn(chance))
        wrong = differences(folder, ends or lives.live_to_the_end(), load.expected_ends, load.least_runs)
        assert not wrong, "\n".join([f"DEVHOST_KILLS_SEED={SEED}, batch {batches}:", *wrong])
        assert lives.kills > 0, "A batch that nothing kills would go on for ever."
        kills += lives.kills
    assert kills == KILLS
