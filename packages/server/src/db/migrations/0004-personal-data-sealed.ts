import type { Migration } from '../migration.js'

/**
 * Personal data is sealed or hashed before it is written. `form` says how a row is written: 0 as older versions did, 1 sealed. It has
 * no default, so that an older server which still runs is refused rather than adding rows in clear. What is there already is sealed
 * after the start, a batch at a time, by the functions at the end: each takes rows from form 0 to form 1, once, and nothing else.
 */
export const personalDataSealed: Migration = {
  name: '0004-personal-data-sealed',
  sql: `
-- keys that seal, each wrapped by a key that is not in the database; privacy's own store reads and writes it
CREATE TABLE parapet_keysets (
  name text PRIMARY KEY,
  keyset text NOT NULL,
  version bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE ON parapet_keysets TO parapet_app;

-- how far the sealing of what older versions wrote is; a table without a row has nothing to seal
CREATE TABLE sealing (
  name text PRIMARY KEY,
  after text NOT NULL DEFAULT '',
  finished_at bigint
);
GRANT SELECT, UPDATE ON sealing TO parapet_app;
INSERT INTO sealing (name)
  SELECT 'events' WHERE EXISTS (SELECT 1 FROM events) UNION ALL SELECT 'alerts' WHERE EXISTS (SELECT 1 FROM alerts)
  UNION ALL SELECT 'decision_log' WHERE EXISTS (SELECT 1 FROM decision_log) UNION ALL SELECT 'decisions' WHERE EXISTS (SELECT 1 FROM decisions)
  UNION ALL SELECT 'operators' WHERE EXISTS (SELECT 1 FROM operators) UNION ALL SELECT 'audit' WHERE EXISTS (SELECT 1 FROM audit);

ALTER TABLE events ADD COLUMN user_email text, ADD COLUMN sealed text, ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE events ALTER COLUMN form DROP DEFAULT;
CREATE INDEX events_user_email ON events (user_email, sequence) WHERE user_email IS NOT NULL;
COMMENT ON COLUMN events.user_id IS 'as sent while it is opaque, else its blind index';
COMMENT ON COLUMN events.user_name IS 'blind index of the name; of the pseudonym where nobody goes by it';
COMMENT ON COLUMN events.user_email IS 'blind index';
COMMENT ON COLUMN events.body IS 'masked, without what names people';
COMMENT ON COLUMN events.sealed IS 'what names people, sealed for (source_id, id)';

ALTER TABLE alerts ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE alerts ALTER COLUMN form DROP DEFAULT;
COMMENT ON COLUMN alerts.scope_value IS 'an address in clear, everything else as its blind index';
COMMENT ON COLUMN alerts.targets IS 'addresses in clear, everything else as its blind index';

ALTER TABLE decision_log ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE decision_log ALTER COLUMN form DROP DEFAULT;
ALTER TABLE decisions ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE decisions ALTER COLUMN form DROP DEFAULT;
COMMENT ON COLUMN decisions.target_value IS 'an address or a range in clear, everything else as its blind index';

ALTER TABLE audit ADD COLUMN seal_id text, ADD COLUMN sealed text, ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE audit ALTER COLUMN form DROP DEFAULT;
COMMENT ON COLUMN audit.sealed IS 'reason and detail, sealed for seal_id';

ALTER TABLE operators ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE operators ALTER COLUMN form DROP DEFAULT;
COMMENT ON COLUMN operators.password_hash IS 'argon2id in PHC form, sealed for id';

-- keys of it were plain hashes of names, which can be guessed: sessions and counters start afresh
TRUNCATE shared_state;
-- the engine's state likewise; it is kept, and written under new keys by the first start
ALTER TABLE detection_state ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE detection_state ALTER COLUMN form DROP DEFAULT;

-- as before, but for one step from form 0 to form 1 that leaves alone what a row is found and ordered by
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('parapet.removing_demo', true) = 'yes' AND TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF current_setting('parapet.sealing', true) = 'yes' AND TG_OP = 'UPDATE' THEN
    IF OLD.form = 0 AND NEW.form = 1 THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('parapet.sealing', true) = 'yes' AND TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' THEN
    IF OLD.form = 0 AND NEW.form = 1 THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER audit_append_only ON audit;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE FUNCTION seal_events(sequences bigint[], user_ids text[], user_names text[], user_emails text[], bodies text[], seals text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  PERFORM set_config('parapet.sealing', 'yes', true);
  UPDATE events e SET user_id = n.user_id, user_name = n.user_name, user_email = n.user_email, body = n.body::json, sealed = n.sealed, form = 1
    FROM unnest(sequences, user_ids, user_names, user_emails, bodies, seals) AS n (sequence, user_id, user_name, user_email, body, sealed)
    WHERE e.sequence = n.sequence AND e.form = 0;
  PERFORM set_config('parapet.sealing', '', true);
END $$;
CREATE FUNCTION seal_decision_log(revisions bigint[], bodies text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  PERFORM set_config('parapet.sealing', 'yes', true);
  UPDATE decision_log d SET body = n.body::json, form = 1 FROM unnest(revisions, bodies) AS n (revision, body)
    WHERE d.revision = n.revision AND d.form = 0;
  PERFORM set_config('parapet.sealing', '', true);
END $$;
CREATE FUNCTION seal_audit(sequences bigint[], seal_ids text[], seals text[], reasons text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  PERFORM set_config('parapet.sealing', 'yes', true);
  UPDATE audit a SET seal_id = n.seal_id, sealed = n.sealed, reason = n.reason, detail = NULL, form = 1
    FROM unnest(sequences, seal_ids, seals, reasons) AS n (sequence, seal_id, sealed, reason)
    WHERE a.sequence = n.sequence AND a.form = 0;
  PERFORM set_config('parapet.sealing', '', true);
END $$;
CREATE FUNCTION seal_operators(ids text[], hashes text[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
  UPDATE operators o SET password_hash = n.hash, form = 1 FROM unnest(ids, hashes) AS n (id, hash) WHERE o.id = n.id AND o.form = 0
$$;
REVOKE ALL ON FUNCTION seal_events, seal_decision_log, seal_audit, seal_operators FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_events, seal_decision_log, seal_audit, seal_operators TO parapet_app;
`,
}
