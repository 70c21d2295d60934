import { generateLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SAMPLES } from './fixtures/format-samples.js'
import { nginxAccess, parserFor, parsers, recognizeFormat } from './index.js'

const CRON = 'Nov 20 03:04:05 web01 CRON[7]: pam_unix(cron:session): session closed for user root'
const SSH = 'Nov 20 03:04:05 web01 sshd[7]: Invalid user x from 198.18.0.1 port 1'
const WEB = '198.18.0.1 - - [20/Nov/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 1 "-" "-"'

const named = (lines: readonly string[]): string | undefined => recognizeFormat(lines)?.name
const samples = Object.entries(SAMPLES).filter(([, lines]) => lines.length > 0)
const context = { now: Date.UTC(2026, 10, 21) }

describe('a parser by name', () => {
  it('is given for every format, and names are unique', () => {
    for (const parser of parsers) expect(parserFor(parser.name)).toBe(parser)
    expect(new Set(parsers.map((parser) => parser.name)).size).toBe(parsers.length)
  })

  it.each(['', 'apache', 'SSHD', '__proto__', 'nginx'])('is refused for %j, with the names that there are', (name) => {
    expect(() => parserFor(name)).toThrow(
      expect.objectContaining({ code: 'PPT_FORMAT_UNKNOWN', detail: expect.stringContaining('nginx.access') }),
    )
  })
})

describe('recognising a format', () => {
  it.each(samples)('%s', (name, lines) => {
    expect(named(lines)).toBe(name)
    for (const line of lines) expect(parserFor(name).parse(line, context), line).toBeDefined()
  })

  it.each(samples)('%s among lines of others, which come first', (name, lines) => {
    const others = ['garbage', '', 'Traceback (most recent call last):', '  File "x.py", line 1', ...(name === 'syslog' ? [] : [CRON])]
    expect(named([...others, ...Array.from({ length: 12 }, () => lines).flat()])).toBe(name)
  })

  it.each(samples)('%s, though every line of it holds the text of another log', (name, lines) => {
    if (!['nginx.access', 'apache.access', 'traefik'].includes(name)) return
    const tricked = lines.map((line) => line.replace('GET /', `GET /${SSH}{\\"level\\":30,\\"time\\":1}`))
    expect(named(Array.from({ length: 9 }, () => tricked).flat())).toBe(name)
  })

  it('finds that of each generated log', () => {
    expect(named([...generateLog({ kind: 'ssh', lines: 500 }).lines])).toBe('auth')
    expect(recognizeFormat([...generateLog({ kind: 'nginx', lines: 500 }).lines])).toBe(nginxAccess)
    expect(named([...generateLog({ kind: 'app', lines: 500 }).lines])).toBe('json')
  })

  it('takes an auth.log for one though only cron has written so far', () => {
    expect(['auth', 'syslog']).toContain(named([CRON, CRON, '']))
  })

  it('goes by most lines, not by the first', () => {
    expect(named(['garbage', WEB, SSH, SSH])).toBe('auth')
    expect(named(['garbage', SSH, WEB, WEB])).toBe('nginx.access')
  })

  it('takes the parser of a program before one that reads any JSON, unless it leaves out most lines', () => {
    const other = '{"ts":"2026-11-20T03:04:05Z","msg":"hello"}'
    const [pino = ''] = SAMPLES['pino'] ?? []
    expect(named([pino, pino, other])).toBe('pino')
    expect(named([pino, other, other, other])).toBe('json')
  })

  it('finds a format of which only a few lines stand among two thousand', () => {
    const lines = Array.from({ length: 2_000 }, () => 'nothing that anybody knows')
    lines[1_001] = WEB
    expect(named(lines)).toBe('nginx.access')
  })

  it('is not decided by an attacker who writes log lines into a request', () => {
    const lines = Array.from({ length: 20 }, () => `198.18.0.1 - - [20/Nov/2026:03:04:05 +0000] "GET /${SSH} HTTP/1.1" 404 1 "-" "${SSH}"`)
    expect(recognizeFormat(lines)).toBe(nginxAccess)
  })

  it.each([[[]], [['']], [['hello', 'world']], [['\0\u001b[31m', '{"a":1}']], [['[]', '{}', 'null', '{"ts":1}']]])(
    'gives nothing for %j',
    (lines) => {
      expect(recognizeFormat(lines)).toBeUndefined()
    },
  )

  it('never throws, whatever the lines', () => {
    const pieces = samples.flatMap(([, lines]) => lines.flatMap((line) => [line.slice(0, 40), line.slice(-40), line]))
    const line = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 4 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
        recognizeFormat(lines)
        for (const one of lines) for (const parser of parsers) parser.parse(one, context)
      }),
      { numRuns: 150, seed: 20_261_122 },
    )
  })

  it.each(samples)('%s takes less than 50 ms of CPU for 2,000 lines, all parsers together', (_, lines) => {
    const many = Array.from({ length: 2_000 }, (_, i) => `${lines[i % lines.length]}`)
    recognizeFormat(many)
    const spent = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      recognizeFormat(many)
      return process.cpuUsage(before).user / 1000
    })
    expect(Math.min(...spent)).toBeLessThan(50)
  })
})
