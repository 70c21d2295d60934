import { isIP } from 'node:net'
import { parseRange } from '@parapet/core'
import { z } from 'zod'
import { readSender } from './sender.js'

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

/** A path of the application, or a whole URL of another one of its own. */
const page = z
  .string()
  .max(1_024)
  .refine(
    (text) => /^\/(?![/\\])[\x21-\x7e]*$/.test(text) || (/^https?:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text)),
    'a path such as /step-up, or a URL that starts with https://',
  )

const door = { host: hostName.default('127.0.0.1'), port: z.int().min(0).max(65_535) }

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
      /** who may do nothing before a second factor is set up */
      requireMfa: z.enum(['off', 'admins', 'all']).default('off'),
    })
    .prefault({}),
  detect: z
    .strictObject({
      /** your own Sigma rules, `.yml` in any folder below it; `rules` in the data directory by default */
      rulesDir: z.string().min(1).max(1_024).optional(),
      /** what the rules may remember of users and addresses, estimated; beyond it what was quiet longest is dropped, with an alert */
      stateMegabytes: z.int().min(16).max(65_536).default(256),
    })
    .prefault({}),
  respond: z
    .strictObject({
      /** your own policies, `.yml` in any folder below it; `policies` in the data directory by default */
      policiesDir: z.string().min(1).max(1_024).optional(),
    })
    .prefault({}),
  /** .mmdb files that tell the place or the network of an address, such as GeoLite2-City.mmdb */
  geo: z.array(z.string().min(1).max(1_024)).max(8).default([]),
  /** doors for syslog; only senders whose address belongs to a source are taken */
  syslog: z
    .strictObject({
      udp: z.strictObject(door).optional(),
      tcp: z.strictObject(door).optional(),
      /** PEM files */
      tls: z.strictObject({ ...door, cert: z.string().min(1), key: z.string().min(1) }).optional(),
      /** connections at once over TCP and TLS together */
      connections: z.int().min(1).max(10_000).default(256),
      sources: z
        .array(
          z.strictObject({
            name: z.string().trim().min(1).max(100),
            /** addresses or ranges of the senders */
            from: z.array(range).min(1).max(1_000),
            /** how messages are read, as in `parapet parse --format`; looked up when the doors open */
            format: z.string().min(1).max(64).default('syslog'),
          }),
        )
        .min(1)
        .max(1_000),
    })
    .optional(),
  /** applications whose proxy asks `/v1/authorize`; one that is not listed works too, without what stands here */
  forwardAuth: z
    .array(
      z.strictObject({
        /** the name of the source whose token the proxy shows */
        source: z.string().trim().min(1).max(100),
        /** where credentials are checked, such as `/login` or `POST /api/session` */
        signIn: z.array(z.string().min(1).max(512)).max(100).default([]),
        /** pages that stay open to whom a step-up or a reset is asked of; with a slash at the end all below */
        open: z.array(z.string().min(1).max(512).startsWith('/')).max(100).default([]),
        /** where browsers are sent to prove anew who they are */
        stepUp: page.optional(),
        /** where browsers are sent to set a new password */
        reset: page.optional(),
        /** the header in which the proxy itself names the client */
        clientHeader: z.enum(['x-forwarded-for', 'x-real-ip', 'forwarded']).default('x-forwarded-for'),
        /** further proxies before the one that asks, such as a CDN */
        trustedProxies: z.array(range).max(1_000).default([]),
        /** the header in which the proxy vouches for a user; without it no such header is believed */
        userHeader: z
          .string()
          .regex(/^[a-z][a-z0-9-]{0,63}$/i, 'the name of a header')
          .optional(),
      }),
    )
    .max(1_000)
    .default([]),
  notifications: z
    .strictObject({
      /** the mail server through which mails leave */
      smtp: z
        .strictObject({
          /** `smtps://user:password@host`, or `smtp://` for STARTTLS; instead of the four below it */
          url: url(['smtp:', 'smtps:']).optional(),
          host: hostName.optional(),
          /** 465 speaks TLS from its first byte; all others STARTTLS */
          port: z.int().min(1).max(65_535).default(587),
          user: z.string().min(1).max(256).optional(),
          /** a file with the password on its first line */
          passwordFile: z.string().min(1).max(1_024).optional(),
          /** the address that mails come from, such as `Parapet <parapet@example.org>` */
          from: z
            .string()
            .max(320)
            .refine((text) => readSender(text) !== undefined, 'an address, or a name and <an address>'),
          /** `none`: also in clear, for a mail server on this machine */
          tls: z.enum(['required', 'none']).default('required'),
        })
        .refine(({ url: whole, host }) => (whole === undefined) !== (host === undefined), 'takes either url or host')
        .optional(),
      /** ranges that are not on the internet and that channels and feeds may reach all the same */
      allowPrivate: z.array(range).max(1_000).default([]),
    })
    .prefault({}),
  /** lists of denied ranges for firewalls and clouds: fetched from `/v1/feeds/NAME`, and pushed to receivers */
  feeds: z
    .array(
      z.strictObject({
        /** stands in sets of other programs; ipset takes 31 characters with our ending */
        name: z.string().regex(/^[a-z][a-z\d_-]{0,23}$/, 'small letters, digits, - and _, at most 24, a letter first'),
        /** ranges in the list; newer decisions win */
        most: z.int().min(1).max(100_000).default(10_000),
        webhooks: z
          .array(
            z.strictObject({
              url: url(['https:', 'http:']),
              /** where the signing secret (`whsec_...`) is, never the secret itself */
              secret: z
                .string()
                .max(1_024)
                .regex(/^(?:file|env):\S+$/, 'a URI that starts with file: or env:'),
            }),
          )
          .max(16)
          .default([]),
      }),
    )
    .max(32)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'each name once')
    .default([]),
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
  { name: 'PARAPET_REQUIRE_MFA', path: ['sessions', 'requireMfa'], read: text },
  { name: 'PARAPET_RULES_DIR', path: ['detect', 'rulesDir'], read: text },
  { name: 'PARAPET_POLICIES_DIR', path: ['respond', 'policiesDir'], read: text },
  { name: 'PARAPET_GEO', path: ['geo'], read: list },
  { name: 'PARAPET_SMTP_URL', path: ['notifications', 'smtp', 'url'], read: text },
  { name: 'PARAPET_SMTP_FROM', path: ['notifications', 'smtp', 'from'], read: text },
  { name: 'PARAPET_BUDGET_PER_MINUTE', path: ['budgets', 'perMinute'], read: number },
  { name: 'PARAPET_BUDGET_TOTAL', path: ['budgets', 'total'], read: number },
]

/** Variables with our prefix that other programs read: clients, the command, and tests. */
export const FOREIGN_VARIABLES: readonly string[] = ['PARAPET_URL', 'PARAPET_TOKEN', 'PARAPET_CONFIG', 'PARAPET_KEYSET']
