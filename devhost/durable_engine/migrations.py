"""The database's schema, as numbered steps that are only ever appended to.

Times are ISO 8601 UTC texts with microseconds and ``Z``, all of one length, so that they sort as texts.

- instances: one row per orchestration instance; ``row_version`` counts the writes that an episode must not miss.
- history: the events of the instance's current execution, without what can be filled in again on reading.
- inbox: messages not yet in history; ``lane`` 0 goes before 1 (a new generation's start, then its carried events).
- activities: work items; a row stands for an activity that was scheduled and has not been answered.
- timers: durable timers that have neither fired nor been cancelled.
- entities, entity_inbox: entity states and the operations not yet applied to them.
"""

_FIRST = """
CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    execution_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    status TEXT NOT NULL,
    input TEXT,
    output TEXT,
    custom_status TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    parent_instance_id TEXT,
    parent_execution_id TEXT,
    parent_task_id INTEGER,
    row_version INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX instances_by_creation ON instances (created_at, instance_id);
CREATE INDEX instances_by_status ON instances (status, created_at, instance_id);

CREATE TABLE history (
    instance_id TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

CREATE TABLE inbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL DEFAULT 1,
    instance_id TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
    execution_id TEXT,
    event TEXT NOT NULL
);
CREATE INDEX inbox_by_instance ON inbox (instance_id, lane, sequence);

CREATE TABLE activities (
    work_id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
    execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT,
    UNIQUE (instance_id, execution_id, task_id)
);

CREATE TABLE timers (
    instance_id TEXT NOT NULL REFERENCES instances ON DELETE CASCADE,
    execution_id TEXT NOT NULL,
    timer_id INTEGER NOT NULL,
    fire_at TEXT NOT NULL,
    PRIMARY KEY (instance_id, execution_id, timer_id)
) WITHOUT ROWID;
CREATE INDEX timers_by_due_time ON timers (fire_at);

CREATE TABLE entities (
    entity_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT,
    last_operation_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE entity_inbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    input TEXT,
    request_id TEXT,
    parent_instance_id TEXT,
    parent_execution_id TEXT
);
CREATE INDEX entity_inbox_by_entity ON entity_inbox (entity_id, sequence);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
