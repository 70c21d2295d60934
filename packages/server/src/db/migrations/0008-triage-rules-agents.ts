import type { Migration } from '../migration.js'

/**
 * Triage (one row for the alerts of one rule that stand for one thing), exceptions and switches of rules, saved views, agents and
 * their enrolment. What somebody wrote, or what names a subject, is sealed.
 */
export const triageRulesAgents: Migration = {
  name: '0008-triage-rules-agents',
  sql: `
-- filled for what is there already after the start, a batch at a time
ALTER TABLE alerts ADD COLUMN triage_key text, ADD COLUMN counted bigint NOT NULL DEFAULT 0;
CREATE INDEX alerts_triage ON alerts (triage_key, created);
CREATE INDEX alerts_ungrouped ON alerts (created) WHERE triage_key IS NULL;
CREATE INDEX alerts_rule ON alerts (rule_id, detected_at);

CREATE TABLE triage_groups (
  -- a keyed digest of rule and scope
  key text PRIMARY KEY,
  rule_id text NOT NULL,
  level smallint NOT NULL,
  alerts bigint NOT NULL,
  events bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  -- of the newest change of its alerts: what the list is sorted by
  sequence bigint NOT NULL,
  newest_alert text NOT NULL,
  sources jsonb NOT NULL,
  demo boolean NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'snoozed', 'closed')),
  -- stays when a group opens again: it was the answer once
  verdict text CHECK (verdict IN ('true_positive', 'false_positive', 'benign')),
  assignee text,
  assignee_name text,
  snoozed_until bigint,
  -- how bad it was when it was put away
  snoozed_level smallint,
  snoozed_events bigint
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX triage_groups_sequence ON triage_groups (sequence);
CREATE INDEX triage_groups_status ON triage_groups (status, sequence);
CREATE INDEX triage_groups_rule ON triage_groups (rule_id, sequence);
CREATE INDEX triage_groups_assignee ON triage_groups (assignee, sequence) WHERE assignee IS NOT NULL;
CREATE INDEX triage_groups_snoozed ON triage_groups (snoozed_until) WHERE status = 'snoozed';
CREATE INDEX triage_groups_verdict ON triage_groups (rule_id, verdict) WHERE verdict IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON triage_groups TO parapet_app;

-- what was done with a group, never changed
CREATE TABLE triage_notes (
  id text PRIMARY KEY,
  key text NOT NULL,
  at bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL,
  act text NOT NULL,
  sealed text,
  place bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX triage_notes_key ON triage_notes (key, place);
-- of a note only the seal may be renewed
GRANT SELECT, INSERT, UPDATE (sealed) ON triage_notes TO parapet_app;
COMMENT ON COLUMN triage_notes.sealed IS 'text, sealed for id';

CREATE TABLE rule_exceptions (
  id text PRIMARY KEY,
  rule_id text NOT NULL,
  sealed text NOT NULL,
  until bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL,
  created_at bigint NOT NULL
);
CREATE INDEX rule_exceptions_rule ON rule_exceptions (rule_id);
GRANT SELECT, INSERT, DELETE, UPDATE (sealed) ON rule_exceptions TO parapet_app;
COMMENT ON COLUMN rule_exceptions.sealed IS 'match and reason as JSON, sealed for id';

-- rules that an operator has switched off
CREATE TABLE rule_switches (
  rule_id text PRIMARY KEY,
  off_at bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL
);
GRANT SELECT, INSERT, DELETE ON rule_switches TO parapet_app;

-- rises with every change of the two above, and tells whoever detects
CREATE TABLE rule_revision (
  singleton boolean PRIMARY KEY CHECK (singleton),
  revision bigint NOT NULL
);
INSERT INTO rule_revision VALUES (true, 0);
GRANT SELECT ON rule_revision TO parapet_app;
CREATE FUNCTION rules_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  UPDATE rule_revision SET revision = revision + 1;
  PERFORM pg_notify('rules_changed', '');
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION rules_changed FROM PUBLIC;
CREATE TRIGGER rule_exceptions_changed AFTER INSERT OR DELETE ON rule_exceptions FOR EACH STATEMENT EXECUTE FUNCTION rules_changed();
CREATE TRIGGER rule_switches_changed AFTER INSERT OR DELETE ON rule_switches FOR EACH STATEMENT EXECUTE FUNCTION rules_changed();

CREATE TABLE saved_views (
  id text PRIMARY KEY,
  operator_id text NOT NULL REFERENCES operators ON DELETE CASCADE,
  operator_name text NOT NULL,
  shared boolean NOT NULL,
  sealed text NOT NULL,
  created_at bigint NOT NULL
);
CREATE INDEX saved_views_operator ON saved_views (operator_id);
CREATE INDEX saved_views_shared ON saved_views (id) WHERE shared;
GRANT SELECT, INSERT, DELETE, UPDATE (sealed, shared) ON saved_views TO parapet_app;
COMMENT ON COLUMN saved_views.sealed IS 'name and query as JSON, sealed for id';

-- no word from it for so long is an alert; null: never
ALTER TABLE sources ADD COLUMN silent_after_ms bigint DEFAULT 3600000;
GRANT UPDATE (silent_after_ms) ON sources TO parapet_app;

CREATE TABLE enrolments (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- SHA-256 of the one-time token
  hash text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL
);
GRANT SELECT, INSERT, DELETE ON enrolments TO parapet_app;

CREATE TABLE agents (
  source_id text PRIMARY KEY REFERENCES sources ON DELETE CASCADE,
  -- Ed25519, SPKI, base64url
  public_key text NOT NULL,
  version text NOT NULL,
  enrolled_at bigint NOT NULL,
  -- of the newest heartbeat: when its agent signed it, when it came, and what it said
  signed_at bigint NOT NULL DEFAULT 0,
  received_at bigint,
  heartbeat json
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE, DELETE ON agents TO parapet_app;

-- as before, and the groups of what goes
CREATE OR REPLACE FUNCTION remove_demo() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE removed bigint;
BEGIN
  -- nobody writes alerts meanwhile: the groups are counted anew
  PERFORM 1 FROM log_heads WHERE name = 'alerts' FOR UPDATE;
  PERFORM set_config('parapet.removing_demo', 'yes', true);
  DELETE FROM events WHERE demo;
  GET DIAGNOSTICS removed = ROW_COUNT;
  UPDATE event_hours SET events = events - demo_events, demo_events = 0 WHERE demo_events > 0;
  DELETE FROM event_hours WHERE events = 0;
  DELETE FROM alert_events WHERE alert_id IN (SELECT id FROM alerts WHERE demo);
  DELETE FROM decisions WHERE alert_id IN (SELECT id FROM alerts WHERE demo) AND lifted_at IS NOT NULL;
  DELETE FROM triage_notes n USING triage_groups g WHERE g.key = n.key AND g.demo;
  DELETE FROM triage_groups WHERE demo;
  WITH gone AS (DELETE FROM alerts WHERE demo RETURNING triage_key), touched AS (SELECT DISTINCT triage_key FROM gone), fresh AS (
    -- the statement still sees what it deletes
    SELECT a.triage_key AS key, max(a.level) AS level, count(*) AS alerts, sum(a.counted)::bigint AS events, max(a.sequence) AS sequence,
      (array_agg(a.id ORDER BY a.sequence DESC))[1] AS newest
    FROM alerts a JOIN touched USING (triage_key) WHERE NOT a.demo GROUP BY a.triage_key
  )
  UPDATE triage_groups g SET level = f.level, alerts = f.alerts, events = f.events, sequence = f.sequence, newest_alert = f.newest
    FROM fresh f WHERE f.key = g.key;
  PERFORM set_config('parapet.removing_demo', '', true);
  RETURN removed;
END $$;
`,
}
