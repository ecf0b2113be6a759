"""One orchestrator for each rule of the durable engine that an app or its clients can see.

The same app runs on Microsoft's extension, whose answers are on record, and on devhost. A name may be added, but
none may change: names stand in the recorded histories.
"""

import activity_calls
import azure.durable_functions as df
import azure.functions as func
import child_races
import client_queries
import driving
import entity_calls
import event_calls
import generations
import odd_calls
import race_calls
import retry_calls
import review_calls
import rewound_calls
import sender_calls
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
    child_races,
    rewound_calls,
    sender_calls,
    review_calls,
    odd_calls,
    client_queries,
):
    app.register_functions(part.bp)
