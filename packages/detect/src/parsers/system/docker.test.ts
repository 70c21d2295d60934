import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LineParser } from '../line-parser.js'
import { nginxAccess } from '../nginx-access.js'
import { createDocker } from './docker.js'
import { context, eventsOf, isSound, said } from './fixtures/said.js'
import { systemParsers } from './index.js'

fc.configureGlobal({ seed: 20_261_122 })

const choose = (line: string): LineParser | undefined => [...systemParsers, nginxAccess].find((parser) => parser.sniff(line))
const docker = createDocker(choose)
const wrap = (log: string, stream = 'stdout', time = '2026-11-22T11:12:13.123456789Z'): string => JSON.stringify({ log, stream, time })
const WEB = '198.18.0.1 - - [20/Nov/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 1 "-" "-"'
const SSH = 'Nov 20 03:04:05 web01 sshd[7]: Invalid user x from 198.18.0.1 port 1'

describe('a line of a container', () => {
  it('is read by the parser that knows what is inside', () => {
    expect(said(docker.parse(wrap(`${WEB}\n`), context))).toMatchObject({ dataset: 'nginx.access' })
    expect(eventsOf(docker, [wrap(`${SSH}\r\n`)])[0]).toMatchObject({ 'event.dataset': 'sshd', 'source.ip': '198.18.0.1' })
  })

  it('that nobody knows is a message with the time of Docker', () => {
    expect(docker.parse(wrap('hello\n', 'stderr'), context)).toMatchObject({
      '@timestamp': Date.UTC(2026, 10, 22, 11, 12, 13, 123),
      'event.category': 'application',
      'event.action': 'message',
      'event.dataset': 'docker',
      message: 'hello',
      'container.log.stream': 'stderr',
    })
  })

  it('in parts is one event, and the parts of stdout and stderr do not mix', () => {
    const cut = WEB.slice(0, 40)
    const events = eventsOf(docker, [wrap(cut), wrap('err', 'stderr'), wrap(`${WEB.slice(40)}\n`), wrap('or\n', 'stderr')])
    expect(events.map((event) => event['event.dataset'])).toEqual(['nginx.access', 'docker'])
    expect(events[1]?.message).toBe('error')
  })

  it('of endless parts is cut', () => {
    const events = eventsOf(docker, [...Array.from({ length: 50 }, () => wrap('a'.repeat(1_000))), wrap('\n')])
    expect(events.map((event) => event.message?.length)).toEqual([8_192])
  })

  it('of a format that joins lines is joined, for each stream by itself', () => {
    const pg = (text: string): string => wrap(`2026-11-22 11:12:13.000 UTC [9] a@b ${text}\n`, 'stderr')
    const events = eventsOf(docker, [
      pg('ERROR:  relation "x" does not exist'),
      wrap('between\n'),
      pg('STATEMENT:  select * from x'),
      pg('LOG:  statement: select 1'),
    ])
    expect(events.map((event) => event['db.query.text'])).toEqual([undefined, 'select * from x', 'select 1'])
  })

  it('goes to another parser when the one at hand knows nothing more', () => {
    const lines = [wrap(`${SSH}\n`), ...Array.from({ length: 30 }, () => wrap(`${WEB}\n`))]
    const datasets = eventsOf(docker, lines).map((event) => event['event.dataset'])
    expect(datasets[0]).toBe('sshd')
    expect(datasets.slice(-5)).toEqual(Array.from({ length: 5 }, () => 'nginx.access'))
  })

  it.each([
    '',
    '{}',
    '{"log":"x\\n"}',
    '{"log":5,"stream":"stdout","time":"2026-11-22T11:12:13Z"}',
    '{"log":"x\\n","time":"yesterday at noon, sharp"}',
    '{"log":"x',
  ])('%j is none', (line) => {
    expect([docker.parse(line, context), docker.sniff(line)]).toEqual([undefined, false])
  })

  it('of any text is read without a fault', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.boolean()), { maxLength: 12 }), (lines) => {
        for (const event of eventsOf(
          docker,
          lines.map(([text, ends]) => wrap(ends ? `${text}\n` : text)),
        ))
          expect(isSound(event)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
