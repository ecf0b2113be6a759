"""The one base class of everything that crosses a boundary as JSON."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Share = Annotated[float, Field(ge=0, le=1)]
"""A confidence, a threshold or a part of a whole, 0.0-1.0; NaN is none."""


class Payload(BaseModel):
    """A frozen value whose JSON keys are camelCase; keys it does not know are ignored.

    Stored in orchestration history, blobs and tables, so that fields may be added (with a default) while
    instances are in flight, and never renamed. The method names are deliberately not ``to_json`` and
    ``from_json``: the Functions codec looks for those and would write class and module paths into history.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        ser_json_timedelta="iso8601",
    )

    def to_payload(self) -> dict[str, Any]:
        """Plain JSON values, camelCase keys, absent where the value is None. Times are ISO 8601 with ``Z``."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def from_payload(cls, payload: Any) -> Self:
        """Read what ``to_payload`` wrote. Raises ``pydantic.ValidationError`` naming the key that is wrong."""
        return cls.model_validate(payload)


class RequestBody(Payload):
    """A body sent by a client: a key it should not have is an error, since it is most likely a typing error."""

    model_config = ConfigDict(extra="forbid")
