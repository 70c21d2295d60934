import type { Migration } from '../migration.js'

/**
 * How far each receiver of a feed is: what it has taken, and the message under way, which is sent again as it is until it is taken. A kill
 * between the two leads to the same message with the same id, which receivers know.
 */
export const feeds: Migration = {
  name: '0014-feeds',
  sql: `
CREATE TABLE feed_receivers (
  -- a digest of feed and address
  id text PRIMARY KEY,
  feed text NOT NULL,
  -- ranges it holds, one a line; null before the first snapshot
  delivered text,
  delivered_revision bigint NOT NULL DEFAULT 0,
  sequence bigint NOT NULL DEFAULT 0,
  -- the message under way
  message_id text,
  message_body text,
  message_ranges text,
  message_revision bigint,
  attempts integer NOT NULL DEFAULT 0,
  next_at bigint NOT NULL DEFAULT 0,
  taken_at bigint,
  trouble text,
  -- one server at a time sends
  leased_by text,
  leased_until bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON feed_receivers TO parapet_app;
`,
}
