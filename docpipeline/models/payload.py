"""The base class of everything that crosses a boundary as JSON."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from docpipeline.errors import InvalidRequest
from docpipeline.models.outside_text import well_formed

Share = Annotated[float, Field(ge=0, le=1)]
"""A confidence, a threshold or a part of a whole, 0.0-1.0; not NaN."""


class Payload(BaseModel):
    """A frozen value whose JSON keys are camelCase; unknown keys are ignored.

    Text from outside enters here, and is made well-formed: a payload holds only text that can be stored and
    encoded.

    Payloads are stored in orchestration history, blobs and tables. While instances are in flight, fields may be
    added with a default, but never renamed. The method names are deliberately not ``to_json`` and
    ``from_json``: the Functions codec looks for those and would write class and module paths into history.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        ser_json_timedelta="iso8601",
        # Errors are logged, and an input may hold text of a document.
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _make_well_formed(cls, given: Any) -> Any:
        return well_formed(given)

    def to_payload(self) -> dict[str, Any]:
        """Plain JSON values, camelCase keys, absent where the value is None. Times are ISO 8601 with ``Z``."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def from_payload(cls, payload: Any) -> Self:
        """Read what ``to_payload`` wrote. Raises ``pydantic.ValidationError`` naming the invalid keys."""
        return cls.model_validate(payload)


class RequestBody(Payload):
    """A body sent by a client. An unknown key is an error, since it is most likely misspelt.

    Text that is not well-formed is refused, not corrected: the client would find another name than it sent.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _make_well_formed(cls, given: Any) -> Any:
        return given

    @classmethod
    def from_payload(cls, payload: Any) -> Self:
        """Read what a client sent. Raises InvalidRequest naming every invalid key."""
        try:
            return super().from_payload(payload)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)
            raise InvalidRequest([(fault["loc"], fault["type"], _wording(fault)) for fault in faults]) from None


def _wording(fault: ErrorDetails) -> str:
    if fault["type"] == "string_too_long":
        return f"{fault['msg']}, and has {len(fault['input'])}"
    return fault["msg"]
