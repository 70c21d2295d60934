import type { Migration } from '../migration.js'

/**
 * Telling people: channels, routes, the outbox with its deliveries, and how far the log of alerts was told. Settings of channels, which hold
 * secrets, and words that may name somebody are sealed.
 */
export const notifications: Migration = {
  name: '0012-notifications',
  sql: `
CREATE TABLE notification_channels (
  id text PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL,
  sealed text NOT NULL,
  enabled boolean NOT NULL,
  created_at bigint NOT NULL,
  last_sent_at bigint,
  -- a sentence of ours, never of the other side
  last_error text
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_channels TO parapet_app;
COMMENT ON COLUMN notification_channels.sealed IS 'settings as JSON, sealed for id';

CREATE TABLE notification_routes (
  singleton boolean PRIMARY KEY CHECK (singleton),
  routes json NOT NULL
);
INSERT INTO notification_routes VALUES (true, '[]');
GRANT SELECT, UPDATE (routes) ON notification_routes TO parapet_app;

CREATE TABLE notifications (
  id text PRIMARY KEY,
  place bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  level smallint NOT NULL,
  audience text NOT NULL CHECK (audience IN ('security', 'administrators')),
  -- keyed hashes: told once for each told_key; of the alert that it is about; like ones share like_key
  told_key text UNIQUE,
  alert_key text,
  like_key text NOT NULL,
  sealed text NOT NULL,
  at bigint NOT NULL,
  count bigint NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'quiet', 'sent', 'failed', 'acknowledged', 'no_route')),
  -- when somebody has to look at it next: to plan it, to escalate it
  due_at bigint,
  -- it waits for the end of the time in which like ones are one message
  held boolean NOT NULL DEFAULT false,
  -- the one in whose message it is
  leader_id text REFERENCES notifications ON DELETE CASCADE,
  planned_at bigint,
  first_due_at bigint,
  group_ms bigint NOT NULL DEFAULT 0,
  -- what is told later while nobody acknowledges, soonest first
  steps json,
  escalations smallint NOT NULL DEFAULT 0,
  acknowledged_at bigint,
  acknowledged_by text
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX notifications_place ON notifications (place);
CREATE INDEX notifications_due ON notifications (due_at, place) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_like ON notifications (like_key, place) WHERE leader_id IS NULL;
CREATE INDEX notifications_leader ON notifications (leader_id) WHERE leader_id IS NOT NULL;
CREATE INDEX notifications_alert ON notifications (alert_key) WHERE alert_key IS NOT NULL;
CREATE INDEX notifications_at ON notifications (at);
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications TO parapet_app;
COMMENT ON COLUMN notifications.sealed IS 'title, text and href as JSON, sealed for id';

-- one message through one channel; its id is what the other side knows it by, however often it is tried
CREATE TABLE notification_deliveries (
  id text PRIMARY KEY,
  notification_id text NOT NULL REFERENCES notifications ON DELETE CASCADE,
  channel_id text NOT NULL,
  channel_name text NOT NULL,
  step smallint NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  due_at bigint NOT NULL,
  created_at bigint NOT NULL,
  -- somebody is at it until then, by the clock of the database
  leased_until bigint NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0,
  at bigint,
  detail text,
  UNIQUE (notification_id, channel_id, step)
) WITH (fillfactor = 70);
CREATE INDEX notification_deliveries_due ON notification_deliveries (due_at) WHERE state = 'waiting';
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_deliveries TO parapet_app;

-- every alert up to this one in the order of their beginning was told, or is of no interest
CREATE TABLE notification_progress (
  singleton boolean PRIMARY KEY CHECK (singleton),
  alerts bigint NOT NULL
);
INSERT INTO notification_progress SELECT true, coalesce(max(created), 0) FROM alerts;
GRANT SELECT, UPDATE (alerts) ON notification_progress TO parapet_app;
`,
}
