import type { Migration } from '../migration.js'

/**
 * Events, alerts, decisions and the state of detection. Times are ms UTC in `bigint`; bodies are `json`, kept as sent, since
 * `jsonb` refuses the NUL characters that attackers type. The application role may add events and log rows, never change them.
 */
export const eventsAlertsDecisions: Migration = {
  name: '0001-events-alerts-decisions',
  sql: `
-- the head of each append log; the row lock, held to the commit, is what puts sequences in commit order
CREATE TABLE log_heads (
  name text PRIMARY KEY,
  head bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO log_heads (name) VALUES ('events'), ('decisions'), ('alerts');
GRANT SELECT, UPDATE (head) ON log_heads TO parapet_app;

-- one partition a day of receipt; day is days since 1970-01-01 UTC
CREATE TABLE events (
  day integer NOT NULL,
  sequence bigint NOT NULL,
  id text NOT NULL,
  received_at bigint NOT NULL,
  source_id text NOT NULL,
  source_name text NOT NULL,
  address inet,
  user_id text,
  user_name text,
  demo boolean NOT NULL,
  body json NOT NULL,
  PRIMARY KEY (sequence, day)
) PARTITION BY RANGE (day);
CREATE INDEX events_id ON events (id);
CREATE INDEX events_address ON events (address, sequence) WHERE address IS NOT NULL;
CREATE INDEX events_user_id ON events (user_id, sequence) WHERE user_id IS NOT NULL;
CREATE INDEX events_user_name ON events (user_name, sequence) WHERE user_name IS NOT NULL;
CREATE INDEX events_demo ON events (sequence) WHERE demo;
GRANT SELECT, INSERT ON events TO parapet_app;

-- a unique index on events would have to hold the day: what was received lately is remembered here, by week
CREATE TABLE event_keys (
  week integer NOT NULL,
  key uuid NOT NULL,
  PRIMARY KEY (key, week)
) PARTITION BY RANGE (week);
GRANT SELECT, INSERT ON event_keys TO parapet_app;

-- counted as events come in, so that no page has to count events
CREATE TABLE event_hours (
  hour bigint NOT NULL,
  source_id text NOT NULL,
  source_name text NOT NULL,
  events bigint NOT NULL,
  demo_events bigint NOT NULL,
  last_received_at bigint NOT NULL,
  PRIMARY KEY (hour, source_id)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON event_hours TO parapet_app;

CREATE TABLE alerts (
  id text PRIMARY KEY,
  -- place in the order of changes; rises with every update
  sequence bigint NOT NULL,
  -- place in the order of first appearance: what lists are sorted by
  created bigint NOT NULL,
  detected_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  rule_id text NOT NULL,
  level smallint NOT NULL,
  scope_value text NOT NULL,
  -- the scope, the group values and every address seen: what a search by target looks at
  targets text[] NOT NULL,
  -- id to name of every source behind it
  sources jsonb NOT NULL,
  demo boolean NOT NULL,
  body json NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX alerts_sequence ON alerts (sequence);
CREATE UNIQUE INDEX alerts_created ON alerts (created);
CREATE INDEX alerts_detected ON alerts (detected_at);
CREATE INDEX alerts_targets ON alerts USING gin (targets);
GRANT SELECT, INSERT, UPDATE ON alerts TO parapet_app;

CREATE TABLE alert_events (
  alert_id text NOT NULL,
  sequence bigint NOT NULL,
  day integer NOT NULL,
  event_id text NOT NULL,
  PRIMARY KEY (alert_id, sequence)
);
GRANT SELECT, INSERT ON alert_events TO parapet_app;

-- every change of a decision is a new row
CREATE TABLE decision_log (
  revision bigint PRIMARY KEY,
  decision_id text NOT NULL,
  at bigint NOT NULL,
  body json NOT NULL
);
CREATE INDEX decision_log_decision ON decision_log (decision_id);
GRANT SELECT, INSERT ON decision_log TO parapet_app;

-- the newest row of each decision, for look-ups; written in the same transaction
CREATE TABLE decisions (
  id text PRIMARY KEY,
  revision bigint NOT NULL,
  created bigint NOT NULL,
  target_value text NOT NULL,
  target_range inet,
  starts_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  lifted_at bigint,
  alert_id text,
  batch text NOT NULL,
  body json NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX decisions_created ON decisions (created);
CREATE INDEX decisions_live ON decisions (expires_at) WHERE lifted_at IS NULL;
CREATE INDEX decisions_target ON decisions (target_value);
CREATE INDEX decisions_range ON decisions USING gist (target_range inet_ops);
CREATE INDEX decisions_alert ON decisions (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX decisions_batch ON decisions (batch);
GRANT SELECT, INSERT, UPDATE ON decisions TO parapet_app;

-- the engine's state; the key is a hash because keys hold what attackers typed
CREATE TABLE detection_state (
  key text PRIMARY KEY,
  entry json NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
GRANT SELECT, INSERT, UPDATE, DELETE ON detection_state TO parapet_app;

-- how far each reader of a log has come; moves together with what the reader wrote
CREATE TABLE cursors (
  name text PRIMARY KEY,
  position bigint NOT NULL,
  moved_at bigint NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON cursors TO parapet_app;

-- events that detection had to pass over
CREATE TABLE detection_failures (
  sequence bigint PRIMARY KEY,
  event_id text NOT NULL,
  at bigint NOT NULL,
  stage text NOT NULL,
  reason text NOT NULL
);
GRANT SELECT, INSERT ON detection_failures TO parapet_app;

-- the append-only tables refuse their own owner too, but for the one function below and for dropping whole partitions
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('parapet.removing_demo', true) = 'yes' AND TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_log_append_only BEFORE UPDATE OR DELETE ON decision_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_log_no_truncate BEFORE TRUNCATE ON decision_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- generated data may go; nothing else may
CREATE FUNCTION remove_demo() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE removed bigint;
BEGIN
  PERFORM set_config('parapet.removing_demo', 'yes', true);
  DELETE FROM events WHERE demo;
  GET DIAGNOSTICS removed = ROW_COUNT;
  UPDATE event_hours SET events = events - demo_events, demo_events = 0 WHERE demo_events > 0;
  DELETE FROM event_hours WHERE events = 0;
  DELETE FROM alert_events WHERE alert_id IN (SELECT id FROM alerts WHERE demo);
  DELETE FROM decisions WHERE alert_id IN (SELECT id FROM alerts WHERE demo) AND lifted_at IS NOT NULL;
  DELETE FROM alerts WHERE demo;
  PERFORM set_config('parapet.removing_demo', '', true);
  RETURN removed;
END $$;
REVOKE ALL ON FUNCTION remove_demo() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_demo() TO parapet_app;
`,
}
