"""The actions that the SDK may ask for."""

from azure.durable_functions.models.actions.ActionType import ActionType as SdkActionType

from devhost.engine import action_tasks
from devhost.engine.state_document import ActionType


def test_every_action_of_the_sdk_has_its_number_and_is_carried_out() -> None:
    assert {action.name: action.value for action in ActionType} == {one.name: one.value for one in SdkActionType}
    assert action_tasks._HANDLERS.keys() == set(ActionType)
