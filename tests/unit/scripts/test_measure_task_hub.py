"""What the measurements of the task hub count, and how they give settings."""

import pytest

from scripts.measure_task_hub import durable, kind_of, provider, span


@pytest.mark.parametrize(
    ("request_line", "kind"),
    [
        ("GET documentpipeline-control-01/messages", "queue"),
        ("DELETE documentpipeline-workitems/messages/3f", "queue"),
        ("PUT DocumentPipelinePartitions(PartitionKey='',RowKey='documentpipeline-control-00')", "table"),
        ("GET DocumentPipelineHistory()", "table"),
        ("PUT documentpipeline-applease", "blob"),
        ("GET documents()", "app"),
        ("PUT archive/inv-17/result.json", "app"),
    ],
)
def test_a_request_is_counted_for_the_service_of_the_hub_that_it_goes_to(request_line: str, kind: str) -> None:
    assert kind_of(request_line) == kind


def test_settings_are_those_that_override_host_json() -> None:
    prefix = "AzureFunctionsJobHost__extensions__durableTask__"
    assert durable(maxConcurrentActivityFunctions=8) == {f"{prefix}maxConcurrentActivityFunctions": "8"}
    assert provider(maxQueuePollingInterval=span(3723)) == {
        f"{prefix}storageProvider__maxQueuePollingInterval": "01:02:03"
    }
