"""HTTP and timer functions, one file per resource: parse, then start, signal or query, then respond."""

from triggers import approvals, counters, documents, health, purge_history, reconcile_documents

blueprints = (
    documents.bp,
    approvals.bp,
    counters.bp,
    health.bp,
    purge_history.bp,
    reconcile_documents.bp,
)
