"""MANAGEMENT_LINKS: whoever may send documents is given the keys to their instances, or is not.

The durable management URLs carry the system key, which terminates, purges, raises events and signals entities of
everybody: with `status` and `none` it is in no answer, whichever way a request comes to it.
"""

import pytest

from docpipeline.models.documents import DocumentStatus
from tests.unit.triggers.conftest import BLOB, ORIGIN, PDF, Answer, Pipeline, PipelineFactory
from tests.unit.triggers.fake_runtime import SYSTEM_KEY

OWN_KEYS = {"documentId", "links", "id"}


def tells(answer: Answer) -> str:
    """All that a client gets to see."""
    return answer.content.decode() + str(dict(answer.headers))


async def every_answer(pipeline: Pipeline) -> dict[str, Answer]:
    """Each way in which ``POST /documents`` comes to an answer."""
    pipeline.lies_at(BLOB, PDF + b" by reference")
    pipeline.runtime.refuses_starts = True
    await pipeline.upload(PDF + b" to be healed", documentId="healed")
    pipeline.runtime.refuses_starts = False
    started = await pipeline.upload(key="k-1", documentId="inv-17")
    answers = {
        "start": started,
        "start by reference": await pipeline.refer({"blobUrl": BLOB, "userId": "ann"}),
        "heal": await pipeline.upload(PDF + b" to be healed", documentId="healed"),
        "repeat": await pipeline.upload(documentId="inv-17"),
        "repeat with its key": await pipeline.upload(key="k-1", documentId="inv-17"),
        "record": await pipeline.show("inv-17"),
    }
    pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED)
    answers["reprocess"] = await pipeline.upload(documentId="inv-17", reprocess="true", key="k-2")
    answers["reprocess with its key"] = await pipeline.upload(documentId="inv-17", reprocess="true", key="k-2")
    return answers


STARTS = {"start", "start by reference", "heal", "reprocess"}


@pytest.mark.parametrize("given", ["status", "none"])
async def test_no_answer_holds_the_system_key_unless_all_links_are_given(
    pipeline_with: PipelineFactory, given: str
) -> None:
    answers = await every_answer(pipeline_with(MANAGEMENT_LINKS=given))

    assert {name for name, answer in answers.items() if answer.status == 202} == STARTS
    assert [name for name, answer in answers.items() if SYSTEM_KEY in tells(answer)] == []


async def test_status_gives_the_url_that_the_status_is_asked_at_and_no_key_to_it(
    pipeline_with: PipelineFactory,
) -> None:
    answers = await every_answer(pipeline_with(MANAGEMENT_LINKS="status"))

    for name in STARTS:
        body = answers[name].json
        status_url = f"{ORIGIN}/runtime/webhooks/durabletask/instances/{body['id']}?taskHub=Hub&connection=Storage"
        assert body.keys() == OWN_KEYS | {"statusQueryGetUri"}
        assert body["statusQueryGetUri"] == status_url == answers[name].headers["Location"]
        assert answers[name].headers["Retry-After"] == "10"


async def test_none_gives_the_documents_own_links_alone(pipeline_with: PipelineFactory) -> None:
    answers = await every_answer(pipeline_with(MANAGEMENT_LINKS="none"))

    for name in STARTS:
        body = answers[name].json
        assert body.keys() == OWN_KEYS
        assert answers[name].headers["Location"] == body["links"]["self"]
        assert answers[name].headers["Retry-After"] == "10"
        assert "runtime/webhooks" not in tells(answers[name])


async def test_full_gives_the_standard_payload(pipeline_with: PipelineFactory) -> None:
    answers = await every_answer(pipeline_with(MANAGEMENT_LINKS="full"))

    for name in STARTS:
        body = answers[name].json
        assert {"sendEventPostUri", "terminatePostUri", "statusQueryGetUri"} < body.keys()
        assert body["terminatePostUri"].endswith(f"code={SYSTEM_KEY}")
        assert answers[name].headers["Location"] == body["statusQueryGetUri"]
