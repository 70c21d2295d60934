import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readRuleFile } from '../schema.js'
import type { Found } from '../scan/candidate.js'
import { compileRules } from '../scan/compile-rules.js'
import { createTextPass } from '../scan/text-pass.js'
import { createTextUnits } from '../scan/text-units.js'
import type { MaskRule } from '../types.js'
import { randomTexts } from './fixtures/benign-texts.js'

const FOLDER = new URL('../../../rules/secrets/', import.meta.url)
/** Formats that belong to no provider (JWT, PEM, headers, URLs) stand in a file of their own with its own tests. */
const GENERIC = 'generic.yml'

type File = { readonly name: string; readonly text: string; readonly rules: readonly MaskRule[] }

const files: readonly File[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yml') && name !== GENERIC)
  .toSorted()
  .map((name) => {
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    return { name, text, rules: readRuleFile(text, name) }
  })
const rules = files.flatMap((file) => file.rules)
const certain = rules.filter(({ confidence }) => confidence === 'high')
const inContext = rules.filter(({ confidence }) => confidence !== 'high')
const literalsOf = (rule: MaskRule): readonly string[] => (rule.trigger.kind === 'literal' ? rule.trigger.literals : [])

type Hit = { readonly rule: string; readonly value: string; readonly start: number; readonly end: number }

/** Finds what these rules find, without key names, so that nothing else lends a hand. */
const finderOf = (some: readonly MaskRule[]): ((text: string) => readonly Hit[]) => {
  const pass = createTextPass({
    compiled: compileRules(some, [], false),
    classify: (): Found | undefined => undefined,
    workPerUnit: 64,
    replace: ({ id }) => `[${id}]`,
    markOf: () => undefined,
    count: () => {},
  })
  const units = createTextUnits()
  return (text) => pass.find(units.read(text)).map(({ what, start, end }) => ({ rule: what.id, value: text.slice(start, end), start, end }))
}
const findAll = finderOf(rules)
const findCertain = finderOf(certain)

describe('rules for secrets', () => {
  it('knows at least 200 formats that are recognised without any context', () => {
    expect(certain.length).toBeGreaterThanOrEqual(200)
    expect(new Set(certain.map(({ pattern }) => pattern)).size).toBe(certain.length)
    expect(rules.length).toBeGreaterThan(certain.length)
  })

  it('keeps one file a provider, named once, with a page that documents the format', () => {
    const providers = files.map(({ rules: [first] }) => first?.provider)
    expect(providers.filter((provider, at) => provider === undefined || providers.indexOf(provider) !== at)).toEqual([])
    const broken = rules.filter(
      ({ reference }) => reference === undefined || !URL.canParse(reference) || new URL(reference).protocol !== 'https:',
    )
    expect(broken.map(({ id }) => id)).toEqual([])
    expect(files.filter(({ name }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*\.yml$/.test(name)).map(({ name }) => name)).toEqual([])
  })

  it('names every rule once, and only secrets', () => {
    const ids = rules.map(({ id }) => id)
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
    expect(rules.filter(({ kind }) => kind !== 'secret').map(({ id }) => id)).toEqual([])
    const titles = rules.map(({ title }) => title)
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
  })

  it('gives each rule two texts that hold a secret and two that come close, none of them twice', () => {
    expect(rules.filter(({ match, noMatch }) => match.length < 2 || noMatch.length < 2).map(({ id }) => id)).toEqual([])
    const texts = rules.flatMap(({ match }) => match)
    expect(texts.filter((text, at) => texts.indexOf(text) !== at)).toEqual([])
  })

  it('finds a secret in JSON, in an escaped line, in quotes, in brackets and at either end of the text', () => {
    const tokens: Readonly<Record<string, string>> = {
      'github-personal-access-token': `ghp_${'a1B2c3D4e5F6'.repeat(3)}`,
      'stripe-live-secret-key': `sk_live_${'Zy9Xw8Vu7T'.repeat(3)}`,
      'digitalocean-personal-access-token': `dop_v1_${'0f1e2d3c'.repeat(8)}`,
      'anthropic-api-key': `sk-ant-api03-${'aB3-_x'.repeat(15)}AAA`,
    }
    const places: readonly ((token: string) => string)[] = [
      (token) => token,
      (token) => `${token} `,
      (token) => JSON.stringify({ message: `line one\n${token}\nline three` }),
      (token) => JSON.stringify({ message: JSON.stringify({ token }) }),
      (token) => `'${token}','next'`,
      (token) => `(${token})`,
      (token) => `<key>${token}</key>`,
      (token) => `https://user:${token}@example.com/path`,
      (token) => `a=1&t=${token}&b=2`,
      (token) => `${token}, ${token}; ${token}.`,
    ]
    for (const [rule, token] of Object.entries(tokens))
      for (const place of places) {
        const text = place(token)
        const found = findCertain(text).filter((hit) => hit.rule === rule)
        expect(
          found.map(({ value }) => value),
          text,
        ).toEqual(Array.from({ length: text.split(token).length - 1 }, () => token))
      }
  })

  it('leaves 20,000 random digests, ids, URLs, versions, blobs and words alone', { timeout: 60_000 }, () => {
    const texts = randomTexts(20_000)
    expect(texts.length).toBe(20_000)
    const hits = texts.flatMap((text) => findCertain(text).map(({ rule, value }) => `${rule}: ${value}`))
    expect(hits).toEqual([])
  })

  it('takes a secret without a prefix of its own only next to a name: the same values alone are left', { timeout: 60_000 }, () => {
    const hits = randomTexts(4000).flatMap((text) => findAll(text).map(({ rule, value }) => `${rule}: ${value}`))
    expect(hits).toEqual([])
    for (const rule of inContext)
      for (const text of rule.match) {
        const values = findAll(text).map(({ value }) => value.toLowerCase())
        expect(values.length, `${rule.id}: ${text}`).toBeGreaterThan(0)
        for (const literal of literalsOf(rule))
          expect(
            values.some((value) => value.includes(literal)),
            `${rule.id} hides its name`,
          ).toBe(false)
      }
  })

  it('starts at literals that ordinary lines hardly ever hold', () => {
    const literals = new Set(rules.flatMap(literalsOf).map((literal) => literal.toLowerCase()))
    const common = [
      'key',
      'token',
      'secret',
      'live_',
      'test_',
      'sk-',
      'sk_',
      'pk.',
      'pk_',
      'api',
      'auth',
      'bearer',
      'password',
      'http',
      'key-',
      'api-',
      'token=',
    ]
    expect(common.filter((word) => literals.has(word))).toEqual([])
    expect([...literals].filter((literal) => literal.length < 3 && literal !== 'q~')).toEqual([])

    const lines = ORDINARY.join('\n').toLowerCase()
    let hits = 0
    for (const literal of literals) hits += lines.split(literal).length - 1
    expect(hits / lines.length).toBeLessThan(1 / 500)
  })
})

const ORDINARY: readonly string[] = [
  '203.0.113.7 - - [14/Mar/2026:09:26:53 +0000] "GET /assets/app-3f9c1d.css?v=12 HTTP/1.1" 304 0 "https://shop.example/cart" "Mozilla/5.0 (X11; Linux x86_64)"',
  '{"level":30,"time":1773480413000,"pid":4711,"hostname":"web-7d9f8c6b5-x2x9z","reqId":"req-81","req":{"method":"POST","url":"/api/orders"},"msg":"incoming request"}',
  '{"level":30,"time":1773480413042,"reqId":"req-81","res":{"statusCode":201},"responseTime":41.83,"msg":"request completed"}',
  'Mar 14 09:26:53 bastion sshd[2211]: Accepted publickey for deploy from 198.51.100.4 port 50022 ssh2: ED25519 SHA256:9x1ZqkW0',
  '2026-03-14 09:26:53.127 UTC [312] LOG:  checkpoint complete: wrote 482 buffers (2.9%); 0 WAL file(s) added, 0 removed, 1 recycled',
  'TypeError: Cannot read properties of undefined (reading "items") at renderCart (/srv/app/dist/cart.js:118:24) at process.processTicksAndRejections',
  'npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported; added 412 packages, and audited 413 packages in 9s',
  'I0314 09:26:53.551234       1 reconciler.go:224] "operationExecutor started for volume" pod="default/api-6b7c" node="ip-10-0-3-17.eu-west-1.compute.internal"',
  'kernel: [81234.551] EXT4-fs (nvme0n1p1): re-mounted. Opts: errors=remount-ro. Quota mode: none. audit: type=1400 apparmor="STATUS"',
  'INFO  o.s.b.w.e.tomcat.TomcatWebServer : Tomcat started on port 8080 (http) with context path "/" in 3.214 seconds (process running for 3.9)',
  'scheduler: job nightly-report took 00:03:12, next run at 2026-03-15T02:00:00+01:00 Europe/Berlin; 3 attempts left, backoff 250ms',
  'user 8c1f2c0e-5a8e-4d1b-9c55-0e9a8f3a1b77 added item SKU-99213 (qty 2, EUR 49.90) to basket 01HS3Z5T1Q8Y6W4R2P0N9M7K5J',
  'git: HEAD is now at 9fceb02 Fix the rounding of totals; Compressing objects: 100% (18/18), done. remote: Resolving deltas: 100% (9/9)',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 x-request-id: 5f2c7d1e cache: HIT age: 512 etag: W/"5e0-18c1d7c2f40"',
]
