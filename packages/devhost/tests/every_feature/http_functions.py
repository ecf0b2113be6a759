"""Routes with constraints, optional and catch-all segments, three levels of keys, and what goes wrong."""

import json

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
ANONYMOUS, ADMIN = func.AuthLevel.ANONYMOUS, func.AuthLevel.ADMIN


@bp.route(route="orders/{number:int:min(1)}", auth_level=ANONYMOUS)
def order_by_number(req: func.HttpRequest) -> func.HttpResponse:
    """A segment with two constraints; any method."""
    return _seen(req)


@bp.route(route="shelves/{aisle}/{level?}", methods=["GET"], auth_level=ANONYMOUS)
def shelf(req: func.HttpRequest) -> func.HttpResponse:
    """A segment that may be missing."""
    return _seen(req)


@bp.route(route="files/{*path}", methods=["GET", "PUT"], auth_level=ANONYMOUS)
async def file_at(req: func.HttpRequest) -> func.HttpResponse:
    """A catch-all, in a coroutine."""
    return _seen(req)


@bp.function_name("renamed")
@bp.route(methods=["GET"])
def named_otherwise(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A route that is the function's name; asks for the app's default key, and tells of its invocation."""
    trace = context.trace_context.trace_parent
    return _json({"function": context.function_name, "id": context.invocation_id, "trace": trace})


@bp.route(route="vault", methods=["GET"], auth_level=ADMIN)
def vault(req: func.HttpRequest) -> str:
    """Asks for the master key; answers with a plain string."""
    return "open"


@bp.route(route="broken", auth_level=ANONYMOUS)
def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Fail."""
    raise ValueError("a detail for the log only")


@bp.route(route="switched_off", auth_level=ANONYMOUS)
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    """Never run: a setting disables it."""
    return func.HttpResponse("never")


def _seen(req: func.HttpRequest) -> func.HttpResponse:
    return _json(
        {
            "method": req.method,
            "route": dict(req.route_params),
            "query": dict(req.params),
            "body": req.get_body().decode(),
        }
    )


def _json(document: object) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), mimetype="application/json")
