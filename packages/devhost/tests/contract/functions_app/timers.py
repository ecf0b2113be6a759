"""Timer functions; each appends its timer request to the file of its name."""

import json
import os
from pathlib import Path
from typing import cast

import azure.durable_functions as df
import azure.functions as func
from azure.functions.timer import TimerRequest

bp = df.Blueprint()


def _note(name: str, line: object) -> None:
    with (Path(os.environ["SAMPLE_FOLDER"]) / name).open("a") as file:
        file.write(f"{json.dumps(line)}\n")


def _seen(timer: func.TimerRequest) -> dict[str, object]:
    # func.TimerRequest declares only past_due; what arrives has more.
    request = cast(TimerRequest, timer)
    return {"pastDue": request.past_due, "status": request.schedule_status, "schedule": request.schedule}


@bp.timer_trigger(arg_name="timer", schedule="30 15 * * * *")
def six_fields(timer: func.TimerRequest) -> None:
    _note("six_fields", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="20 * * * *")
def five_fields(timer: func.TimerRequest) -> None:
    _note("five_fields", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="01:00:00")
def interval(timer: func.TimerRequest) -> None:
    _note("interval", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="%NIGHT%")
def from_setting(timer: func.TimerRequest) -> None:
    _note("from_setting", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="0 0 3 * * *", run_on_startup=True)
def on_startup(timer: func.TimerRequest) -> None:
    _note("on_startup", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="0 0 3 * * *", use_monitor=False)
def forgetful(timer: func.TimerRequest) -> None:
    _note("forgetful", _seen(timer))


@bp.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
def as_text(timer: str) -> None:
    _note("as_text", timer)


@bp.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *")
def returns_something(timer: func.TimerRequest):
    return "nobody takes this"


@bp.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:05")
@bp.timer_trigger(arg_name="timer", schedule="0 0 5 * * *")
def always_fails(timer: func.TimerRequest, context: func.Context) -> None:
    _note("always_fails", context.retry_context.retry_count)
    raise ValueError("as ever")
