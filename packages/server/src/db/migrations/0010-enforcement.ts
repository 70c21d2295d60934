import type { Migration } from '../migration.js'

/**
 * What enforcers say they hold, how operators set policies, and lockdowns. A lockdown's decision is in the log of decisions, whose expiry is
 * what ends it everywhere; the row here is its record. Words of people and of hosts are sealed.
 */
export const enforcement: Migration = {
  name: '0010-enforcement',
  sql: `
-- the newest report of each enforcer
CREATE TABLE enforcers (
  -- a digest of source, kind and instance
  id text PRIMARY KEY,
  source_id text NOT NULL,
  source_name text NOT NULL,
  kind text NOT NULL,
  -- where the report came from; null for one within the server
  address inet,
  first_at bigint NOT NULL,
  received_at bigint NOT NULL,
  revision bigint NOT NULL,
  sealed text NOT NULL,
  -- what people were told of it last, and since when it is otherwise
  told text NOT NULL DEFAULT 'in_step',
  differs_since bigint
) WITH (fillfactor = 50);
CREATE INDEX enforcers_source ON enforcers (source_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON enforcers TO parapet_app;
COMMENT ON COLUMN enforcers.sealed IS 'the report as JSON, sealed for id';

-- how operators set policies: rule_id is empty for the policy itself
CREATE TABLE policy_modes (
  policy_id text NOT NULL,
  rule_id text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('observe', 'enforce')),
  at bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL,
  PRIMARY KEY (policy_id, rule_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON policy_modes TO parapet_app;
CREATE FUNCTION policies_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = parapet, pg_temp AS $$
BEGIN
  PERFORM pg_notify('policies_changed', '');
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION policies_changed FROM PUBLIC;
CREATE TRIGGER policy_modes_changed AFTER INSERT OR UPDATE OR DELETE ON policy_modes FOR EACH STATEMENT EXECUTE FUNCTION policies_changed();

CREATE TABLE lockdowns (
  id text PRIMARY KEY,
  decision_id text NOT NULL UNIQUE,
  mode text NOT NULL CHECK (mode IN ('read_only', 'known_users', 'allow_list', 'all')),
  by_id text NOT NULL,
  by_name text NOT NULL,
  incident_id text,
  started_at bigint NOT NULL,
  -- the same as the end of its decision
  ends_at bigint NOT NULL,
  confirmations integer NOT NULL DEFAULT 0,
  holds_ms bigint NOT NULL,
  ended_at bigint,
  ended_why text CHECK (ended_why IN ('ended', 'not_confirmed', 'confirmation_lapsed')),
  sealed text NOT NULL
);
CREATE INDEX lockdowns_started ON lockdowns (started_at);
-- one at a time, whoever starts it
CREATE UNIQUE INDEX lockdowns_open ON lockdowns ((true)) WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON lockdowns TO parapet_app;
COMMENT ON COLUMN lockdowns.sealed IS 'the reason and where it was last confirmed from as JSON, sealed for id';

-- what policies did of late
CREATE INDEX decisions_started ON decisions (starts_at);
`,
}
