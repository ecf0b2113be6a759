"""A small app of queues and blobs: an order comes by HTTP or queue, is stored, and what is stored is announced.

``SAMPLE_FOLDER`` names a folder into which functions write a line for what they did.
"""

import json
import os
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
CONNECTION = "OrdersStorage"


def _note(name: str, line: str) -> None:
    with (Path(os.environ["SAMPLE_FOLDER"]) / name).open("a") as notes:
        notes.write(f"{line}\n")


@app.route(route="orders/{number}", methods=["POST"])
@app.queue_output(arg_name="order", queue_name="%ORDERS%", connection=CONNECTION)
def submit(req: func.HttpRequest, order: func.Out[str]) -> func.HttpResponse:
    """Put an order into the queue, and answer."""
    order.set(json.dumps({"number": req.route_params["number"], "text": req.get_body().decode()}))
    return func.HttpResponse("accepted", status_code=202)


@app.queue_trigger(arg_name="message", queue_name="%ORDERS%", connection=CONNECTION)
@app.queue_output(arg_name="receipt", queue_name="%ORDERS%-receipts", connection=CONNECTION)
@app.blob_output(arg_name="$return", path="%ORDERS%-store/new/{number}.txt", connection=CONNECTION)
def store_order(message: func.QueueMessage, receipt: func.Out[str]) -> str:
    """Store an order as a blob, with a receipt for it; a bad one fails."""
    order = message.get_json()
    _note("tries", f"{order['number']} {message.dequeue_count}")
    if order["number"] == "bad":
        raise ValueError("This order can never be stored.")
    receipt.set(f"stored {order['number']}")
    return order["text"]


@app.blob_trigger(arg_name="blob", path="%ORDERS%-store/new/{number}.txt", connection=CONNECTION)
@app.durable_client_input(client_name="client")
async def announce_stored(blob: func.InputStream, client: df.DurableOrchestrationClient) -> None:
    """Begin an orchestration for each stored order; an unreadable one fails."""
    text = blob.read().decode()
    _note("stored", f"{blob.name} {text}")
    if text == "unreadable":
        raise ValueError("This blob can never be read.")
    await client.start_new("announce", None, text)


@app.orchestration_trigger(context_name="context")
def announce(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("send_announcement", context.get_input()))


@app.activity_trigger(input_name="text")
@app.queue_output(arg_name="announcement", queue_name="%ORDERS%-announced", connection=CONNECTION)
def send_announcement(text: str, announcement: func.Out[str]) -> str:
    """Announce an order: an activity with an output besides its result."""
    announcement.set(text.upper())
    return "announced"


@app.queue_trigger(arg_name="message", queue_name="%ORDERS%-poison", connection=CONNECTION)
def give_up_order(message: str) -> None:
    _note("given_up", json.loads(message)["number"])


@app.queue_trigger(arg_name="message", queue_name="webjobs-blobtrigger-poison", connection=CONNECTION)
def give_up_blob(message: func.QueueMessage) -> None:
    record = message.get_json()
    _note("given_up", f"{record['ContainerName']}/{record['BlobName']}")


@app.queue_trigger(arg_name="message", queue_name="%ORDERS%-receipts", connection=CONNECTION)
def switched_off(message: func.QueueMessage) -> None:
    raise AssertionError("This function is disabled.")
