import { isIP } from 'node:net'
import { parseRange } from '@parapet/core'
import { z } from 'zod'

const range = z.string().refine((text) => parseRange(text) !== undefined, 'an IP address or range such as 203.0.113.0/24')
const url = (protocols: readonly string[]) =>
  z
    .string()
    .max(2_048)
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `a URL that starts with ${protocols.join(' or ')}//`,
    )
const hostName = z
  .string()
  .max(253)
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text), 'an address or a host name without port')

/**
 * Every setting of the control plane, in the nesting of the file `parapet.yml`. Defaults that depend on the machine or on
 * other settings (`dataDir`, `publicUrl`, `consoleDir`) are filled by {@link loadConfig}.
 */
export const configSchema = z.strictObject({
  /** address to listen on; beyond loopback only with `tls` */
  host: hostName.default('127.0.0.1'),
  /** TCP port; 0 takes a free one */
  port: z.int().min(0).max(65_535).default(8_700),
  dataDir: z.string().min(1).max(1_024),
  /** PostgreSQL of your own instead of the bundled one */
  databaseUrl: url(['postgres:', 'postgresql:']).optional(),
  /** how browsers reach the console; decides cookies and which origins may write */
  publicUrl: url(['http:', 'https:']),
  /** what wraps the keys that seal personal data, as a URI: `file:/path`, `env:NAME`, `vault:...`, `aws-kms:...`; without it the key file of the data directory */
  kek: z
    .string()
    .max(1_024)
    .regex(/^(?:file|env|vault|aws-kms):\S+$/, 'a URI that starts with file:, env:, vault: or aws-kms:')
    .optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** the built console */
  consoleDir: z.string().min(1).max(1_024),
  /** PEM files; with both the server speaks HTTPS */
  tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
  /** proxies whose forwarding headers are believed, as addresses or ranges */
  trustedProxies: z.array(range).max(1_000).default([]),
  /** never blocked, by anyone, as addresses or ranges */
  allowList: z.array(range).max(10_000).default([]),
  privacy: z
    .strictObject({
      /** false: operators of role viewer see hints instead of names and mail addresses */
      viewersSeeNames: z.boolean().default(true),
    })
    .prefault({}),
  retention: z
    .strictObject({
      /** days that raw events are kept */
      eventDays: z.int().min(1).max(3_650).default(30),
    })
    .prefault({}),
  budgets: z
    .strictObject({
      /** decisions by policies within one minute; further ones only observe */
      perMinute: z.int().min(0).max(100_000).default(60),
      /** decisions by policies in force at once */
      total: z.int().min(0).max(1_000_000).default(10_000),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      idleMinutes: z.int().min(5).max(1_440).default(60),
      absoluteHours: z.int().min(1).max(168).default(12),
    })
    .prefault({}),
  ingest: z
    .strictObject({
      /** batches that may wait for the database at once; further ones get 429 */
      batchesInFlight: z.int().min(1).max(1_024).default(64),
      /** events that detection may be behind before senders get 429 */
      maxLagEvents: z.int().min(1_000).max(100_000_000).default(2_000_000),
    })
    .prefault({}),
})

/** The settings of one control plane, complete and checked. */
export type Config = z.output<typeof configSchema>

/** A variable of the environment, the setting it sets, and how its text is read. */
export type EnvironmentVariable = { readonly name: string; readonly path: readonly string[]; readonly read: (text: string) => unknown }

const text = (value: string): string => value
/** `true` and `false`; everything else stays text, so that the schema names it in its own words. */
const truth = (value: string): unknown => (/^(?:true|false)$/i.test(value.trim()) ? value.trim().toLowerCase() === 'true' : value)
/** What is no number stays text, so that the schema names it in its own words. */
const number = (value: string): unknown => (/^\d{1,9}$/.test(value.trim()) ? Number(value) : value)
const list = (value: string): unknown =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Every environment variable that the control plane reads. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  { name: 'PARAPET_HOST', path: ['host'], read: text },
  { name: 'PARAPET_PORT', path: ['port'], read: number },
  { name: 'PARAPET_DATA_DIR', path: ['dataDir'], read: text },
  { name: 'DATABASE_URL', path: ['databaseUrl'], read: text },
  { name: 'PARAPET_KEK', path: ['kek'], read: text },
  { name: 'PARAPET_PUBLIC_URL', path: ['publicUrl'], read: text },
  { name: 'PARAPET_LOG_LEVEL', path: ['logLevel'], read: text },
  { name: 'PARAPET_CONSOLE_DIR', path: ['consoleDir'], read: text },
  { name: 'PARAPET_TLS_CERT', path: ['tls', 'cert'], read: text },
  { name: 'PARAPET_TLS_KEY', path: ['tls', 'key'], read: text },
  { name: 'PARAPET_TRUSTED_PROXIES', path: ['trustedProxies'], read: list },
  { name: 'PARAPET_ALLOW_LIST', path: ['allowList'], read: list },
  { name: 'PARAPET_VIEWERS_SEE_NAMES', path: ['privacy', 'viewersSeeNames'], read: truth },
  { name: 'PARAPET_RETENTION_EVENT_DAYS', path: ['retention', 'eventDays'], read: number },
  { name: 'PARAPET_BUDGET_PER_MINUTE', path: ['budgets', 'perMinute'], read: number },
  { name: 'PARAPET_BUDGET_TOTAL', path: ['budgets', 'total'], read: number },
]

/** Variables with our prefix that other programs read: clients, the command, and tests. */
export const FOREIGN_VARIABLES: readonly string[] = ['PARAPET_URL', 'PARAPET_TOKEN', 'PARAPET_CONFIG', 'PARAPET_KEYSET']
