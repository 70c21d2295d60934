import type { Migration } from '../migration.js'

/**
 * A number that grows with whatever ends what an operator has: a new password, a reset, another role. Sessions, tokens and passwords that
 * were begun under an older one come to nothing, however requests overtake each other.
 */
export const credentialGeneration: Migration = {
  name: '0016-credential-generation',
  sql: `
ALTER TABLE operators ADD COLUMN generation bigint NOT NULL DEFAULT 0;

DROP FUNCTION change_operator_password(text, text, bigint);
-- known: the generation that whoever asks for it has seen; NULL whatever it is. Answers the new one, NULL when nothing was changed
CREATE FUNCTION change_operator_password(operator text, sealed_hash text, moment bigint, known bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE raised bigint;
BEGIN
  UPDATE operators SET password_hash = sealed_hash, form = 1, password_changed_at = moment, generation = generation + 1
    WHERE id = operator AND (known IS NULL OR generation = known) RETURNING generation INTO raised;
  RETURN raised;
END $$;
CREATE FUNCTION raise_operator_generation(operator text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
DECLARE raised bigint;
BEGIN
  UPDATE operators SET generation = generation + 1 WHERE id = operator RETURNING generation INTO raised;
  RETURN raised;
END $$;
CREATE OR REPLACE FUNCTION change_operator_role(operator text, new_role text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  IF new_role <> 'admin' AND NOT EXISTS (SELECT 1 FROM operators WHERE role = 'admin' AND id <> operator) THEN
    RAISE EXCEPTION 'the last admin stays one' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE operators SET generation = generation + (role <> new_role)::int, role = new_role WHERE id = operator;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION change_operator_password, raise_operator_generation, change_operator_role FROM PUBLIC;
GRANT EXECUTE ON FUNCTION change_operator_password, raise_operator_generation, change_operator_role TO parapet_app;
`,
}
