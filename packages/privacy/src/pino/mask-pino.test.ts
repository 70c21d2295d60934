import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import pino, { type LoggerOptions } from 'pino'
import { afterAll, describe, expect, it } from 'vitest'
import { createMasker } from '../masking/masker.js'
import { leaksIn, NASTY_CALLS, PLANTED } from '../masking/surfaces/fixtures/test-planted.js'
import { maskPino } from './index.js'

const masker = createMasker()
const folder = mkdtempSync(join(tmpdir(), 'parapet-pino-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The sources as one file, since a thread cannot read TypeScript; each part of it still knows where it came from. */
const bundleSource = async (source: URL, outfile: string): Promise<void> => {
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    banner: { js: `import { createRequire as from } from 'node:module'; const require = from(${JSON.stringify(source.href)});` },
    plugins: [
      {
        name: 'places',
        setup: (on) =>
          on.onLoad({ filter: /packages\/\w+\/src\/.*\.ts$/ }, ({ path }) => ({
            contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
            loader: 'ts',
          })),
      },
    ],
  })
}

const open = (options: LoggerOptions = {}): { log: pino.Logger; lines: string[]; records: () => Record<string, unknown>[] } => {
  const lines: string[] = []
  const log = pino(maskPino({ masker, pino: options }), { write: (line: string) => void lines.push(line) })
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}
const call = (log: pino.Logger, args: readonly unknown[]): void => Reflect.apply(log.info, log, args)

describe('a masked pino logger lets nothing out', () => {
  it.each(NASTY_CALLS)('by $title', ({ args }) => {
    const { log, lines, records } = open()
    call(log, args())
    call(log.child({ module: 'm' }), args())
    expect(lines).toHaveLength(2)
    expect(leaksIn(lines.join(''))).toEqual([])
    expect(records().every(({ level }) => level === 30)).toBe(true)
    expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
  })

  it.each(NASTY_CALLS)('by $title as bindings, serializers and formatters of children, mixins and nested keys', ({ args }) => {
    const { log, lines, records } = open({
      mixin: () => ({ mixed: args()[0] }),
      nestedKey: 'payload',
      messageKey: 'text',
      errorKey: 'failure',
    })
    const [first] = args()
    log.child({ bound: first }).info('a')
    log
      .child(
        { bound: first },
        {
          serializers: { bound: (value: unknown) => ({ again: value }) },
          formatters: { log: (fields) => ({ ...fields, more: first }) },
          msgPrefix: `password=${PLANTED.password} `,
        },
      )
      .info('b')
    log.setBindings({ set: first })
    log.info({ bound: first }, 'c')
    expect(lines).toHaveLength(3)
    expect(leaksIn(lines.join(''))).toEqual([])
    expect(records()).toHaveLength(3)
  })

  it('to any stream of a multistream', () => {
    const [a, b]: [string[], string[]] = [[], []]
    const log = pino(
      maskPino({ masker }),
      pino.multistream([
        { stream: { write: (line) => void a.push(line) } },
        { level: 'error', stream: { write: (line) => void b.push(line) } },
      ]),
    )
    for (const { args } of NASTY_CALLS) Reflect.apply(log.error, log, args())
    expect([a.length, b.length]).toEqual([NASTY_CALLS.length, NASTY_CALLS.length])
    expect(leaksIn([...a, ...b].join(''))).toEqual([])
  })

  it('through its transport, in a thread of its own, before another target sees a line', async () => {
    const file = join(folder, 'out.log')
    const target = join(folder, 'target.mjs')
    await bundleSource(new URL('transport.ts', import.meta.url), target)
    const transport = pino.transport({
      pipeline: [
        { target, options: { off: ['date-of-birth'] } },
        { target: 'pino/file', options: { destination: file } },
      ],
    }) as unknown as Writable
    const log = pino(transport)
    await once(transport, 'ready')
    for (const { args } of NASTY_CALLS) call(log, args())
    transport.end()
    await once(transport, 'close')
    const text = readFileSync(file, 'utf8')
    expect(text.trimEnd().split('\n')).toHaveLength(NASTY_CALLS.length)
    expect(leaksIn(text)).toEqual([])
  })
})

describe('a masked pino logger', () => {
  it('leaves clean lines as they were, byte for byte', () => {
    const plain: string[] = []
    const options: LoggerOptions = { timestamp: () => ',"time":1700000000000', base: { pid: 1, hostname: 'h' } }
    const { log, lines } = open(options)
    const other = pino(options, { write: (line: string) => void plain.push(line) })
    for (const each of [log, other]) {
      each.info('started')
      each.info(
        {
          req: { id: '0192f0aa-1b2c-7def-8123-456789abcdef', method: 'GET', url: '/a?page=2' },
          responseTime: 4503.8734,
          at: '2026-01-02T03:04:05.678Z',
          ip: '203.0.113.7',
        },
        'done é \u2028 "x"',
      )
      each.warn({ count: 1_234_567, version: '1.2.3-rc.4+build.5', tags: ['a', 'b'], nothing: null, yes: true }, '%d of %s', 5, 'ten')
    }
    expect(lines).toEqual(plain)
  })

  it('keeps the options it was given, and its hook comes after one that was there', () => {
    const { log, lines } = open({
      level: 'debug',
      hooks: { streamWrite: (line) => line.replace('"msg"', '"password":"hunter2","msg"') },
      serializers: { own: () => 'seen' },
    })
    log.debug({ own: 1 }, 'x')
    expect(lines[0]).toContain('"own":"seen"')
    expect(lines[0]).not.toContain('hunter2')
  })

  it('writes a line of its own when masking fails, and goes on', () => {
    const lines: string[] = []
    const broken = { ...masker, json: () => { throw new Error('x') } } // prettier-ignore
    pino(maskPino({ masker: broken }), { write: (line: string) => void lines.push(line) }).info(
      { password: PLANTED.password },
      PLANTED.email,
    )
    expect(leaksIn(lines.join(''))).toEqual([])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 50, msg: expect.stringMatching(/^\[UNSCANNED \d+ bytes\]$/) as string })
  })

  it('leaves what is no error under an error key as it is', () => {
    const { log, records } = open()
    log.info({ err: 'text', error: 5, cause: null }, 'x')
    expect(records()[0]).toMatchObject({ err: 'text', error: 5, cause: null })
  })
})
