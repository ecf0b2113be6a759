"""One orchestrator for each rule of the durable engine that an app or its clients can see.

The same app runs on Microsoft's extension, whose answers are on record, and on devhost. A name may be added, but
none may change: names stand in the recorded histories.
"""

import activity_calls
import azure.durable_functions as df
import azure.functions as func
import driving
import entity_calls
import event_calls
import generations
import race_calls
import retry_calls
import target_functions
import tree_calls
import value_calls

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for part in (
    driving,
    target_functions,
    value_calls,
    activity_calls,
    retry_calls,
    tree_calls,
    race_calls,
    event_calls,
    generations,
    entity_calls,
):
    app.register_functions(part.bp)
