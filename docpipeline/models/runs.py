"""A run of a document, by its ids."""

from docpipeline.models.payload import Payload


class RunReference(Payload):
    """A document, and the orchestration instance that processes it; part of every activity's input."""

    document_id: str
    instance_id: str
