import { readFileSync } from 'node:fs'
import { ParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { FULL_TARGET } from '../fixtures/full-target.js'
import { fillRequest } from './fill.js'
import { readTarget } from './read-target.js'

const ENV = { PASSWORD: 'from the environment', SECRET: 'JBSWY3DPEHPK3PXP', EMPTY: '' }
const read = (yaml: string): ReturnType<typeof readTarget> => readTarget(yaml, 'attack.yml', ENV)

const problem = (yaml: string): string => {
  try {
    read(yaml)
  } catch (error) {
    expect(error).toBeInstanceOf(ParapetError)
    expect(error).toMatchObject({ code: 'PPT_ATTACK_TARGET' })
    return (error as Error).message
  }
  return 'it was read'
}

const SIGN_IN = `
signIn:
  request: { path: /sign-in, form: { email: '{{name}}', password: '{{password}}' } }
  proof: /api/me
`

describe('a target file', () => {
  it('is read with everything that it can declare', () => {
    expect(read(stringify(FULL_TARGET))).toEqual(FULL_TARGET)
  })

  it('is what the guide shows', () => {
    const guide = readFileSync(new URL('../../../../docs/guides/attack-your-application.md', import.meta.url), 'utf8')
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(guide) ?? []
    const env = { ANNA_PASSWORD: 'p1', BEN_PASSWORD: 'p2', ROOT_PASSWORD: 'p3' }
    expect(readTarget(yaml, 'guide.yml', env)).toMatchObject({ accounts: { a: { password: 'p1' } }, signIn: { proof: '/api/me' } })
    // what the table of keys names is what the reader knows
    for (const [, key = ''] of guide.matchAll(/^\| `(\w+)`/gm)) expect(problem(`${key}: 1`)).not.toContain('is not known')
  })

  it('may declare nothing at all', () => {
    for (const yaml of ['', '{}', '# nothing yet\n', '---\n']) expect(read(yaml)).toEqual({})
  })

  it('takes passwords and authenticator secrets from the environment', () => {
    const yaml = 'accounts:\n  mfa:\n    - { name: m, password: { env: PASSWORD }, totp: { env: SECRET } }\n'
    expect(read(yaml).accounts?.mfa).toEqual([{ name: 'm', password: ENV.PASSWORD, totp: ENV.SECRET }])
  })

  it('takes authenticator secrets as apps show them: in groups, in small letters, padded', () => {
    expect(read("accounts: { a: { name: a, password: p, totp: 'jbsw y3dp ehpk 3pxp==' } }").accounts?.a?.totp).toBe('JBSWY3DPEHPK3PXP')
  })

  it('writes the name of a header small, as it is compared', () => {
    expect(read('addresses: { kind: forwarded, header: X-Forwarded-For }').addresses).toEqual({
      kind: 'forwarded',
      header: 'x-forwarded-for',
    })
  })
})

describe('a target file is refused, with the place and what it takes, for', () => {
  it.each<[string, string, string, string]>([
    ['an unknown key', 'acounts: {}', 'acounts', 'did you mean accounts?'],
    ['an unknown key below', `${SIGN_IN}  prof: /x`, 'signIn.prof', 'did you mean proof?'],
    ['a list where a map belongs', 'accounts: []', 'accounts', 'is a list; give a map'],
    ['a map where a list belongs', 'pages: { open: { a: /x } }', 'pages.open', 'is a map; give a list'],
    ['a text where a map belongs', 'just text', 'the file', 'is a text; give a map'],
    ['a number where a text belongs', 'accounts: { a: { name: a, password: 12345 } }', 'accounts.a.password', 'give a text, in quotes'],
    ['an empty text', "accounts: { a: { name: '', password: p } }", 'accounts.a.name', 'is empty'],
    ['an account without a password', 'accounts: { a: { name: a } }', 'accounts.a.password', 'is missing'],
    ['an mfa account without its secret', 'accounts: { mfa: [{ name: a, password: p }] }', 'accounts.mfa[0].totp', 'is missing'],
    ['a secret that is no base32', 'accounts: { a: { name: a, password: p, totp: not-base32-at-all! } }', 'accounts.a.totp', 'base32'],
    ['a relative path', 'pages: { open: [index.html] }', 'pages.open[0]', 'give an absolute path'],
    ['another origin', 'pages: { open: [https://evil.example/x] }', 'pages.open[0]', 'another origin'],
    ['another origin without a scheme', 'pages: { open: [//evil.example/x] }', 'pages.open[0]', 'another origin'],
    ['another origin with a backslash', String.raw`pages: { open: ['/\evil.example'] }`, 'pages.open[0]', 'another origin'],
    ['a path with a space', "reports: '/a b'", 'reports', 'percent-encode'],
    ['a path with a line end', 'reports: "/a\\nb"', 'reports', 'percent-encode'],
    ['a sign-in without a password', SIGN_IN.replace('{{password}}', 'secret'), 'signIn.request', '{{password}}'],
    ['a sign-in without a name', SIGN_IN.replace('{{name}}', 'anna'), 'signIn.request', '{{name}}'],
    ['a second step without a code', `${SIGN_IN}  factor: { path: /code, form: { code: x } }`, 'signIn.factor', '{{code}}'],
    ['a blank that nobody fills', `${SIGN_IN}  signOut: { path: '/out?t={{token}}' }`, 'signIn.signOut', '{{token}}'],
    ['form and json at once', 'stepUp: [{ path: /x, form: { a: b }, json: {} }]', 'stepUp[0]', 'form and json'],
    ['a method nobody uses', 'stepUp: [{ path: /x, method: TRACE }]', 'stepUp[0].method', 'GET or POST'],
    ['a public origin with a path', 'publicOrigin: https://app.example/app', 'publicOrigin', 'scheme, host and port only'],
    ['a public origin that is none', 'publicOrigin: javascript:alert(1)', 'publicOrigin', 'scheme, host and port only'],
    ['a forwarding header without a name', 'addresses: { kind: forwarded }', 'addresses.header', 'is missing'],
    ['a header where none belongs', 'addresses: { kind: none, header: x-forwarded-for }', 'addresses.header', 'goes with kind: forwarded'],
    ['a header that is none', 'addresses: { kind: forwarded, header: "x: y" }', 'addresses.header', 'no name of a header'],
    ['a write whose trace nobody can find', 'writes: [{ name: w, request: { path: /w }, shows: /w }]', 'writes[0].request', '{{nonce}}'],
    ['a wait beyond its bound', 'stepUpSeconds: 91', 'stepUpSeconds', 'from 1 to 90'],
    [
      'an environment variable that is not set',
      'accounts: { a: { name: a, password: { env: NOPE } } }',
      'accounts.a.password',
      '"NOPE", which is not set',
    ],
    ['an environment variable that is empty', 'accounts: { a: { name: a, password: { env: EMPTY } } }', 'accounts.a.password', 'not set'],
    ['two accounts of one name', 'accounts: { a: { name: x, password: p }, spare: [{ name: x, password: q }] }', 'accounts', 'one name'],
    ['broken YAML', 'a: [', 'attack.yml', 'is no YAML'],
    ['one key twice', 'reports: /a\nreports: /b', 'attack.yml', 'is no YAML'],
  ])('%s', (_name, yaml, at, says) => {
    const message = problem(yaml)
    expect(message).toContain('attack.yml: ')
    expect(message).toContain(at)
    expect(message).toContain(says)
  })

  it('more than it can need: size, items, depth, aliases', () => {
    expect(problem('x'.repeat(300_000))).toContain('larger than')
    expect(problem(stringify({ pages: { open: Array.from({ length: 201 }, () => '/x') } }))).toContain('at most 200')
    expect(problem(stringify({ stepUp: [{ path: '/x', json: JSON.parse(`${'['.repeat(30)}1${']'.repeat(30)}`) as unknown }] }))).toContain(
      'nested deeper',
    )
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'b c d e f g h i'
      .split(' ')
      .map((name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[i]}`).join(',')}]`)
      .join('\n')}`
    expect(problem(bomb)).toContain('no YAML')
  })

  it('never with a password in the message', () => {
    expect(problem("accounts: { a: { name: a, password: { env: 'PASSWORD', more: 'hunter2' } } }")).not.toContain('hunter2')
    expect(problem('accounts: { a: { name: a, password: p, totp: hunter2 } }')).not.toContain('hunter2')
  })

  it('nothing but this error, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 6 }), fc.string({ maxLength: 200 })), (text) => {
        const message = problem(text)
        expect(message === 'it was read' || message.includes('attack.yml')).toBe(true)
      }),
      { seed: 31, numRuns: 300 },
    )
  })

  it('a declared value of any wrong kind, at any place', () => {
    const names = Object.keys(FULL_TARGET)
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom<unknown>(1, true, 'text', [1], { x: 1 }, [[]], [{ name: 5 }]),
        (name, value) => {
          // `reports` is a text, `stepUpSeconds` a number
          fc.pre(!(name === 'stepUpSeconds' && value === 1))
          expect(problem(stringify({ ...FULL_TARGET, [name]: value }))).toContain(name)
        },
      ),
      { seed: 32, numRuns: 200 },
    )
  })
})

describe('a request of a target file', () => {
  it('is filled in, in forms, in JSON at any depth and percent-encoded in paths', () => {
    const blanks = { name: 'a b', password: 'p&q', nonce: 'n1' }
    expect(
      fillRequest({ path: '/u/{{name}}?n={{nonce}}', form: { who: '{{name}}', pass: '{{password}}{{nonce}}' } }, blanks, { token: 't' }),
    ).toEqual({
      method: 'POST',
      path: '/u/a%20b?n=n1',
      form: { token: 't', who: 'a b', pass: 'p&qn1' },
    })
    expect(fillRequest({ method: 'PUT', path: '/x', json: { a: ['{{name}}', 1, null, { b: '{{password}}' }] } }, blanks)).toEqual({
      method: 'PUT',
      path: '/x',
      json: { a: ['a b', 1, null, { b: 'p&q' }] },
    })
  })

  it('leaves a blank that nobody fills, fills each once, and reads without a body by GET', () => {
    expect(fillRequest({ path: '/x?c={{code}}' }, {})).toEqual({ method: 'GET', path: '/x?c={{code}}' })
    expect(fillRequest({ path: '/', form: { a: '{{name}}' } }, { name: '{{password}}', password: 'p' }).form).toEqual({ a: '{{password}}' })
  })

  it('takes replacement patterns for text', () => {
    expect(fillRequest({ path: '/', form: { a: '{{password}}' } }, { password: "$& $' $1" }).form).toEqual({ a: "$& $' $1" })
  })
})
