import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { filesBelow } from '../tests/house/imports.js'
import { DIAGNOSTICS } from './guard-diagnostics.js'
import { type OptionField, readOptionFields } from './read-options.js'

/** A table of the page: what takes the options, and the types that hold them, by file below `packages/guard/src`. */
type Section = { readonly title: string; readonly types: readonly (readonly [file: string, type: string])[] }

const SECTIONS: readonly Section[] = [
  { title: 'createGuard', types: [['app/options.ts', 'GuardOptions']] },
  { title: 'createClientAddress', types: [['client-address/keys.ts', 'ClientAddressOptions']] },
  { title: 'createLimiter', types: [['limiter/limiter.ts', 'LimiterOptions']] },
  { title: 'createSharedLimiter', types: [['limiter/shared-limiter.ts', 'SharedLimiterOptions']] },
  {
    title: 'A limit',
    types: [
      ['limiter/types.ts', 'GcraPolicy'],
      ['limiter/types.ts', 'WindowPolicy'],
      ['limiter/types.ts', 'ConcurrencyPolicy'],
    ],
  },
  { title: 'createLogin', types: [['login/options.ts', 'LoginOptions']] },
  { title: 'login.campaigns', types: [['login/campaigns.ts', 'CampaignPolicy']] },
  { title: 'createSessions', types: [['session/options.ts', 'SessionsOptions']] },
  { title: 'createCsrf', types: [['csrf/csrf.ts', 'CsrfOptions']] },
  { title: 'createHeaders', types: [['headers/headers.ts', 'HeaderOverrides']] },
  { title: 'createCspCollector', types: [['csp-collector/csp-collector.ts', 'CspCollectorOptions']] },
  { title: 'assessment', types: [['assessment/assessment.ts', 'AssessmentConsent']] },
  { title: 'createRedirects', types: [['redirect/redirect.ts', 'RedirectOptions']] },
  { title: 'createSignedUrls', types: [['signed-url/signed-urls.ts', 'SignedUrlOptions']] },
  { title: 'createPublicIds', types: [['public-id/public-ids.ts', 'PublicIdOptions']] },
  { title: 'createKeyring', types: [['keyring/keyring.ts', 'KeyringOptions']] },
  { title: 'createErrors', types: [['errors/types.ts', 'ErrorsOptions']] },
  { title: 'createNotices', types: [['notices/notices.ts', 'NoticesOptions']] },
  { title: 'createAccessAudit', types: [['access-audit/access-audit.ts', 'AccessAuditOptions']] },
  { title: 'createChallenge', types: [['challenge/challenge.ts', 'ChallengeOptions']] },
  { title: 'createMfa', types: [['mfa/types.ts', 'MfaOptions']] },
  { title: 'createPasskeys', types: [['passkeys/types.ts', 'PasskeysOptions']] },
  { title: 'createPasswords', types: [['passwords/types.ts', 'PasswordsOptions']] },
  { title: 'passwords.breach', types: [['passwords/types.ts', 'BreachOptions']] },
  { title: 'createGeo', types: [['geo/geo.ts', 'GeoOptions']] },
  { title: 'memoryStore', types: [['store/memory-store.ts', 'MemoryStoreOptions']] },
  {
    title: 'redisStore',
    types: [
      ['stores/redis/redis-store.ts', 'RedisStoreOptions'],
      ['store/guarded.ts', 'OutageOptions'],
    ],
  },
  {
    title: 'postgresStore',
    types: [
      ['stores/postgres/postgres-store.ts', 'PostgresStoreOptions'],
      ['store/guarded.ts', 'OutageOptions'],
    ],
  },
  { title: 'The adapter of Hono', types: [['hono/hono.ts', 'HonoGuardOptions']] },
  { title: 'The adapter of Next', types: [['next/next.ts', 'NextGuardOptions']] },
]

/** What an option is where its own comment says nothing: by its name, or by section and name. */
const MEANS: ReadonlyMap<string, string> = new Map([
  ['clock', 'tells the time, ms UTC; the system’s by default'],
  ['random', 'gives random bytes; the system’s by default'],
  ['store', 'where shared state is kept; `memoryStore()`, `redisStore(client)` or `postgresStore(pool)`'],
  ['keyring', 'signs and seals; `createKeyring({ keys })`, or `keyring` of an open keyset of `@parapet/privacy`'],
  ['clientAddress', 'tells who sent a request; `createClientAddress` makes one. The TCP peer by default'],
  ['report', 'told of what the security events are made from'],
  ['cookie', 'name and `Secure` of the cookie'],
  ['masker', 'masks text before it leaves; `createMasker` of `@parapet/privacy` makes one'],
  [
    'createGuard.clientAddress',
    "how requests arrive: `'direct'`, `{ trusted: [...] }`, `{ hops: n }`, or a network such as `'cloudflare'`",
  ],
  ['createGuard.preset', '`app` (default) for pages, `api`, `static`, `dev`'],
  ['createGuard.headers', 'what is changed about the preset; see createHeaders'],
  ['createGuard.csrf', 'paths that the check against cross-site requests leaves out; see createCsrf'],
  ['createGuard.login', 'the login shield; see createLogin'],
  ['createGuard.redirect', 'where redirects may lead; see createRedirects'],
  ['createGuard.signedUrls', 'see createSignedUrls'],
  ['createGuard.errors', 'what is logged of errors and what is hidden; see createErrors'],
  ['createGuard.notices', 'what notices say and where their links lead; see createNotices'],
  ['policies', 'limits by name; see A limit'],
  ['maxKeys', 'keys that are counted at a time in this process'],
  [
    'A limit.kind',
    '`gcra` (default) refills evenly; `sliding_window` and `fixed_window` count by windows; `concurrency` counts what runs now',
  ],
  ['A limit.limit', 'how much is allowed in a window, or at the same time'],
  ['A limit.windowMs', 'the window'],
  ['A limit.burst', 'how much may come at once; left out, all of `limit`'],
  ['A limit.leaseMs', 'after this time what was never released ends by itself'],
  ['createLogin.addressSubjects', 'different subjects that fail from one address prefix before it is locked; 5'],
  ['createLogin.addressFailures', 'failures from one address prefix, with no success among them, before it is locked; 20'],
  ['maxWaiting', 'how many wait beyond those that are checked at a time; more are refused'],
  ['createLogin.sleep', 'waits; for tests'],
  ['login.campaigns.windowMs', 'within this time'],
  ['createAccessAudit.sink', 'where records go'],
  ['sessions', '`guard.sessions`: flagged sessions enrol nothing, proofs are noted in the session'],
  ['breach', 'the check against known breaches; off unless given, see passwords.breach'],
  ['passwords.breach.fetch', 'makes the request; for tests'],
  ['maxEntries', 'values that are kept at a time'],
  ['whenFull', '`evict` (default) lets the one go that ends first; `refuse` takes no new one'],
])

/** What a comment leaves to be said: defaults that stand elsewhere. */
const BESIDES: ReadonlyMap<string, string> = new Map([
  [
    'createGuard.limits',
    'by who is counted: `anonymous` (120 a minute), `user` (1,000 an hour), `sensitive` (5 an hour, at most 3 at once); see A limit',
  ],
])

/** The fields of a section with what they mean. */
const fieldsOf = (source: (file: string) => string, section: Section): readonly OptionField[] => {
  const seen = new Map<string, OptionField>()
  for (const [file, type] of section.types) {
    for (const field of readOptionFields(source(file), type)) {
      const before = seen.get(field.name)
      const here = `${section.title}.${field.name}`
      const said = field.means === '' ? (before?.means ?? MEANS.get(here) ?? MEANS.get(field.name) ?? '') : field.means
      const besides = BESIDES.get(here)
      const means = [besides, said].filter((text) => text !== undefined && text !== '').join('. ')
      seen.set(field.name, { ...(before ?? field), means })
    }
  }
  return [...seen.values()]
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const table = (fields: readonly OptionField[]): string =>
  [
    '| option | takes | what it is |',
    '| --- | --- | --- |',
    ...fields.map(
      ({ name, optional, type, means }) => `| \`${name}\`${optional ? '' : ' (required)'} | \`${cell(type)}\` | ${cell(means)} |`,
    ),
  ].join('\n')

/** Sections for types of options that are not listed above: a new part is on the page from its first day. */
const unlisted = (folder: string, source: (file: string) => string): readonly Section[] => {
  const listed = new Set(SECTIONS.flatMap(({ types }) => types.map(([, type]) => type)))
  const offered = filesBelow(folder, /^index\.ts$/)
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
  return filesBelow(folder, /(?<!\.test)\.ts$/)
    .map((path) => relative(folder, path))
    .flatMap((file) =>
      [...source(file).matchAll(/^export type (\w+Options)\b[^=]*= (?:\w+ & )?\{/gm)].map(([, type = '']) => ({ file, type })),
    )
    .filter(({ type }) => !listed.has(type) && new RegExp(`\\b${type}\\b`).test(offered))
    .map(({ file, type }) => ({ title: type, types: [[file, type]] }))
}

/** Options of the guard by section, read from their types. */
export const guardOptions = (root: string): ReadonlyMap<string, readonly OptionField[]> => {
  const folder = join(root, 'packages/guard/src')
  const source = (file: string): string => readFileSync(join(folder, file), 'utf8')
  return new Map([
    ...[...SECTIONS, ...unlisted(folder, source)].map((section) => [section.title, fieldsOf(source, section)] as const),
    [
      'postgresFactors',
      [{ name: 'table', optional: true, type: 'string', means: 'the table of factors; `parapet_guard_factors`' }],
    ] as const,
  ])
}

/** The page of options and diagnostics of the guard. */
export const guardPage = (root: string): string => {
  const options = [...guardOptions(root)].map(([title, fields]) => `### ${title}\n\n${table(fields)}\n`)
  const diagnostics = Object.entries(DIAGNOSTICS)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([code, { means, todo }]) => `### ${code}\n\n${means}\n\n**What to do.** ${todo}\n`)
  return [
    '# The guard: options and diagnostics\n',
    'Every option is checked when a part is built; a misspelt or impossible one throws `PPT_CONFIG_INVALID` with its name, the value and the fix. Times are in ms unless a name says otherwise. Error codes: [errors.md](errors.md).\n',
    '## Options\n',
    ...options,
    '## Diagnostics\n',
    'Trouble with the guard itself. Each is told at once and then at most once a minute: to `onDiagnostic` (a process warning by default), in `guard.status()`, and to the control plane as an event.\n',
    ...diagnostics,
  ].join('\n')
}
