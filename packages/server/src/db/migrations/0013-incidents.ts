import type { Migration } from '../migration.js'

/**
 * Incidents: what happened, who and what is part of it, and a timeline that only grows. Titles, words and names of subjects are sealed;
 * subjects are found by their blind index.
 */
export const incidents: Migration = {
  name: '0013-incidents',
  sql: `
CREATE TABLE incidents (
  id text PRIMARY KEY,
  -- short and rising, for people
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  severity smallint NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'contained', 'resolved', 'closed')),
  opened_at bigint NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL,
  -- opened by an answer to an alert, not by a person
  automatic boolean NOT NULL,
  updated_at bigint NOT NULL,
  closed_at bigint,
  assignee text,
  assignee_name text,
  lockdown_offered boolean NOT NULL DEFAULT false,
  sealed text NOT NULL
);
CREATE INDEX incidents_open ON incidents (opened_at) WHERE status IN ('open', 'contained');
CREATE INDEX incidents_status ON incidents (status, number);
GRANT SELECT, INSERT, UPDATE ON incidents TO parapet_app;
COMMENT ON COLUMN incidents.sealed IS 'title, sealed for id';

CREATE TABLE incident_links (
  id text PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incidents,
  kind text NOT NULL CHECK (kind IN ('alert', 'decision', 'subject', 'address')),
  -- an id, an address, or the blind index of a subject
  term text NOT NULL,
  -- the subject
  sealed text,
  at bigint NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY,
  UNIQUE (incident_id, kind, term)
);
CREATE INDEX incident_links_term ON incident_links (kind, term);
GRANT SELECT, INSERT, UPDATE (sealed, term) ON incident_links TO parapet_app;
COMMENT ON COLUMN incident_links.sealed IS 'the subject, sealed for id';

-- what happened in it, never changed
CREATE TABLE incident_entries (
  id text PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incidents,
  at bigint NOT NULL,
  by_id text,
  by_name text,
  kind text NOT NULL,
  ref text,
  -- told once: nothing is doubled when a transaction is tried again
  once text,
  sealed text NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY,
  UNIQUE (incident_id, once)
);
CREATE INDEX incident_entries_place ON incident_entries (incident_id, place);
-- of an entry only the seal may be renewed
GRANT SELECT, INSERT, UPDATE (sealed) ON incident_entries TO parapet_app;
COMMENT ON COLUMN incident_entries.sealed IS 'text, sealed for id';
`,
}
