import type { Migration } from '../migration.js'

/** Decisions in force can be read in pages, each from where the one before ended, without sorting all of them again. */
export const liveDecisionsInOrder: Migration = {
  name: '0003-live-decisions-in-order',
  sql: `
CREATE INDEX decisions_live_order ON decisions (expires_at, created) WHERE lifted_at IS NULL;
DROP INDEX decisions_live;
`,
}
