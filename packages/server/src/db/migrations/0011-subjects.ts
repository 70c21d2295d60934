import type { Migration } from '../migration.js'

/**
 * Users of protected applications, their sessions, and campaigns in which they set new passwords. Names, mail addresses and ids are sealed;
 * look-ups go by the indexes of events, so that both find the same person.
 */
export const subjects: Migration = {
  name: '0011-subjects',
  sql: `
-- where users of an application set a new password; mails link to it
ALTER TABLE sources ADD COLUMN reset_url text;
GRANT UPDATE (reset_url) ON sources TO parapet_app;

CREATE TABLE subjects (
  -- a keyed digest of source and user id
  id text PRIMARY KEY,
  place bigint GENERATED ALWAYS AS IDENTITY,
  source_id text NOT NULL,
  source_name text NOT NULL,
  sealed text NOT NULL,
  user_index text NOT NULL,
  name_index text,
  email_index text,
  -- of decisions on the user, by id, name or mail address as they are and as guards fold them
  target_terms text[] NOT NULL,
  roles text[] NOT NULL DEFAULT '{}',
  first_seen bigint NOT NULL,
  last_seen bigint,
  last_sign_in bigint,
  -- when a new password was set by a verified way, by the clock of the application
  password_at bigint,
  -- failed sign-ins, halved every six hours since failures_at
  failures real NOT NULL DEFAULT 0,
  failures_at bigint NOT NULL DEFAULT 0,
  new_device_at bigint,
  new_country_at bigint,
  -- what the list is sorted by: a minute counts as one moment, so that reading pages does not write here
  active_at bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX subjects_order ON subjects (active_at, place);
CREATE INDEX subjects_user ON subjects (user_index);
CREATE INDEX subjects_name ON subjects (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX subjects_email ON subjects (email_index) WHERE email_index IS NOT NULL;
CREATE INDEX subjects_target ON subjects USING gin (target_terms);
CREATE INDEX subjects_roles ON subjects USING gin (roles);
CREATE INDEX subjects_source ON subjects (source_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON subjects TO parapet_app;
COMMENT ON COLUMN subjects.sealed IS 'id, name and mail address as JSON, sealed for id';

CREATE TABLE subject_sessions (
  subject_id text NOT NULL REFERENCES subjects ON DELETE CASCADE,
  session_id text NOT NULL,
  device text,
  address inet,
  country text,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  ended_at bigint,
  ended_why text,
  PRIMARY KEY (subject_id, session_id)
) WITH (fillfactor = 70);
CREATE INDEX subject_sessions_seen ON subject_sessions (seen_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON subject_sessions TO parapet_app;

-- what came with the demo goes with it
CREATE FUNCTION remove_subjects_of_source() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = parapet, pg_temp AS $$
BEGIN
  DELETE FROM subjects WHERE source_id = OLD.id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION remove_subjects_of_source FROM PUBLIC;
CREATE TRIGGER sources_subjects AFTER DELETE ON sources FOR EACH ROW EXECUTE FUNCTION remove_subjects_of_source();

INSERT INTO cursors (name, position, moved_at) VALUES ('subjects', 0, 0) ON CONFLICT DO NOTHING;

CREATE TABLE reset_campaigns (
  id text PRIMARY KEY,
  -- whom it is for; ids of subjects are not repeated here
  scope json NOT NULL,
  sealed text NOT NULL,
  by_kind text NOT NULL,
  by_id text NOT NULL,
  by_name text NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint,
  state text NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
  mail boolean NOT NULL,
  per_minute integer NOT NULL,
  -- no mail before
  next_mail_at bigint NOT NULL,
  -- of the decision on everybody; null where each has one of his own
  decision_id text,
  batch text NOT NULL,
  -- it has ended, and every decision of it was taken back
  lifted boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE INDEX reset_campaigns_started ON reset_campaigns (started_at);
CREATE INDEX reset_campaigns_open ON reset_campaigns (id) WHERE NOT lifted;
-- one for everybody at a time
CREATE UNIQUE INDEX reset_campaigns_everybody ON reset_campaigns ((true)) WHERE state = 'running' AND decision_id IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON reset_campaigns TO parapet_app;
COMMENT ON COLUMN reset_campaigns.sealed IS 'the reason, sealed for id';

CREATE TABLE reset_members (
  campaign_id text NOT NULL REFERENCES reset_campaigns ON DELETE CASCADE,
  subject_id text NOT NULL REFERENCES subjects ON DELETE CASCADE,
  started_at bigint NOT NULL,
  -- null until its decision is made, and where one decision is on everybody
  decision_id text,
  done_at bigint,
  sessions_ended integer NOT NULL DEFAULT 0,
  mail text NOT NULL CHECK (mail IN ('none', 'no_address', 'queued', 'sending', 'sent', 'failed')),
  mail_attempts smallint NOT NULL DEFAULT 0,
  -- of a queued one: not before; of one that is being sent: whose it is no longer
  mail_at bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (campaign_id, subject_id)
) WITH (fillfactor = 70);
CREATE INDEX reset_members_open ON reset_members (subject_id) WHERE done_at IS NULL;
CREATE INDEX reset_members_left ON reset_members (campaign_id, subject_id) WHERE done_at IS NULL;
CREATE INDEX reset_members_mail ON reset_members (campaign_id, mail_at) WHERE mail IN ('queued', 'sending');
GRANT SELECT, INSERT, UPDATE, DELETE ON reset_members TO parapet_app;
`,
}
