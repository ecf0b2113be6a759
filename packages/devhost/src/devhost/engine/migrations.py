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

# What must hold whoever writes, so that a mistake is refused and undone instead of being stored.
_INVARIANTS = """
CREATE TRIGGER instances_begin_well BEFORE INSERT ON instances
WHEN NEW.status NOT IN ('Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated', 'Canceled')
    OR NEW.created_at NOT GLOB '????-??-??T??:??:??.??????Z'
    OR (NEW.parent_instance_id IS NULL) <> (NEW.parent_execution_id IS NULL)
    OR (NEW.parent_instance_id IS NULL) <> (NEW.parent_task_id IS NULL)
BEGIN SELECT RAISE(ABORT, 'an instance has a known status, an exact time, and all or nothing of a parent'); END;

CREATE TRIGGER instances_change_well BEFORE UPDATE OF status, row_version ON instances
WHEN NEW.status NOT IN ('Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated', 'Canceled')
    OR (OLD.status IN ('Completed', 'Terminated', 'Canceled') AND NEW.status <> OLD.status)
    OR (OLD.status = 'Failed' AND NEW.status NOT IN ('Failed', 'Running'))
    OR NEW.row_version < OLD.row_version
BEGIN
    SELECT RAISE(ABORT, 'an instance that has ended stays so unless rewound, and its row version only grows');
END;

CREATE TRIGGER history_has_no_gaps BEFORE INSERT ON history
WHEN NEW.position <> 0
    AND NOT EXISTS (
        SELECT 1 FROM history WHERE instance_id = NEW.instance_id AND position = NEW.position - 1
    )
BEGIN SELECT RAISE(ABORT, 'history is only appended to'); END;

CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON history
WHEN NEW.instance_id <> OLD.instance_id OR NEW.position <> OLD.position
    OR json_extract(NEW.event, '$.EventType') <> 17
    OR (SELECT status FROM instances WHERE instance_id = OLD.instance_id) <> 'Failed'
BEGIN SELECT RAISE(ABORT, 'history is only appended to, but for the failures that a rewind takes back'); END;

CREATE UNIQUE INDEX history_numbers ON history (instance_id, json_extract(event, '$.EventId'))
WHERE json_extract(event, '$.EventId') IS NOT NULL;

CREATE TRIGGER messages_reach_live_executions BEFORE INSERT ON inbox
WHEN NOT EXISTS (
    SELECT 1 FROM instances WHERE instance_id = NEW.instance_id
        AND status NOT IN ('Completed', 'Failed', 'Terminated', 'Canceled')
        AND (NEW.execution_id IS NULL OR execution_id = NEW.execution_id)
)
BEGIN SELECT RAISE(ABORT, 'messages are for instances that live, and for their current execution'); END;

CREATE TRIGGER messages_stay_as_they_came
BEFORE UPDATE OF sequence, lane, instance_id, execution_id, event ON inbox
BEGIN SELECT RAISE(ABORT, 'a message keeps its place, its receiver and its content'); END;

CREATE TRIGGER activities_belong_to_executions BEFORE INSERT ON activities
WHEN NOT EXISTS (
    SELECT 1 FROM instances WHERE instance_id = NEW.instance_id AND execution_id = NEW.execution_id
)
BEGIN SELECT RAISE(ABORT, 'an activity belongs to the current execution of an instance'); END;

CREATE TRIGGER timers_belong_to_executions BEFORE INSERT ON timers
WHEN NEW.fire_at NOT GLOB '????-??-??T??:??:??.??????Z'
    OR NOT EXISTS (
        SELECT 1 FROM instances WHERE instance_id = NEW.instance_id AND execution_id = NEW.execution_id
    )
BEGIN SELECT RAISE(ABORT, 'a timer has an exact time and belongs to the current execution of an instance'); END;

CREATE UNIQUE INDEX entity_requests ON entity_inbox (request_id) WHERE request_id IS NOT NULL;

CREATE TRIGGER entity_calls_have_callers BEFORE INSERT ON entity_inbox
WHEN (NEW.request_id IS NULL) <> (NEW.parent_instance_id IS NULL)
    OR (NEW.request_id IS NULL) <> (NEW.parent_execution_id IS NULL)
BEGIN SELECT RAISE(ABORT, 'a call of an entity has a caller, and a signal has none'); END;
"""

# Timers fire up to a second before their moment, and say when they were set.
# Entities that deleted themselves stay.
_AS_ON_AZURE = """
ALTER TABLE timers ADD COLUMN due_at TEXT NOT NULL DEFAULT '';
ALTER TABLE timers ADD COLUMN set_at TEXT NOT NULL DEFAULT '';
UPDATE timers SET due_at = fire_at, set_at = fire_at;
DROP INDEX timers_by_due_time;
CREATE INDEX timers_by_due_time ON timers (due_at);

ALTER TABLE entities ADD COLUMN does_exist INTEGER NOT NULL DEFAULT 1;
ALTER TABLE entities ADD COLUMN created_at TEXT NOT NULL DEFAULT '';
UPDATE entities SET created_at = last_operation_at;

CREATE VIEW instances_and_entities AS
SELECT instance_id, name, version, status, input, custom_status, output, created_at, updated_at, parent_instance_id
FROM instances
UNION ALL
SELECT entity_id, entity_id, NULL, 'Running',
    '{"exists":' || iif(does_exist, 'true', 'false') || ',"state":' || json_quote(coalesce(state, 'null')) || '}',
    '{"entityExists":' || iif(does_exist, 'true', 'false') || '}', NULL, created_at, last_operation_at, NULL
FROM entities;
"""

# A rewound instance is pending until its code runs again.
_REWOUND = """
DROP TRIGGER instances_change_well;
CREATE TRIGGER instances_change_well BEFORE UPDATE OF status, row_version ON instances
WHEN NEW.status NOT IN ('Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated', 'Canceled')
    OR (OLD.status IN ('Completed', 'Terminated', 'Canceled') AND NEW.status <> OLD.status)
    OR (OLD.status = 'Failed' AND NEW.status NOT IN ('Failed', 'Pending'))
    OR NEW.row_version < OLD.row_version
BEGIN
    SELECT RAISE(ABORT, 'an instance that has ended stays so unless rewound, and its row version only grows');
END;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _INVARIANTS, _AS_ON_AZURE, _REWOUND)
