import type { Migration } from '../migration.js'

/**
 * After a rotation of the keyset every sealed cell and blind index moves to the new primary key, a batch at a time beside the work of
 * the day. Rows of append-only tables stay what they are: the functions here replace a sealed cell by one under the primary key of the
 * keyset in this database, an index by an index, in a row that is sealed, and can touch nothing else. Once a cell is under the primary
 * key it is as fixed as before.
 */
export const sealedAnew: Migration = {
  name: '0005-sealed-anew',
  sql: `
-- how far each table is on its way to a primary key; no row: there never was another key
CREATE TABLE resealing (
  name text PRIMARY KEY,
  key_id bigint NOT NULL,
  -- when the keyset took the state that asks for it: a server with an older copy of the keyset leaves it alone
  keyset_at bigint NOT NULL,
  began_at bigint NOT NULL,
  pass integer NOT NULL DEFAULT 1,
  pass_began_at bigint,
  after text NOT NULL DEFAULT '',
  walked bigint NOT NULL DEFAULT 0,
  resealed bigint NOT NULL DEFAULT 0,
  -- of the present pass: rows that somebody else held, and rows that do not open
  missed bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  finished_at bigint
);
GRANT SELECT, INSERT, UPDATE ON resealing TO parapet_app;

-- the id of the key of a sealed cell or a blind index: four bytes of the eight characters after the prefix; -1 for a broken cell
CREATE FUNCTION sealing_key(value text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE head bytea; first integer := 0;
BEGIN
  IF left(value, 5) NOT IN ('ppt1.', 'ppi1.') THEN RETURN NULL; END IF;
  IF substr(value, 6, 8) !~ '^[A-Za-z0-9_-]{8}$' THEN RETURN CASE left(value, 5) WHEN 'ppt1.' THEN -1 END; END IF;
  head := decode(translate(substr(value, 6, 8), '-_', '+/'), 'base64');
  -- a cell begins with version and algorithm
  IF left(value, 5) = 'ppt1.' THEN first := 2; END IF;
  -- not by shifts: << and | bind alike here
  RETURN ((get_byte(head, first)::bigint * 256 + get_byte(head, first + 1)) * 256 + get_byte(head, first + 2)) * 256 + get_byte(head, first + 3);
END $$;
-- the sealed cell in a JSON body; inside of a JSON text the quotes would be escaped
CREATE FUNCTION sealed_cell(body text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substring(body from '"sealed":"(ppt1\\.[^"]*)"')
$$;
CREATE FUNCTION sealing_primary() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (k ->> 'id')::bigint FROM parapet.parapet_keysets s, json_array_elements(s.keyset::json -> 'keys') AS k
    WHERE s.name = 'default' AND k ->> 'status' = 'primary'
$$;
-- true for what stays as it is, and for a cell or an index that moves from another key to the primary one
CREATE FUNCTION may_reseal(before text, fresh text, primary_id bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT before IS NOT DISTINCT FROM fresh
    OR coalesce(left(before, 5) = left(fresh, 5) AND parapet.sealing_key(before) <> primary_id AND parapet.sealing_key(fresh) = primary_id, false)
$$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('parapet.removing_demo', true) = 'yes' AND TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF current_setting('parapet.sealing', true) = 'yes' AND TG_OP = 'UPDATE' THEN
    IF OLD.form = 0 AND NEW.form = 1 THEN RETURN NEW; END IF;
  END IF;
  IF current_setting('parapet.resealing', true) = 'yes' AND TG_OP = 'UPDATE' THEN
    IF OLD.form = 1 AND NEW.form = 1 THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' THEN
    IF current_setting('parapet.sealing', true) = 'yes' AND OLD.form = 0 AND NEW.form = 1 THEN RETURN NEW; END IF;
    IF current_setting('parapet.resealing', true) = 'yes' AND OLD.form = 1 THEN
      OLD.sealed := NEW.sealed;
      IF OLD *= NEW THEN RETURN NEW; END IF;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

-- each answers how many rows it changed; what is not as it was read stays as it is
CREATE FUNCTION reseal_events(first_day integer, last_day integer, sequences bigint[], befores text[], seals text[], user_ids text[], user_names text[], user_emails text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE changed bigint; primary_id bigint := sealing_primary();
BEGIN
  PERFORM set_config('parapet.resealing', 'yes', true);
  WITH n AS MATERIALIZED (
    SELECT * FROM unnest(sequences, befores, seals, user_ids, user_names, user_emails) AS n (sequence, before, sealed, user_id, user_name, user_email)
  ), held AS MATERIALIZED (
    -- never waits for whoever removes rows at the same time, so that neither can wait for the other
    SELECT e.sequence FROM events e WHERE e.sequence = ANY (sequences) AND e.day BETWEEN first_day AND last_day FOR UPDATE SKIP LOCKED
  )
  UPDATE events e SET sealed = n.sealed, user_id = n.user_id, user_name = n.user_name, user_email = n.user_email
    FROM n JOIN held USING (sequence)
    WHERE e.sequence = n.sequence AND e.day BETWEEN first_day AND last_day AND e.form = 1 AND e.sealed IS NOT DISTINCT FROM n.before
      AND may_reseal(e.sealed, n.sealed, primary_id) AND may_reseal(e.user_id, n.user_id, primary_id)
      AND may_reseal(e.user_name, n.user_name, primary_id) AND may_reseal(e.user_email, n.user_email, primary_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM set_config('parapet.resealing', '', true);
  RETURN changed;
END $$;
CREATE FUNCTION reseal_decision_log(revisions bigint[], befores text[], seals text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE changed bigint; primary_id bigint := sealing_primary();
BEGIN
  PERFORM set_config('parapet.resealing', 'yes', true);
  UPDATE decision_log d SET body = replace(d.body::text, '"sealed":"' || n.before || '"', '"sealed":"' || n.sealed || '"')::json
    FROM unnest(revisions, befores, seals) AS n (revision, before, sealed)
    WHERE d.revision = n.revision AND d.form = 1 AND sealed_cell(d.body::text) = n.before AND may_reseal(n.before, n.sealed, primary_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM set_config('parapet.resealing', '', true);
  RETURN changed;
END $$;
CREATE FUNCTION reseal_audit(sequences bigint[], befores text[], seals text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE changed bigint; primary_id bigint := sealing_primary();
BEGIN
  PERFORM set_config('parapet.resealing', 'yes', true);
  UPDATE audit a SET sealed = n.sealed FROM unnest(sequences, befores, seals) AS n (sequence, before, sealed)
    WHERE a.sequence = n.sequence AND a.form = 1 AND a.sealed = n.before AND may_reseal(n.before, n.sealed, primary_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM set_config('parapet.resealing', '', true);
  RETURN changed;
END $$;
CREATE FUNCTION reseal_operators(ids text[], befores text[], seals text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE changed bigint; primary_id bigint := sealing_primary();
BEGIN
  UPDATE operators o SET password_hash = n.sealed FROM unnest(ids, befores, seals) AS n (id, before, sealed)
    WHERE o.id = n.id AND o.form = 1 AND o.password_hash = n.before AND may_reseal(n.before, n.sealed, primary_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;
REVOKE ALL ON FUNCTION reseal_events, reseal_decision_log, reseal_audit, reseal_operators FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reseal_events, reseal_decision_log, reseal_audit, reseal_operators TO parapet_app;
`,
}
