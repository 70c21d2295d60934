import { nearest, ParapetError } from '@parapet/core'
import { parse as parseYaml } from 'yaml'
import type { Account, RequestTemplate, Target } from './target.js'

/** Bytes of a target file. */
const LARGEST_FILE = 262_144
const LONGEST_TEXT = 4_096
const MOST_ITEMS = 200
const MOST_DEPTH = 20

/** Where something stands in the file: `signIn.request.path`. */
type At = string
type Read<T> = (value: unknown, at: At) => T
type Env = Readonly<Record<string, string | undefined>>

/** What was found, short and on one line: it may be a password, so texts are only said to be texts. */
const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return typeof value === 'number' || typeof value === 'boolean' ? `${typeof value} ${value}` : typeof value
}

const shown = (value: string): string => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)

const child = (at: At, key: string | number): At => (typeof key === 'number' ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`)

/** Builds the readers of one file; all throw `PPT_ATTACK_TARGET` with the file and the place in it. */
const createReaders = (file: string, env: Env) => {
  const refuse = (at: At, problem: string): never => {
    throw new ParapetError('PPT_ATTACK_TARGET', `${file}: ${at === '' ? 'the file' : at}: ${problem}`)
  }

  const text: Read<string> = (value, at) => {
    if (typeof value !== 'string') return refuse(at, `is ${kindOf(value)}; give a text${typeof value === 'number' ? ', in quotes' : ''}`)
    if (value === '') return refuse(at, 'is empty')
    return value.length > LONGEST_TEXT ? refuse(at, `is longer than ${LONGEST_TEXT} characters`) : value
  }

  const fields = (value: unknown, at: At): Readonly<Record<string, unknown>> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(at, `is ${kindOf(value)}; give a map`)
    return value as Readonly<Record<string, unknown>>
  }

  /** A map with these keys and no others; those that are not `required` may be left out. */
  const shape =
    <T>(readers: { readonly [K in keyof Required<T>]: Read<T[K]> }, required: readonly (keyof T & string)[] = []): Read<T> =>
    (value, at) => {
      const given = fields(value, at)
      const known = Object.keys(readers)
      for (const key of Object.keys(given)) {
        if (known.includes(key)) continue
        const meant = nearest(key, known)
        refuse(
          child(at, key.slice(0, 80)),
          `is not known${meant === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${meant}?`}`,
        )
      }
      for (const key of required) if (given[key] === undefined || given[key] === null) refuse(child(at, key), 'is missing')
      const result: Record<string, unknown> = {}
      for (const key of known as (keyof T & string)[]) {
        if (given[key] !== undefined && given[key] !== null) result[key] = readers[key](given[key], child(at, key))
      }
      return result as T
    }

  const list =
    <T>(item: Read<T>): Read<readonly T[]> =>
    (value, at) => {
      if (!Array.isArray(value)) return refuse(at, `is ${kindOf(value)}; give a list`)
      if (value.length > MOST_ITEMS) return refuse(at, `has ${value.length} items; at most ${MOST_ITEMS} are taken`)
      return value.map((each, i) => item(each, child(at, i)))
    }

  const oneOf =
    <T extends string>(...values: readonly T[]): Read<T> =>
    (value, at) =>
      values.find((known) => known === value) ??
      refuse(at, `is ${typeof value === 'string' ? shown(value) : kindOf(value)}; give ${values.join(' or ')}`)

  const path: Read<string> = (value, at) => {
    const given = text(value, at)
    if (!given.startsWith('/')) {
      return refuse(
        at,
        /^[a-z][a-z0-9+.-]*:/i.test(given)
          ? `leads to another origin: ${shown(given)}; give a path of the target`
          : `is ${shown(given)}; give an absolute path such as /sign-in`,
      )
    }
    if (/^\/[/\\]/.test(given)) return refuse(at, `leads to another origin: ${shown(given)}; give a path of the target`)
    return /^[\x21-\x7e]+$/.test(given) ? given : refuse(at, 'holds spaces or characters beyond ASCII; percent-encode them')
  }

  const secret: Read<string> = (value, at) => {
    if (typeof value !== 'object' || value === null) return text(value, at)
    const { env: name } = shape<{ env: string }>({ env: text }, ['env'])(value, at)
    const found = env[name]
    return found === undefined || found === ''
      ? refuse(at, `names the environment variable ${shown(name)}, which is not set`)
      : text(found, at)
  }

  const base32: Read<string> = (value, at) => {
    const given = secret(value, at)
      .replaceAll(/[\s=-]/g, '')
      .toUpperCase()
    return /^[A-Z2-7]{16,256}$/.test(given)
      ? given
      : refuse(at, 'is no secret of an authenticator; give 16 or more characters of base32 (A-Z, 2-7)')
  }

  const number =
    (least: number, most: number): Read<number> =>
    (value, at) =>
      typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most
        ? value
        : refuse(at, `is ${kindOf(value)}; give a number from ${least} to ${most}`)

  const flag: Read<boolean> = (value, at) => (typeof value === 'boolean' ? value : refuse(at, `is ${kindOf(value)}; give true or false`))

  const texts: Read<Readonly<Record<string, string>>> = (value, at) => {
    const entries = Object.entries(fields(value, at))
    if (entries.length > MOST_ITEMS) return refuse(at, `has ${entries.length} fields; at most ${MOST_ITEMS} are taken`)
    return Object.fromEntries(
      entries.map(([key, item]) => [
        key,
        typeof item === 'string' && item.length <= LONGEST_TEXT ? item : text(item, child(at, key.slice(0, 80))),
      ]),
    )
  }

  const json: Read<unknown> = (value, at) => {
    const look = (each: unknown, depth: number): void => {
      if (depth > MOST_DEPTH) refuse(at, `is nested deeper than ${MOST_DEPTH}`)
      if (typeof each === 'object' && each !== null) for (const inner of Object.values(each)) look(inner, depth + 1)
    }
    look(value, 0)
    return value
  }

  return { refuse, text, shape, list, oneOf, path, secret, base32, number, flag, texts, json }
}

const readHeaderName = (value: string): boolean => /^[a-z][a-z0-9-]{0,63}$/i.test(value)

const targetReader = (file: string, env: Env): Read<Target> => {
  const r = createReaders(file, env)
  const account = r.shape<Account>({ name: r.text, password: r.secret, totp: r.base32 }, ['name', 'password'])
  const withTotp: Read<Account> = (value, at) => {
    const read = account(value, at)
    return read.totp === undefined ? r.refuse(child(at, 'totp'), 'is missing; accounts under mfa have an authenticator') : read
  }
  /** A request whose blanks are all there: without its `{{password}}` a guess would not be one. */
  const template =
    (...blanks: readonly string[]): Read<RequestTemplate> =>
    (value, at) => {
      const read = r.shape<RequestTemplate>(
        { method: r.oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'), path: r.path, form: r.texts, json: r.json },
        ['path'],
      )(value, at)
      if (read.form !== undefined && read.json !== undefined) r.refuse(at, 'has form and json; give one of them')
      const all = JSON.stringify(read)
      for (const blank of blanks) if (!all.includes(`{{${blank}}}`)) r.refuse(at, `has no {{${blank}}}; the kit must know where it goes`)
      const unknown = /\{\{(?!(?:name|password|code|nonce)\}\})[^{}]{0,40}\}\}/.exec(all)?.[0]
      if (unknown !== undefined) r.refuse(at, `holds ${shown(unknown)}; the blanks are {{name}}, {{password}}, {{code}} and {{nonce}}`)
      return read
    }
  const origin: Read<string> = (value, at) => {
    const given = r.text(value, at)
    const parsed = URL.canParse(given) ? new URL(given) : undefined
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.origin !== given) {
      return r.refuse(at, `is ${shown(given)}; give scheme, host and port only, such as https://app.example`)
    }
    return given
  }
  const addresses: Read<NonNullable<Target['addresses']>> = (value, at) => {
    const read = r.shape<{ kind: 'forwarded' | 'loopback' | 'none'; header?: string }>(
      { kind: r.oneOf('forwarded', 'loopback', 'none'), header: r.text },
      ['kind'],
    )(value, at)
    if (read.kind !== 'forwarded')
      return read.header === undefined ? { kind: read.kind } : r.refuse(child(at, 'header'), 'goes with kind: forwarded')
    if (read.header === undefined)
      return r.refuse(child(at, 'header'), 'is missing; name the header that the proxy sets, such as x-forwarded-for')
    return readHeaderName(read.header)
      ? { kind: 'forwarded', header: read.header.toLowerCase() }
      : r.refuse(child(at, 'header'), 'is no name of a header')
  }
  type Parts = { readonly [K in keyof Target]-?: NonNullable<Target[K]> }
  const request = (...blanks: readonly string[]): Read<{ readonly request: RequestTemplate }> =>
    r.shape<{ readonly request: RequestTemplate }>({ request: template(...blanks) }, ['request'])
  const loosely = <T>(reader: unknown): Read<T> => reader as Read<T>

  return loosely(
    r.shape<Parts>({
      publicOrigin: origin,
      addresses,
      accounts: loosely(
        r.shape<Required<Parts['accounts']>>({ a: account, b: account, admin: account, spare: r.list(account), mfa: r.list(withTotp) }),
      ),
      signIn: loosely(
        r.shape<Required<Parts['signIn']>>(
          {
            page: r.path,
            request: template('name', 'password'),
            factor: template('code'),
            proof: r.path,
            cookie: r.text,
            signOut: template(),
            again: template(),
            graceMs: r.number(0, 60_000),
          },
          ['request', 'proof'],
        ),
      ),
      reset: request('name'),
      signUp: request('name', 'password'),
      pages: loosely(
        r.shape<Required<Parts['pages']>>({
          open: r.list(r.path),
          signedIn: r.list(r.path),
          admin: r.list(r.path),
          assets: r.list(r.path),
        }),
      ),
      objects: loosely(
        r.list(r.shape<Required<Parts['objects'][number]>>({ name: r.text, path: r.path, list: r.path, pattern: r.text }, ['name'])),
      ),
      signedLinks: loosely(
        r.list(
          r.shape<Required<Parts['signedLinks'][number]>>(
            { name: r.text, page: r.path, pattern: r.path, expired: r.list(r.path), needsSession: r.flag },
            ['name', 'page', 'pattern'],
          ),
        ),
      ),
      redirects: loosely(
        r.list(
          r.shape<Required<Parts['redirects'][number]>>({ path: r.path, parameter: r.text, at: r.oneOf('open', 'sign-in') }, [
            'path',
            'parameter',
          ]),
        ),
      ),
      writes: loosely(
        r.list((value: unknown, at: At) => {
          const read = r.shape<Required<Parts['writes'][number]>>({ name: r.text, request: template(), shows: r.path }, [
            'name',
            'request',
          ])(value, at)
          if (read.shows !== undefined && !JSON.stringify(read.request).includes('{{nonce}}')) {
            return r.refuse(child(at, 'request'), 'has no {{nonce}}; shows is searched for it')
          }
          return read
        }),
      ),
      stepUp: r.list(template()),
      stepUpSeconds: r.number(1, 90),
      echoes: loosely(r.list(r.shape<Required<Parts['echoes'][number]>>({ path: r.path, parameter: r.text }, ['path', 'parameter']))),
      reports: r.path,
    }),
  )
}

/**
 * Reads a target file (YAML). Strict: unknown keys, wrong shapes, relative paths, other origins and requests without their blanks are
 * refused with `PPT_ATTACK_TARGET`, the place in the file and what it takes. `password` and `totp` may be `{ env: NAME }`.
 */
export const readTarget = (yaml: string, file: string, env: Env): Target => {
  const read = targetReader(file, env)
  if (yaml.length > LARGEST_FILE) throw new ParapetError('PPT_ATTACK_TARGET', `${file}: is larger than ${LARGEST_FILE} bytes`)
  let document: unknown
  try {
    document = parseYaml(yaml, { maxAliasCount: 50, prettyErrors: true, logLevel: 'error' })
  } catch (cause) {
    const [message = ''] = (cause instanceof Error ? cause.message : '').split('\n', 1)
    throw new ParapetError('PPT_ATTACK_TARGET', `${file}: is no YAML: ${message.slice(0, 200)}`, { cause })
  }
  const target = read(document ?? {}, '')
  const names = [
    target.accounts?.a,
    target.accounts?.b,
    target.accounts?.admin,
    ...(target.accounts?.spare ?? []),
    ...(target.accounts?.mfa ?? []),
  ]
    .filter((account) => account !== undefined)
    .map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new ParapetError(
      'PPT_ATTACK_TARGET',
      `${file}: accounts: two accounts have one name; each probe that guesses needs one of its own`,
    )
  return target
}
