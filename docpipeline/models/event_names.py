"""Names of external events. In-flight orchestrations wait for them by name: never rename one."""

DOCUMENT_APPROVAL = "documentApproval"
