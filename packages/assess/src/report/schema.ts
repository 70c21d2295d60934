const text = (maxLength = 2_000): object => ({ type: 'string', maxLength })
const count: object = { type: 'integer', minimum: 0 }
const object = (properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})
const list = (items: unknown, maxItems = 10_000): object => ({ type: 'array', items, maxItems })

const severity: object = { enum: ['critical', 'high', 'medium', 'low', 'info'] }
const category: object = { enum: ['address', 'sign-in', 'mfa', 'session', 'cross-site', 'links', 'access', 'exposure', 'headers'] }
const time: object = { type: 'string', format: 'date-time' }
const check: object = { type: 'string', pattern: '^[A-Z]{3}-[0-9]{3}$' }
const probe: object = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }

const exchange = object(
  {
    as: text(),
    method: text(20),
    url: text(),
    status: { type: 'integer', minimum: 0, maximum: 999 },
    headers: { type: 'object', maxProperties: 12, additionalProperties: text() },
    excerpt: text(),
    note: text(),
  },
  ['headers', 'excerpt', 'note'],
)

/**
 * The JSON Schema (draft 7) of a report, as `parapet attack --json` writes it. Texts of `findings` and `statements` are masked; `facts` are
 * what a probe collected, whose shape is the probe's own affair.
 */
export const attackReportSchema: object = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://parapet.dev/schemas/attack-report-1.json',
  title: 'Report of parapet attack',
  ...object(
    {
      version: { const: 1 },
      run_id: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
      target: text(),
      scan_date: time,
      took_ms: { type: 'number', minimum: 0 },
      requests: count,
      consent: { enum: ['loopback', 'private', 'token'] },
      state: { enum: ['complete', 'partial', 'failed'] },
      reason: text(),
      total_findings: count,
      findings_by_severity: object({ critical: count, high: count, medium: count, low: count, info: count }),
      findings: list(
        object({
          id: check,
          probe,
          category,
          title: text(),
          description: text(),
          why: text(),
          severity,
          timestamp: time,
          locator: text(),
          evidence: list(exchange, 4),
          fix: text(),
          cwe: { type: 'integer', minimum: 1 },
          asvs: list({ type: 'string', pattern: '^[0-9]+([.][0-9]+){1,2}$' }, 20),
          fingerprint: { type: 'string', pattern: '^[0-9a-f]{32}$' },
        }),
      ),
      statements: list(
        object(
          {
            id: check,
            probe,
            category,
            title: text(),
            verdict: { enum: ['pass', 'inconclusive', 'error', 'skipped'] },
            locator: text(),
            because: text(),
            evidence: list(exchange, 4),
          },
          ['evidence'],
        ),
      ),
      probes: list(
        object({
          probe,
          kind: { enum: ['passive', 'active', 'intrusive'] },
          at: time,
          took_ms: { type: 'number', minimum: 0 },
          requests: count,
          outcome: {
            oneOf: [
              object({ kind: { const: 'facts' }, facts: {}, doubt: text() }, ['facts', 'doubt']),
              object({ kind: { enum: ['inconclusive', 'error', 'skipped'] }, reason: text() }),
            ],
          },
        }),
      ),
    },
    ['reason'],
  ),
}
