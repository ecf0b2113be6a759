"""The output, the effect and the errors of each command."""

import io
import json

import pytest

from devhost.cli.command_line import main
from devhost.cli.host_client import HostClient
from tests.unit.cli.conftest import KEYS, CommandLine, OpenHost
from tests.unit.page.sample_orders import MARKUP, ORDER_ID, begin_order, run_order


def status_of(command_line: CommandLine, instance_id: str = ORDER_ID) -> str:
    """The runtime status once the engine has settled."""
    command_line.engine.wait_quiescent()
    return str((command_line.engine.status(instance_id) or {})["runtimeStatus"])


def test_list_shows_the_newest_first_and_says_when_there_are_more(command_line: CommandLine) -> None:
    run_order(command_line.engine, "first")
    command_line.engine.advance(minutes=1)
    begin_order(command_line.engine, "second")
    printed = command_line.run("list", "--name", "order")
    assert printed.index("second") < printed.index("first")
    assert "There are more" in command_line.run("list", "--top", "1")
    assert command_line.run("list", "--status", "Suspended") == "No instance matches.\n"


def test_list_never_cuts_an_id(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    instance_id = "order-" + "x" * 200
    begin_order(command_line.engine, instance_id)
    (line,) = [line for line in command_line.run("list").splitlines() if instance_id in line]
    assert line.split()[:3] == ["Running", instance_id, "order"]


def test_list_as_json_is_filtered_like_the_table(command_line: CommandLine) -> None:
    run_order(command_line.engine, "first")
    found = command_line.json("list", "--id", "fi", "--status", "completed")
    assert [(one["instanceId"], one["runtimeStatus"]) for one in found["instances"]] == [("first", "Completed")]
    assert found["next"] is None


def test_list_as_json_shows_of_an_instance_what_show_does(command_line: CommandLine) -> None:
    run_order(command_line.engine, "first")
    (listed,) = command_line.json("list", "--name", "order")["instances"]
    assert listed == command_line.json("show", "first")
    assert json.loads(listed["input"]) == {"pens": 2}


def test_show_prints_input_and_output(command_line: CommandLine) -> None:
    run_order(command_line.engine)
    printed = command_line.run("show", ORDER_ID)
    for text in ("Completed", '"pens": 2', '"left": 98', MARKUP, "2024-01-01 20:00:05 UTC"):
        assert text in printed
    assert command_line.json("show", ORDER_ID)["output"]["left"] == 98


def test_show_of_an_unknown_activity_names_the_existing_ones(command_line: CommandLine) -> None:
    command_line.engine.start("misspelt", "resreve", "typo")
    command_line.engine.wait_quiescent()
    printed = " ".join(command_line.run("show", "typo").split())
    assert printed.endswith("'resreve' does not exist. The app has these activities: charge, reserve, wrap.")
    assert "$type" not in printed


def test_show_of_a_failed_activity_ends_with_its_stack_instead_of_json(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever terminal the tests run in: a path that is longer than a line is cut.
    monkeypatch.setenv("COLUMNS", "300")
    command_line.engine.start("misspelt", "charge", "broken")
    command_line.engine.wait_quiescent()
    for command in ("show", "history"):
        printed = " ".join(command_line.run(command, "broken").split())
        assert "Activity function 'charge' failed: TypeError: 'NoneType' object is not subscriptable" in printed
        assert 'sample_orders.py", line' in printed
        assert "$type" not in printed


def test_history_draws_every_step_on_one_axis(command_line: CommandLine) -> None:
    run_order(command_line.engine)
    lines = command_line.run("history", ORDER_ID).splitlines()
    steps = [line for line in lines if "█" in line or "◆" in line or "─" in line or "╌" in line or "▓" in line]
    begin = [line.split("  ")[0] for line in steps]
    assert begin[:4] == ["reserve", "charge", "wait to retry charge", "charge (try 2)"]
    assert "failed" in steps[1]
    assert "not needed" in next(line for line in lines if line.startswith("timer of 2 d"))
    assert any(line.startswith("charge: Activity function 'charge' failed:") for line in lines)
    assert max(map(len, lines[: len(steps) + 4])) <= 110
    assert "\x1b" not in "".join(lines)


def test_history_as_json_has_the_events(command_line: CommandLine) -> None:
    run_order(command_line.engine)
    events = command_line.json("history", ORDER_ID)["historyEvents"]
    assert events[0]["EventType"] == "ExecutionStarted"


def test_history_of_a_running_instance_reaches_until_now(command_line: CommandLine) -> None:
    begin_order(command_line.engine)
    printed = command_line.run("history", ORDER_ID)
    assert "Running for" in printed
    assert "░" in next(line for line in printed.splitlines() if line.startswith("timer of 2 d"))


def test_history_is_drawn_in_ascii_where_the_output_takes_no_more(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_order(command_line.engine)
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert main(["history", ORDER_ID, "--url", command_line.url]) == 0
    assert raw.getvalue().isascii()
    assert [b"  #  " in line for line in raw.getvalue().splitlines() if line.startswith(b"reserve")] == [True]


def test_raised_event_lets_the_instance_go_on(command_line: CommandLine) -> None:
    begin_order(command_line.engine)
    printed = command_line.run("raise", ORDER_ID, "Approval", '{"approved": true}')
    assert printed == f"Approval was raised to {ORDER_ID}.\n"
    assert status_of(command_line) == "Completed"


def test_data_of_an_event_is_read_from_standard_input(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_order(command_line.engine)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"by": "pipe"}'))
    assert command_line.json("raise", ORDER_ID, "Approval", "-") == {"instanceId": ORDER_ID, "raised": "Approval"}
    command_line.engine.wait_quiescent()
    events = (command_line.engine.status(ORDER_ID, show_history=True) or {})["historyEvents"]
    (raised,) = [one for one in events if one.get("Name") == "Approval"]
    assert json.loads(raised["Input"]) == {"by": "pipe"}


def test_suspend_resume_and_terminate(command_line: CommandLine) -> None:
    begin_order(command_line.engine)
    for verb, status in (("suspend", "Suspended"), ("resume", "Running"), ("terminate", "Terminated")):
        assert ORDER_ID in command_line.run(verb, ORDER_ID, "--reason", "a test")
        assert status_of(command_line) == status


def test_rewind_is_refused_for_what_has_not_failed(command_line: CommandLine) -> None:
    begin_order(command_line.engine)
    assert 'only orchestrations in the "Failed" state can be rewound' in command_line.refused("rewind", ORDER_ID)


def test_purge_deletes_what_has_ended_and_asks_for_force_otherwise(command_line: CommandLine) -> None:
    run_order(command_line.engine, "ended")
    begin_order(command_line.engine, "waiting")
    assert command_line.run("purge", "ended") == "Deleted 1 instance.\n"
    assert "Terminate it first" in command_line.refused("purge", "waiting")
    assert command_line.json("purge", "waiting", "--force") == {"instancesDeleted": 1}
    assert command_line.engine.status("waiting") is None


def test_purge_of_all_finished_ones_leaves_the_others(command_line: CommandLine) -> None:
    run_order(command_line.engine, "ended")
    begin_order(command_line.engine, "waiting")
    assert command_line.run("purge", "--finished", "--before", "2023-01-01") == "Deleted 0 instances.\n"
    assert command_line.run("purge", "--finished", "--status", "Completed") == "Deleted 2 instances.\n"
    assert status_of(command_line, "waiting") == "Running"


def test_purge_of_all_finished_ones_names_their_statuses(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them, the Durable extension would delete running instances, too."""
    asked: list[str] = []

    def purge_finished(client: HostClient, statuses: str, created_before: str) -> int:
        asked.append(statuses)
        return 0

    monkeypatch.setattr(HostClient, "purge_finished", purge_finished)
    command_line.run("purge", "--finished")
    assert asked == ["Canceled,Completed,Failed,Terminated"]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("show", "nobody"), "`devhost list` shows all"),
        (("history", "nobody"), "ids are case-sensitive"),
        (("terminate", "nobody"), "No instance has the id 'nobody'"),
        (("purge", "nobody"), "No instance has the id 'nobody'"),
        (("purge",), "--finished"),
        (("show", "@stock@a pen"), "/devhost/entities shows entities"),
        (("show", "@stock@a pen"), "GET http://127.0.0.1:"),
        (("show", "@stock@a pen"), "/runtime/webhooks/durabletask/entities/stock/a%20pen answers its state"),
        (("show", "@nobody"), "No instance has the id '@nobody'"),
        (("raise", "nobody", "Go", "yes"), "Put text in double quotes"),
    ],
)
def test_refusals_say_what_to_do(command_line: CommandLine, arguments: tuple[str, ...], remedy: str) -> None:
    assert remedy in command_line.refused(*arguments)


def test_event_for_an_ended_instance_is_refused(command_line: CommandLine) -> None:
    run_order(command_line.engine)
    assert f"`devhost show {ORDER_ID}` shows how" in command_line.refused("raise", ORDER_ID, "Approval")


def test_command_without_a_host_says_how_to_start_one(command_line: CommandLine) -> None:
    command_line.url = "http://127.0.0.1:9"
    assert "Start it with `devhost start`" in command_line.refused("list")


def test_host_with_keys_wants_the_master_key(open_host: OpenHost) -> None:
    command_line = open_host(KEYS)
    begin_order(command_line.engine)
    for arguments in (("list",), ("show", ORDER_ID), ("terminate", ORDER_ID)):
        assert "Give it with --key or in DEVHOST_KEY" in command_line.refused(*arguments)
    assert ORDER_ID in command_line.run("list", "--key", KEYS.master)
    assert "Running" in command_line.run("show", ORDER_ID, "--key", KEYS.master)


def test_control_characters_of_an_app_do_not_reach_the_terminal(command_line: CommandLine) -> None:
    command_line.engine.start("packing", "\x1b[2Jgone", "sneaky")
    command_line.engine.wait_quiescent()
    assert "\x1b" not in command_line.run("show", "sneaky")


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("list", "--top", "none"), "none is not a whole number of at least 1"),
        (("list", "--status", "Runing"), "these are: Running, Completed"),
        (("list", "--url", "ftp://host"), "is not a URL like http://127.0.0.1:7071"),
        (("purge", "--finished", "--status", "Running"), "only these are purged: Canceled, Completed"),
        (("purge", "--finished", "--before", "yesterday"), "is not a date like 2026-01-31"),
        (("show", "one", "--state-dir", "state"), "this asks a running host, whatever its folder is"),
        (("show", "one", "--state-dir", "state"), "say where it runs with --url"),
        (("show", "one", "--topp", "1"), "usage: devhost show"),
        (("start", "--port", "99999"), "99999 is not a port; give a whole number from 0 to 65535"),
        (("start", "--rpc-port", "none"), "none is not a port"),
    ],
)
def test_wrong_arguments_are_refused_with_the_right_form(
    arguments: tuple[str, ...], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert (exit_.value.code, remedy in capsys.readouterr().err) == (2, True)
