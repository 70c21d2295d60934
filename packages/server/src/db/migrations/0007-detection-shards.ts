import type { Migration } from '../migration.js'

/**
 * Detection in 64 parts that several servers share. What the engine remembered before belongs to no part: its counts start afresh, from
 * where detection stood.
 */
export const detectionShards: Migration = {
  name: '0007-detection-shards',
  sql: `
-- one row a part: how far it has come, and who may move it; the fence rises with every change of hands
CREATE TABLE detection_shards (
  shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
  position bigint NOT NULL,
  -- the worker: object of an advisory lock that its session holds while it lives
  holder integer,
  fence bigint NOT NULL DEFAULT 0,
  -- ms UTC by the clock of the database
  expires_at bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
INSERT INTO detection_shards (shard, position)
  SELECT shard, coalesce((SELECT position FROM cursors WHERE name = 'detection'), 0) FROM generate_series(0, 63) AS shard;
DELETE FROM cursors WHERE name = 'detection';
GRANT SELECT, UPDATE (position, holder, fence, expires_at) ON detection_shards TO parapet_app;

DELETE FROM detection_state WHERE key <> 'budget' OR form = 0;
-- the budget belongs to no part
ALTER TABLE detection_state ADD COLUMN shard smallint NOT NULL DEFAULT -1;
ALTER TABLE detection_state ALTER COLUMN shard DROP DEFAULT;
CREATE INDEX detection_state_shard ON detection_state (shard);
`,
}
