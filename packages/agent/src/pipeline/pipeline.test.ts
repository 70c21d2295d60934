import type { Alert, SecurityEvent } from '@parapet/core'
import { builtinRules, compileRules, createEngine } from '@parapet/detect'
import { createMasker } from '@parapet/privacy'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAlertQueue } from './alert-queue.js'
import { eventId } from './event-id.js'
import { hostRules } from './host-rules.js'
import { createMaskEvent } from './masked.js'
import { createPipeline, type PipelineDeps, type WaitingAlert } from './pipeline.js'

fc.configureGlobal({ seed: 20_261_122 })

const setup = (over: Partial<PipelineDeps> = {}) => {
  const sent: SecurityEvent[] = []
  const alerts: WaitingAlert[] = []
  const stuck: { why: string | null } = { why: null }
  const pipeline = createPipeline({
    engine: undefined,
    send: (event) => void sent.push(event),
    spool: {
      mark: () => ({ urgent: sent.length, ordinary: 0 }),
      stats: () => ({ events: 0, bytes: 0, oldestAt: null, dropped: 0, damagedBytes: 0, stuck: stuck.why }),
    },
    mask: (event) => event,
    clock: () => Date.UTC(2026, 10, 22, 12),
    host: 'web-1',
    datasets: [],
    utcOffsetMinutes: 0,
    onAlert: (waiting) => void alerts.push(waiting),
    ...over,
  })
  return { pipeline, sent, alerts, stuck }
}
const failed = (n: number): string =>
  `Nov 22 11:00:${String(n).padStart(2, '0')} web-1 sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2`
const origin = { id: 'a', born: 1 }

describe('ids of events', () => {
  it('are those of the place and the text, and UUIDs', () => {
    const one = eventId(origin, 10, 'x')
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(eventId(origin, 10, 'x')).toBe(one)
    for (const other of [
      eventId(origin, 11, 'x'),
      eventId(origin, 10, 'y'),
      eventId({ ...origin, id: 'b' }, 10, 'x'),
      eventId(origin, 10, 'x', 1),
    ])
      expect(other).not.toBe(one)
  })

  it('differ wherever anything differs', () => {
    const place = fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 5_000 }), fc.string({ maxLength: 3 }))
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [one, two] = [a, b].map(([id, offset, text]) => eventId({ id, born: 1 }, offset, text))
        expect(one === two).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
  })

  it('grow with the file in their front, as an index likes it', () => {
    const fronts = [0, 1_000_000, 2_000_000].map((offset) => eventId({ id: 'a', born: 1_700_000_000_000 }, offset, 'x').slice(0, 13))
    expect(fronts.toSorted()).toEqual(fronts)
    expect(new Set(fronts).size).toBe(3)
  })
})

describe('the pipeline', () => {
  it('makes events of lines in the format that it finds, and counts what it does not know', () => {
    const { pipeline, sent } = setup()
    const channel = pipeline.open('file:/x', 'auto')
    channel.lines(
      [failed(1), '', 'Nov 22 11:00:02 web-1 CRON[2]: (root) CMD (x)', 'what is this'].map((text, offset) => ({ text, offset })),
      origin,
    )
    expect(sent.find((event) => event['event.dataset'] === 'sshd')).toMatchObject({ 'source.ip': '203.0.113.9', 'host.name': 'web-1' })
    expect(channel.health()).toMatchObject({ lines: 4, unknown: 1 })
    expect(channel.health().format).not.toBeNull()
  })

  it('gives the format another chance while nobody knows it', () => {
    const { pipeline, sent } = setup()
    const channel = pipeline.open('file:/x', 'auto')
    channel.lines([{ text: 'a banner that nobody knows', offset: 0 }], origin)
    expect(channel.health()).toMatchObject({ format: null, unknown: 1 })
    channel.lines([{ text: failed(1), offset: 30 }], origin)
    expect(sent).toHaveLength(1)
  })

  it('goes on when a rule throws, and counts it', () => {
    const { pipeline, sent } = setup({
      engine: {
        process: () => {
          throw new Error('a rule')
        },
      },
    })
    pipeline.open('x', 'sshd').lines([{ text: failed(1), offset: 0 }], origin)
    expect(sent).toHaveLength(1)
    expect(pipeline.counts()).toMatchObject({ events: 1, failures: 1 })
  })

  it('has no room while the disk takes nothing, and lets who waits go on when it does', async () => {
    const { pipeline, stuck } = setup()
    stuck.why = 'ENOSPC'
    expect(pipeline.hasRoom()).toBe(false)
    let through = false
    const wait = async (): Promise<void> => {
      await pipeline.room()
      through = true
    }
    const waiting = wait()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(through).toBe(false)
    stuck.why = null
    await waiting
    expect(through).toBe(true)
  })
})

describe('what leaves the host', () => {
  it('is masked in its texts, and the event that the rules saw stays as it was', () => {
    const mask = createMaskEvent(createMasker().content)
    const event: SecurityEvent = {
      '@timestamp': 1,
      'user.name': 'ann',
      'source.ip': '203.0.113.9',
      'process.command_line': 'mysql -u root --password=Tr0ub4dor-and-3 shop',
      'url.query': 'token=sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    }
    for (let i = 0; i < 2; i++) {
      const out = mask(event)
      expect(JSON.stringify(out)).not.toMatch(/Tr0ub4dor|4eC39HqLyjWDarjtT1zdp7dc/)
      expect(out).toMatchObject({ 'user.name': 'ann', 'source.ip': '203.0.113.9' })
    }
    expect(event['process.command_line']).toContain('Tr0ub4dor')
    const plain: SecurityEvent = { '@timestamp': 1, message: 'nothing to hide' }
    expect(mask(plain)).toBe(plain)
  })
})

describe('rules that one host decides', () => {
  const compile = (text: string) => compileRules([{ file: 'x.yml', text }]).rules
  const BASE = `title: A failed sign-in
id: base
name: failed
logsource: { service: sshd }
detection:
  selection: { event.outcome: failure }
  condition: selection
level: low
---
`
  const count = (name: string, condition: string): string => `title: ${name}
id: ${name}
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 10m
  condition: ${condition}
level: medium
---
`

  it('are those whose alert more events elsewhere could not take back, with what they refer to', () => {
    const set = compile(`${BASE}${count('rises', '{ gte: 3 }')}${count('falls', '{ lt: 3 }')}`)
    const local = hostRules(set)
    expect(local.rules.map(({ id }) => id)).toEqual(['base', 'rises'])
    const engine = createEngine({ rules: local })
    const alerts = [0, 1, 2].flatMap((n) =>
      engine.process(
        {
          '@timestamp': n,
          'event.dataset': 'sshd',
          'event.category': 'authentication',
          'event.outcome': 'failure',
          'source.ip': '203.0.113.9',
        },
        `e${n}`,
      ),
    )
    expect(alerts.map(({ alert }) => alert.rule.id)).toEqual(['rises'])
  })

  it('make the same alerts of one host as the whole set makes, by id', async () => {
    const { rules } = compileRules(await builtinRules())
    const local = hostRules(rules)
    expect(local.rules.length).toBeGreaterThan(20)
    const ids = new Set(local.rules.map(({ id }) => id))
    const events = Array.from({ length: 30 }, (_, n): SecurityEvent => ({
      '@timestamp': 1_700_000_000_000 + n * 1_000, 'event.dataset': 'sshd', 'event.category': 'authentication', 'event.action': 'login',
      'event.outcome': 'failure', 'event.reason': 'bad_password', 'source.ip': '203.0.113.9', 'user.name': `u${n % 3}`, 'host.name': 'web-1',
    })) // prettier-ignore
    const run = (set: typeof rules): Map<string, Alert> => {
      const engine = createEngine({ rules: set })
      return new Map(events.flatMap((event, n) => engine.process(event, `e${n}`)).map(({ alert }) => [alert.id, alert]))
    }
    const [here, everywhere] = [run(local), run(rules)]
    expect(here.size).toBeGreaterThan(0)
    expect([...here.keys()].toSorted()).toEqual(
      [...everywhere.values()]
        .filter(({ rule }) => ids.has(rule.id))
        .map(({ id }) => id)
        .toSorted(),
    )
  })
})

describe('alerts on their way', () => {
  const alert = (id: string, n = 1): Alert => ({
    id, rule: { id: 'r', title: 'R', level: 'low', tags: [], version: '1' }, group: {}, scope: { kind: 'event', value: 'x' }, first: 0, last: 0, count: n,
    targets: [], events: [], why: '',
  }) // prettier-ignore
  const at = (ordinary: number) => ({ urgent: 0, ordinary })

  it('wait for their events, go in their newest state, and again when nobody took them', async () => {
    let settled = 0
    let fail = true
    const sent: Alert[][] = []
    const queue = createAlertQueue(
      (alerts) => {
        if (fail) return Promise.reject(new Error('away'))
        sent.push([...alerts])
        return Promise.resolve()
      },
      { isPast: (mark) => mark.ordinary <= settled, mark: () => at(0) },
      [alert('kept')],
    )
    queue.push({ alert: alert('a'), mark: at(5) })
    queue.push({ alert: alert('a', 2), mark: at(6) })
    await queue.pump()
    expect(sent).toEqual([])
    fail = false
    await queue.pump()
    expect(sent.map((batch) => batch.map(({ id }) => id))).toEqual([['kept']])
    settled = 6
    await queue.pump()
    expect(sent.at(-1)).toMatchObject([{ id: 'a', count: 2 }])
    expect([queue.save(), queue.stats()]).toEqual([[], { made: 1, dropped: 0 }])
  })

  it('are bounded, and what is dropped is counted', () => {
    const queue = createAlertQueue(() => Promise.resolve(), { isPast: () => false, mark: () => at(0) }, [])
    for (let i = 0; i < 2_100; i++) queue.push({ alert: alert(String(i)), mark: at(1) })
    expect(queue.save()).toHaveLength(2_000)
    expect(queue.stats()).toEqual({ made: 2_100, dropped: 100 })
  })
})
