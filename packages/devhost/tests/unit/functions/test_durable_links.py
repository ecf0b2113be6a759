import logging
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.functions.durable_links import log_ignored_hubs
from devhost.functions.indexing import IndexedFunction, index_functions


def functions_with_client(**asked: str) -> tuple[IndexedFunction, ...]:
    app = df.DFApp()

    @app.route(route="start")
    @app.durable_client_input(client_name="client", **asked)
    async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return func.HttpResponse()

    return tuple(index_functions(app, Path("/app")))


def test_a_client_that_asks_for_another_hub_or_connection_is_told_that_there_is_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        log_ignored_hubs(functions_with_client(task_hub="Other", connection_name="There"), "TestHubName")
    (line,) = [record.getMessage() for record in caplog.records if "ignored" in record.getMessage()]
    assert 'start asks for task_hub="Other" and connection_name="There", which is ignored' in line
    assert "one task hub, 'TestHubName'" in line


@pytest.mark.parametrize("asked", [{}, {"task_hub": "TestHubName"}])
def test_a_client_of_the_hosts_own_hub_is_no_news(asked: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_ignored_hubs(functions_with_client(**asked), "TestHubName")
    assert "ignored" not in caplog.text
