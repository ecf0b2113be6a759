"""A parcel comes by HTTP, passes through a queue and is stored; what is stored is labelled, and can be read."""

import json

import azure.durable_functions as df
import azure.functions as func
import traces

bp = df.Blueprint()
CONNECTION = "AzureWebJobsStorage"


@bp.route(route="parcels/{number}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.queue_output(arg_name="parcel", queue_name="%PARCELS%", connection=CONNECTION)
def send_parcel(req: func.HttpRequest, parcel: func.Out[str]) -> func.HttpResponse:
    """Put a parcel into the queue."""
    parcel.set(json.dumps({"number": req.route_params["number"], "text": req.get_body().decode()}))
    return func.HttpResponse(status_code=202)


@bp.queue_trigger(arg_name="message", queue_name="%PARCELS%", connection=CONNECTION)
@bp.blob_output(arg_name="$return", path="%PARCELS%/in/{number}.txt", connection=CONNECTION)
def store_parcel(message: func.QueueMessage) -> str:
    """Store a parcel's text as a blob; one without text fails every time."""
    parcel = message.get_json()
    if not parcel["text"]:
        raise ValueError("There is nothing in it.")
    return parcel["text"]


@bp.blob_trigger(arg_name="blob", path="%PARCELS%/in/{number}.txt", connection=CONNECTION)
@bp.blob_output(arg_name="label", path="%PARCELS%/labels/{number}.txt", connection=CONNECTION)
@bp.durable_client_input(client_name="client")
async def label_parcel(
    blob: func.InputStream, label: func.Out[str], client: df.DurableOrchestrationClient
) -> None:
    """Write a label, and greet the parcel."""
    text = blob.read().decode()
    label.set(f"to {text}")
    await client.start_new("greet", f"parcel-{text}", {"names": [text]})


@bp.route(route="labels/{number}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.blob_input(arg_name="label", path="%PARCELS%/labels/{number}.txt", connection=CONNECTION)
def read_label(req: func.HttpRequest, label: func.InputStream) -> func.HttpResponse:
    """Read a label back, by a blob input."""
    return func.HttpResponse(label.read())


@bp.queue_trigger(arg_name="message", queue_name="%PARCELS%-poison", connection=CONNECTION)
def give_up_parcel(message: str) -> None:
    """Take note of a parcel that could not be stored."""
    traces.leave("given_up", json.loads(message)["number"])
