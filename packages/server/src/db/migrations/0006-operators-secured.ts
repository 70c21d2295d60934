import type { Migration } from '../migration.js'

/**
 * Second factors, notices and one-time links of operators, and who made a token. A password and a role are changed by functions
 * only, so that no statement of the application makes an admin by accident.
 */
export const operatorsSecured: Migration = {
  name: '0006-operators-secured',
  sql: `
-- one document an operator: authenticator, recovery codes as hashes, passkeys; written by compare-and-set on its version
CREATE TABLE operator_factors (
  operator_id text PRIMARY KEY REFERENCES operators ON DELETE CASCADE,
  -- random, by which a passkey alone finds its operator
  handle text NOT NULL UNIQUE,
  sealed text NOT NULL,
  version text NOT NULL,
  -- shown in lists without opening the document
  secured boolean NOT NULL,
  updated_at bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON operator_factors TO parapet_app;
COMMENT ON COLUMN operator_factors.sealed IS 'JSON, sealed for operator_id';

CREATE TABLE operator_notices (
  id text PRIMARY KEY,
  operator_id text NOT NULL REFERENCES operators ON DELETE CASCADE,
  at bigint NOT NULL,
  kind text NOT NULL,
  address text,
  device text,
  detail text,
  by_name text
);
CREATE INDEX operator_notices_operator ON operator_notices (operator_id, at DESC, id DESC);
GRANT SELECT, INSERT, DELETE ON operator_notices TO parapet_app;

-- the newest one-time link of an operator; of its token only a hash is kept
CREATE TABLE operator_resets (
  operator_id text PRIMARY KEY REFERENCES operators ON DELETE CASCADE,
  hash text NOT NULL UNIQUE,
  expires_at bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON operator_resets TO parapet_app;

-- a token does not outlive the operator who made it, unless it belongs to a source
ALTER TABLE api_tokens ADD COLUMN made_by text;
CREATE INDEX api_tokens_made_by ON api_tokens (made_by) WHERE made_by IS NOT NULL;

ALTER TABLE operators ADD COLUMN password_changed_at bigint;

CREATE FUNCTION change_operator_password(operator text, sealed_hash text, moment bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  UPDATE operators SET password_hash = sealed_hash, form = 1, password_changed_at = moment WHERE id = operator;
  RETURN FOUND;
END $$;
CREATE FUNCTION change_operator_role(operator text, new_role text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  IF new_role <> 'admin' AND NOT EXISTS (SELECT 1 FROM operators WHERE role = 'admin' AND id <> operator) THEN
    RAISE EXCEPTION 'the last admin stays one' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE operators SET role = new_role WHERE id = operator;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION change_operator_password, change_operator_role FROM PUBLIC;
GRANT EXECUTE ON FUNCTION change_operator_password, change_operator_role TO parapet_app;
`,
}
