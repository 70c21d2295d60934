import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isParapetError } from '@parapet/core'
import { generateLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, readBy, TIME } from '../fixtures/hostile-text.js'
import { compileMapping } from './compile-mapping.js'

const APP = join(import.meta.dirname, '../../../../../bench/app-log-mapping.yml')
const line = (record: unknown): string => JSON.stringify(record)

describe('a mapping', () => {
  const parser = compileMapping(`
name: shop
time: {field: when, format: unix_ms}
type: what
guess: false
fields:
  who.login: user.name
  who.roles: labels.roles
  'hops.0.addr': source.ip
  took: {to: event.duration, unit: ms}
  ok: {to: event.outcome, values: {'yes': success, 'no': failure}}
  ask: request.line
events:
  signin: {category: authentication, action: login}
  boom: {category: application, action: crash, outcome: failure, reason: out_of_memory}
  '*': {category: application, action: other}
static:
  service.name: shop
  labels.tier: 3
`)

  it('says where each field stands, reaches into objects and lists, and turns values', () => {
    expect(
      readBy(
        parser,
        line({
          when: TIME,
          what: 'signin',
          who: { login: 'alice', roles: ['a', 'b', { c: 1 }] },
          hops: [{ addr: '198.18.0.1:80' }],
          took: 2.5,
          ok: 'no',
          ip: '10.0.0.1',
        }),
      ),
    ).toEqual({
      '@timestamp': TIME,
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.dataset': 'shop',
      'source.ip': '198.18.0.1',
      'user.name': 'alice',
      'event.duration': 2_500_000,
      'labels.event_type': 'signin',
      'labels.roles': ['a', 'b'],
      'service.name': 'shop',
      'labels.tier': 3,
    })
  })

  it('says what kinds of events mean, and what all others do', () => {
    expect(readBy(parser, line({ when: TIME, what: 'boom' }))).toMatchObject({
      'event.action': 'crash',
      'event.outcome': 'failure',
      'event.reason': 'out_of_memory',
    })
    expect(readBy(parser, line({ when: TIME, what: 'login_failed' }))).toMatchObject({
      'event.action': 'other',
      'event.outcome': 'unknown',
    })
    expect(readBy(parser, line({ when: TIME, ask: 'GET /a?b HTTP/1.1' }))).toMatchObject({
      'url.path': '/a',
      'url.query': 'b',
      'http.request.method': 'GET',
    })
  })

  it('keeps one shape for all its events', () => {
    const shapes = [{ when: TIME }, { when: TIME, what: 'boom', who: { login: 'x' } }, { when: TIME, what: 'signin', ok: 'yes' }].map(
      (one) => Object.keys(readBy(parser, line(one))).join(),
    )
    expect(new Set(shapes).size).toBe(1)
  })

  it('leaves names that it does not state to what logs have in common, unless it says not to', () => {
    const guessing = compileMapping('fields: {address: source.ip}')
    expect(readBy(guessing, line({ ts: '2026-11-20T03:04:05Z', address: '198.18.0.1', ip: '10.0.0.1', user: 'a' }))).toMatchObject({
      'source.ip': '198.18.0.1',
      'user.name': 'a',
    })
    const strict = compileMapping('{time: ts, fields: {address: source.ip}, guess: false}')
    expect(readBy(strict, line({ ts: '2026-11-20T03:04:05Z', ip: '10.0.0.1', user: 'a' }))['user.name']).toBeUndefined()
  })

  it('reads logfmt as well', () => {
    expect(
      readBy(compileMapping('{format: logfmt, name: go, fields: {addr: source.ip}}'), 'ts=2026-11-20T03:04:05Z addr=198.18.0.1 msg="a b"'),
    ).toMatchObject({
      'event.dataset': 'go',
      'source.ip': '198.18.0.1',
      message: 'a b',
    })
  })

  it.each([
    ['iso', '2026-11-20T03:04:05Z', TIME],
    ['iso', '2026-11-20 03:04:05.250', TIME + 250],
    ['iso', '2026-11-20 03:04:05,250', TIME + 250],
    ['iso', 1_795_143_845, undefined],
    ['unix', 1_795_143_845, TIME],
    ['unix', '1795143845.25', TIME + 250],
    ['unix_ms', TIME, TIME],
    ['unix_us', TIME * 1000, TIME],
    ['unix_ns', TIME * 1e6, TIME],
    ['unix', 'x', undefined],
    ['unix', '', undefined],
    ['common', '20/Nov/2026:04:04:05 +0100', TIME],
    ['common', '[20/Nov/2026:03:04:05 +0000]', TIME],
    ['auto', TIME, TIME],
    ['auto', '1795143845', TIME],
    ['auto', '20/Nov/2026:03:04:05 +0000', TIME],
    ['auto', 'today', undefined],
  ])('reads a time as %s: %j', (format, value, time) => {
    expect(compileMapping(`time: {field: w, format: ${format}}`).parse(line({ w: value, msg: 'x' }), context)?.['@timestamp']).toBe(time)
  })
})

describe("the mapping of testkit's application log", () => {
  const parser = compileMapping(readFileSync(APP, 'utf8'), APP)

  it('reads every line of it', () => {
    const log = generateLog({ kind: 'app', lines: 3_000, attack: 0.3, seed: 4 })
    const actions = new Map<string, number>()
    for (const text of log.lines) {
      const said = JSON.parse(text) as Record<string, unknown>
      const event = readBy(parser, text)
      expect(event).toMatchObject({
        '@timestamp': Date.parse(String(said['ts'])),
        'source.ip': said['ip'],
        'user.name': said['user'],
        'user_agent.original': said['ua'],
        'source.geo.location.lat': said['lat'],
      })
      const key = `${event['event.category']} ${event['event.action']} ${event['event.outcome']}`
      actions.set(key, (actions.get(key) ?? 0) + 1)
    }
    expect([...actions.keys()].toSorted()).toEqual([
      'authentication login failure',
      'authentication login success',
      'web http-request success',
    ])
  })

  it('costs little more than JSON.parse alone', () => {
    const lines = [...generateLog({ kind: 'app', lines: 20_000, attack: 0.05, seed: 4 }).lines]
    const cost = (work: (text: string) => unknown): number => {
      const spent = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage()
        for (const text of lines) work(text)
        return process.cpuUsage(before).user
      })
      return Math.min(...spent)
    }
    const alone = cost((text) => JSON.parse(text) as unknown)
    const whole = cost((text) => parser.parse(text, context))
    console.log(
      `mapping: ${Math.round((lines.length / whole) * 1e3)} k events per CPU-second, ${(whole / alone).toFixed(2)} times JSON.parse`,
    )
    // 2.5 to 3.3 when it was written; a machine that is shared adds to both
    expect(whole / alone).toBeLessThan(5)
  })
})

describe('a mapping that cannot be used', () => {
  it.each([
    ['', 'm.yml:1: the file is empty'],
    ['a: [', 'm.yml:1: not YAML'],
    ['- a', 'm.yml:1: a mapping must be a mapping'],
    ['name: a\n---\nname: b', 'm.yml:3: a file holds one mapping'],
    ['\nfield: {}', 'm.yml:2: a mapping has no field "field"'],
    ['name: Shop', 'm.yml:1: name takes lower case'],
    ['format: xml', 'm.yml:1: format is "xml"; it takes json, logfmt'],
    ['time: {field: t, format: stardate}', 'm.yml:1: format is "stardate"; it takes auto, iso'],
    ['fields:\n  ip: source_ip', 'm.yml:2: "source_ip" is no field of events; did you mean source.ip?'],
    ['fields:\n  ip: sauce', 'write it as labels.NAME'],
    ['fields:\n  a..b: source.ip', 'm.yml:2: "a..b" is no path'],
    ['fields:\n  a.b.c.d.e.f.g.h.i: source.ip', 'deeper than 8 levels'],
    ['fields:\n  t: "@timestamp"', 'm.yml:2: @timestamp is set by "time"'],
    ['fields:\n  t: event.dataset', 'is set by "name"'],
    ['fields:\n  a: {unit: ms}', 'm.yml:2: field "a" needs "to"'],
    ['fields:\n  a: {to: source.ip, unit: ms}', 'unit takes s, ms, us or ns'],
    ['fields:\n  a: {to: event.duration, unit: h}', 'unit takes s, ms, us or ns'],
    ['fields:\n  a: {to: source.ip, from: b}', 'm.yml:2: field "a" has no field "from"'],
    ['fields:\n  a: [source.ip]', 'm.yml:2: field "a" must be a mapping'],
    ['events:\n  a: {action: login}', 'm.yml:2: event "a" needs a category and an action'],
    ['events:\n  a: {category: b, action: c, outcome: maybe}', 'outcome is "maybe"; it takes success, failure, unknown'],
    ['static:\n  service.name: [a]', 'must be a single value'],
    ['guess: perhaps', 'm.yml:1: guess is "perhaps"'],
    [`fields:\n${Array.from({ length: 200 }, (_, i) => `  a${i}: labels.a${i}`).join('\n')}`, 'fields holds at most 128'],
  ])('%j names file, line and reason', (text, reason) => {
    expect(() => compileMapping(text, 'm.yml')).toThrow(
      expect.objectContaining({ code: 'PPT_MAPPING_INVALID', detail: expect.stringContaining(reason) as string }),
    )
  })

  it('is refused with no other error, whatever its text', () => {
    const words = fc.constantFrom(
      'name',
      'fields',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      '&a',
      '*a',
      'events',
      'time',
      'source.ip',
      '"',
      '__proto__',
      'null',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 20 }).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            compileMapping(text).parse('{"ts":1795143845,"msg":"x"}', context)
          } catch (error) {
            if (!isParapetError(error) || error.code !== 'PPT_MAPPING_INVALID') throw error
          }
        },
      ),
      { seed: 20_261_122 },
    )
  })
})

describe('hostile records', () => {
  it('give an event with the fields of the mapping, or none', () => {
    const parser = compileMapping('{time: t, fields: {a.b: user.name, c: source.ip, d.0: labels.d}}')
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 't', '__proto__', 'constructor'), fc.jsonValue({ maxDepth: 3 })),
        (value, record) => {
          for (const text of [
            line(value),
            line({ t: 1_795_143_845, ...record }),
            line({ ...record, t: 1_795_143_845, a: value, d: value }),
          ]) {
            const event = parser.parse(text, context)
            if (event === undefined) continue
            expect(Number.isSafeInteger(event['@timestamp'])).toBe(true)
            for (const field of Object.values(event)) expect(['string', 'number', 'boolean', 'undefined', 'object']).toContain(typeof field)
            expect(event['user.name'] === undefined || typeof event['user.name'] === 'string').toBe(true)
          }
        },
      ),
      { seed: 20_261_122 },
    )
    expect(parser.parse(`{"t":1795143845,"a":${'{"b":'.repeat(1_000)}1${'}'.repeat(1_000)}}`, context)?.['@timestamp']).toBe(TIME)
  })
})
