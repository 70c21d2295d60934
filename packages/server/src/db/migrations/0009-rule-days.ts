import type { Migration } from '../migration.js'

/** Alerts of each rule and day, counted as they come, so that no page has to count alerts. Without those of the demo. */
export const ruleDays: Migration = {
  name: '0009-rule-days',
  sql: `
CREATE TABLE rule_days (
  rule_id text NOT NULL,
  -- days since 1970-01-01 UTC
  day integer NOT NULL,
  alerts bigint NOT NULL,
  PRIMARY KEY (rule_id, day)
) WITH (fillfactor = 70);
INSERT INTO rule_days (rule_id, day, alerts) SELECT rule_id, (detected_at / 86400000)::integer, count(*) FROM alerts WHERE NOT demo GROUP BY 1, 2;
GRANT SELECT, INSERT, UPDATE ON rule_days TO parapet_app;
`,
}
