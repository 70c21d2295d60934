import type { Migration } from '../migration.js'

/**
 * Who may do what, and what they did: operators, sources, tokens, sessions and counters, the audit record, the key record.
 * Times are ms UTC in `bigint`.
 */
export const operatorsTokensAudit: Migration = {
  name: '0002-operators-tokens-audit',
  sql: `
CREATE TABLE operators (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- NFKC and case folded: no two people may look alike
  name_key text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('admin', 'viewer')),
  -- argon2id in PHC form
  password_hash text NOT NULL,
  created_at bigint NOT NULL,
  last_sign_in_at bigint,
  last_seen_at bigint,
  last_address text
);
GRANT SELECT, INSERT, DELETE, UPDATE (last_sign_in_at, last_seen_at, last_address) ON operators TO parapet_app;

CREATE TABLE sources (
  id text PRIMARY KEY,
  name text NOT NULL,
  name_key text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('application', 'host')),
  demo boolean NOT NULL DEFAULT false,
  created_at bigint NOT NULL
);
GRANT SELECT, INSERT, DELETE ON sources TO parapet_app;

CREATE TABLE api_tokens (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- SHA-256; the token itself is never kept
  hash text NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  source_id text REFERENCES sources ON DELETE CASCADE,
  created_at bigint NOT NULL,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);
CREATE INDEX api_tokens_source ON api_tokens (source_id) WHERE source_id IS NOT NULL;
-- a token cannot be changed into another one, only used and revoked
GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at) ON api_tokens TO parapet_app;

-- sessions, login counters, one-time marks: the port Store
CREATE TABLE shared_state (
  key text PRIMARY KEY,
  value text NOT NULL,
  version text NOT NULL,
  group_key text,
  expires_at bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX shared_state_group ON shared_state (group_key) WHERE group_key IS NOT NULL;
CREATE INDEX shared_state_expiry ON shared_state (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON shared_state TO parapet_app;

CREATE TABLE audit (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  actor_name text,
  action text NOT NULL,
  resource_type text NOT NULL,
  resource_id text,
  outcome text NOT NULL CHECK (outcome IN ('success', 'failure', 'refused')),
  address text,
  reason text,
  detail json
);
CREATE INDEX audit_action ON audit (action, sequence);
GRANT SELECT, INSERT ON audit TO parapet_app;
-- also for the owner, so that no mistake of ours rewrites the record
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- proves at start that the key file is the one this store was made with
CREATE TABLE key_check (
  singleton boolean PRIMARY KEY CHECK (singleton),
  key_id text NOT NULL,
  signature text NOT NULL
);
GRANT SELECT, INSERT ON key_check TO parapet_app;
`,
}
