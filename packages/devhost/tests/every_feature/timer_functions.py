"""Timers: at every start, every night, and one that needs a second try."""

import azure.durable_functions as df
import azure.functions as func
import traces

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def at_start(timer: func.TimerRequest) -> None:
    """Run when the host starts."""
    traces.leave("at_start", f"past due: {timer.past_due}")


@bp.timer_trigger(arg_name="timer", schedule="%NIGHTLY%")
@bp.durable_client_input(client_name="client")
async def every_night(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Start an orchestration each night."""
    await client.start_new("greet", None, {"names": ["night"]})
    traces.leave("every_night", f"past due: {timer.past_due}")


@bp.timer_trigger(arg_name="timer", schedule="0 0 4 * * *")
@bp.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:05")
def second_try(timer: func.TimerRequest, context: func.Context) -> None:
    """Fail the first time."""
    count = context.retry_context.retry_count if context.retry_context else 0
    traces.leave("second_try", f"retry {count}")
    if not count:
        raise ValueError("not the first time")
