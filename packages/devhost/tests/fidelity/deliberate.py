"""Where devhost answers otherwise than Microsoft's extension on purpose, case by case, and why."""

_HANGS = "The extension leaves the instance running for ever, without a trace; devhost fails it and says why."
_UNCLEAR = (
    "The extension says that the code does not fit its history, which is not what is wrong; devhost says what is."
)
_PARSER = (
    "The text is that of .NET's JSON parser; devhost refuses the same bodies with the same status, in plain words."
)

REASONS: dict[str, str] = {
    "unknown_activity": _HANGS,
    "unknown_activity_uncaught": _HANGS,
    "unknown_sub": _HANGS,
    "unknown_entity": _HANGS,
    "child_id_taken": _HANGS,
    "returns_object": _UNCLEAR,
    "act_deep": _UNCLEAR,
    "event_bad_json": _PARSER,
    "start_by_http": _PARSER,
    "changes_the_name": "The extension cannot show a history in which code that has changed used a number twice, "
    "and answers 400; devhost shows it.",
    "odd_paths": "An entity's status holds the extension's own notes on the order of messages; "
    "devhost has no such notes.",
    "list_entities": "The extension takes an orchestration whose id begins with @ for an entity, "
    "and fails to read it; devhost tells them apart.",
}

OWN_REASONS: dict[str, str] = {"signal_of_bad_json": _PARSER}
