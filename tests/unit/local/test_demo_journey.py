"""One sample document on its way through a stand-in pipeline."""

from local.demo_api import PipelineApi
from local.demo_journey import travel
from tests.unit.local.conftest import JourneyFactory, StandInPipeline, a_record


async def test_a_document_that_ends_as_expected_has_no_problems(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == []
    assert journey.is_over
    assert (journey.stage, journey.document_id, journey.instance_id) == ("completed", "d1", "i1")
    assert pipeline.submissions == [{"userId": "ada", "priority": "high", "fileName": "invoice.pdf"}]


async def test_another_end_than_expected_is_told_with_its_reason(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.records = [a_record("failed", error={"code": "corrupt", "message": "it has no pages"})]
    journey = a_journey(expected_decision=None, expected_text=())

    await travel(journey, api)

    assert journey.problems == ["ended as failed instead of completed (corrupt: it has no pages)"]


async def test_a_failure_that_was_expected_must_say_why(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.records = [a_record("failed", error=None)]
    journey = a_journey(expected_status="failed", expected_decision=None, expected_text=())

    await travel(journey, api)

    assert journey.problems == ["failed without a code and a message that say why"]


async def test_text_is_compared_without_regard_to_layout_and_case(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    journey = a_journey(expected_text=("TOTAL amount   due", "signed by"))

    await travel(journey, api)

    assert journey.problems == ["its text lacks 'signed by'"]


async def test_a_document_that_waits_for_a_person_is_decided_once(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    waiting = a_record("awaitingReview")
    pipeline.records = [waiting, waiting, waiting, a_record("rejected", decision="rejected")]
    journey = a_journey(review="reject", expected_status="rejected", expected_decision="rejected")

    await travel(journey, api)

    assert journey.problems == []
    assert [(each["approved"], each["reviewer"]) for each in pipeline.decisions] == [(False, "demo-reviewer")]


async def test_an_approval_that_comes_too_early_is_sent_again(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    waiting = a_record("awaitingReview")
    pipeline.records = [waiting, waiting, a_record("completed", decision="approved_with_review")]
    pipeline.approvals = [409]
    journey = a_journey(review="approve", expected_decision="approved_with_review")

    await travel(journey, api)

    assert journey.problems == []
    assert len(pipeline.decisions) == 2


async def test_a_review_that_nobody_foresaw_ends_the_journey_with_the_issues(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.records = [a_record("awaitingReview", issues=[{"code": "payment-card"}])]
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == ["waits for a review that its sample does not foresee (issues: payment-card)"]
    assert pipeline.decisions == []


async def test_a_document_that_an_earlier_demo_finished_is_processed_anew(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    finished = a_record("completed", instance_id="old", decision="rejected")
    pipeline.starts = [(200, finished, {}), (202, {"documentId": "d1", "id": "i1"}, {})]
    pipeline.records = [finished, a_record("completed", decision="approved")]
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == []
    assert journey.instance_id == "i1"
    assert [each.get("reprocess") for each in pipeline.submissions] == [None, "true"]


async def test_a_document_that_an_earlier_demo_left_on_its_way_is_joined(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.starts = [(200, a_record("extracting"), {})]
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == []
    assert len(pipeline.submissions) == 1


async def test_a_document_that_somebody_else_just_started_anew_is_joined(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.starts = [(200, a_record("completed"), {}), (409, {"title": "in flight"}, {})]
    pipeline.records = [
        a_record("extracting", instance_id="theirs"),
        a_record("completed", "theirs", decision="approved"),
    ]
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == []
    assert journey.instance_id == "theirs"


async def test_a_pipeline_that_is_full_is_asked_again(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    pipeline.starts.insert(0, (429, {}, {"Retry-After": "0"}))
    journey = a_journey()

    await travel(journey, api)

    assert journey.problems == []
    assert len(pipeline.submissions) == 2


async def test_a_refused_document_is_told_with_the_pipelines_own_words(
    pipeline: StandInPipeline, api: PipelineApi, a_journey: JourneyFactory
) -> None:
    faults = [{"field": "priority", "message": "must be high or normal"}]
    pipeline.starts = [(400, {"detail": "The request is wrong", "errors": faults}, {})]
    journey = a_journey()

    await travel(journey, api)

    assert journey.is_over
    assert journey.problems == [
        "was not accepted: HTTP 400, The request is wrong (priority: must be high or normal)"
    ]
