"""An app that uses every feature of devhost at least once; the tests of the contract talk to it.

``SAMPLE_FOLDER`` names a folder through which tests and functions meet: functions write lines into files there,
and ``mend_me`` fails until a test has put a file there. Queues and blobs are those of ``AzureWebJobsStorage``.
"""

import activity_functions
import azure.durable_functions as df
import azure.functions as func
import client_functions
import entity_functions
import http_functions
import orchestrator_functions
import storage_functions
import timer_functions

PARTS = (
    http_functions,
    timer_functions,
    storage_functions,
    client_functions,
    orchestrator_functions,
    activity_functions,
    entity_functions,
)
app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

for part in PARTS:
    app.register_functions(part.bp)
