"""Which run of which document an activity works on."""

from docpipeline.models.payload import Payload


class RunReference(Payload):
    """Part of every activity's input: the document, and the orchestration instance that processes it."""

    document_id: str
    instance_id: str
