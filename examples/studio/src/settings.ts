import { createHash } from 'node:crypto'
import type { GuardOptions } from '@parapet/guard'
import { type KekProvider, kekFromUri } from '@parapet/privacy/encryption'

/** What the studio has to be told. Tests build their own; `readSettings` reads the environment. */
export type Settings = {
  readonly host: string
  readonly port: number
  /** where browsers reach it */
  readonly publicOrigin: string
  readonly clientAddress: GuardOptions['clientAddress']
  /** signs sessions, links and ids; 32 characters or more */
  readonly secret: string
  /** wraps the keys of sealed columns */
  readonly kek: KekProvider
  /** a PostgreSQL of one's own; without it the bundled one runs */
  readonly databaseUrl?: string | undefined
  /** without it mails are shown in the terminal */
  readonly smtpUrl?: string | undefined
  /** for security.txt, such as `mailto:security@studio.example` */
  readonly securityContact: string
  readonly controlPlane?: { readonly url: string; readonly token: string } | undefined
  /** how long a proof of who one is lasts for acts of weight; 10 minutes */
  readonly stepUpSeconds?: number
  readonly logLevel: string
  /** `people`: sample data; `attack`: test accounts of the attack kit as well; never in production */
  readonly samples: 'none' | 'people' | 'attack'
  /** the sender of mails */
  readonly mailFrom: string
}

/** What `main.ts` made where the environment says nothing; in production it makes nothing. */
export type OwnKeys = { readonly secret: string; readonly kekFile: string }
type Env = Readonly<Record<string, string | undefined>>

const LEVELS: ReadonlySet<string> = new Set(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

const fail = (name: string, says: string, fix: string): never => {
  throw new Error(`${name} ${says}: ${fix}`)
}

const url = (name: string, text: string, schemes: readonly string[], fix: string): URL => {
  const read = URL.canParse(text) ? new URL(text) : undefined
  return read !== undefined && schemes.includes(read.protocol) ? read : fail(name, 'is no such URL', fix)
}

const integer = (name: string, text: string, least: number, most: number): number =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
    ? Number(text)
    : fail(name, `is ${JSON.stringify(text)}`, `give a number from ${least} to ${most}`)

/** A public origin that is not this machine: people rely on it. */
export const isProduction = (env: Env): boolean => {
  const origin = env['PUBLIC_ORIGIN']
  return origin !== undefined && URL.canParse(origin) && !LOOPBACK.has(new URL(origin).hostname)
}

/**
 * Reads the environment. Every bad value throws an error that names the variable and says what to give; values themselves are not
 * repeated where they may be secret. `keys` stand in for `STUDIO_SECRET` and `PARAPET_KEK` on this machine only.
 */
export const readSettings = (env: Env, keys?: OwnKeys): Settings => {
  const production = isProduction(env)
  const given = (name: string): string | undefined => (env[name]?.trim() ? env[name]?.trim() : undefined)
  const needed = (name: string, otherwise: string | undefined, fix: string): string =>
    given(name) ?? (production || otherwise === undefined ? fail(name, 'is missing', fix) : otherwise)

  const port = integer('PORT', given('PORT') ?? '3000', 1, 65_535)
  const origin = url(
    'PUBLIC_ORIGIN',
    given('PUBLIC_ORIGIN') ?? `http://localhost:${port}`,
    ['http:', 'https:'],
    'give https://studio.example',
  )
  if (production && origin.protocol !== 'https:')
    fail('PUBLIC_ORIGIN', 'is plain http', 'passwords would travel in clear; give an https origin')
  if (origin.pathname !== '/' || origin.search !== '' || origin.username !== '')
    fail('PUBLIC_ORIGIN', 'has more than an origin', 'give scheme, host and port only, such as https://studio.example')

  const secret = needed('STUDIO_SECRET', keys?.secret, 'give 32 random bytes: openssl rand -base64 32')
  if (secret.length < 32 || new Set(secret).size < 12) fail('STUDIO_SECRET', 'is too weak', 'give 32 random bytes: openssl rand -base64 32')
  const kek = needed('PARAPET_KEK', keys === undefined ? undefined : `file:${keys.kekFile}`, 'give file:/path, vault:... or aws-kms:...')
  if (kek === secret || createHash('sha256').update(kek).digest().equals(createHash('sha256').update(secret).digest()))
    fail('PARAPET_KEK', 'is STUDIO_SECRET', 'give another one: what signs must not open sealed columns')

  const databaseUrl = given('DATABASE_URL')
  if (production && databaseUrl === undefined) fail('DATABASE_URL', 'is missing', 'give postgres://user:password@host/database')
  if (databaseUrl !== undefined)
    url('DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:'], 'give postgres://user:password@host/database')
  const smtpUrl = production ? needed('SMTP_URL', undefined, 'give smtps://user:password@host') : given('SMTP_URL')
  if (smtpUrl !== undefined) url('SMTP_URL', smtpUrl, ['smtp:', 'smtps:'], 'give smtps://user:password@host')

  const proxies = (given('TRUSTED_PROXIES') ?? '').split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
  const contact = needed('SECURITY_CONTACT', 'mailto:security@localhost', 'give mailto:security@studio.example')
  url('SECURITY_CONTACT', contact, ['mailto:', 'https:'], 'give mailto:security@studio.example or an https page')
  const [plane, token] = [given('PARAPET_URL'), given('PARAPET_TOKEN')]
  if ((plane === undefined) !== (token === undefined)) fail('PARAPET_URL and PARAPET_TOKEN', 'belong together', 'give both or neither')
  const logLevel = given('LOG_LEVEL') ?? (production ? 'info' : 'warn')
  if (!LEVELS.has(logLevel)) fail('LOG_LEVEL', `is ${JSON.stringify(logLevel)}`, `give one of ${[...LEVELS].join(', ')}`)

  const host = given('HOST') ?? '127.0.0.1'
  const samples = given('SAMPLES') ?? (production ? 'none' : 'people')
  if (samples !== 'none' && samples !== 'people' && samples !== 'attack')
    return fail('SAMPLES', `is ${JSON.stringify(samples)}`, 'give none, people or attack')
  if (samples !== 'none' && !LOOPBACK.has(host) && host !== '::1')
    fail('SAMPLES', 'are accounts with known passwords', 'give SAMPLES=none where HOST is reached by others')
  if (production && samples !== 'none') fail('SAMPLES', 'are accounts with known passwords', 'leave it out in production')

  return {
    host,
    port,
    publicOrigin: origin.origin,
    clientAddress: proxies.length === 0 ? 'direct' : { trusted: proxies },
    secret,
    kek: kekFromUri(kek, { env }),
    databaseUrl,
    smtpUrl,
    securityContact: contact,
    controlPlane: plane === undefined || token === undefined ? undefined : { url: plane, token },
    stepUpSeconds: integer('STEP_UP_SECONDS', given('STEP_UP_SECONDS') ?? (samples === 'attack' ? '20' : '600'), 1, 86_400),
    logLevel,
    samples,
    mailFrom: given('MAIL_FROM') ?? `Studio <no-reply@${origin.hostname}>`,
  }
}
