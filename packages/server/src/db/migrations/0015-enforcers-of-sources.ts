import type { Migration } from '../migration.js'

/** What a source said that it holds goes with the source: the demo's guard is none that went silent. */
export const enforcersOfSources: Migration = {
  name: '0015-enforcers-of-sources',
  sql: `
CREATE FUNCTION remove_enforcers_of_source() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  DELETE FROM enforcers WHERE source_id = OLD.id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION remove_enforcers_of_source FROM PUBLIC;
CREATE TRIGGER sources_enforcers AFTER DELETE ON sources FOR EACH ROW EXECUTE FUNCTION remove_enforcers_of_source();
`,
}
