"""HTTP and timer functions, one file per resource: parse the request, call the domain, word the answer."""

from triggers import approvals, counters, documents, health, purge_history, reconcile_documents

blueprints = (
    documents.bp,
    approvals.bp,
    counters.bp,
    health.bp,
    purge_history.bp,
    reconcile_documents.bp,
)
