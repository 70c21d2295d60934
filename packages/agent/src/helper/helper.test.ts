import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { needs } from '@parapet/testkit'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../fixtures/agent-place.js'
import { connectHelper } from './connect.js'
import { readLines } from './lines.js'
import { MOST_LINE } from './protocol.js'
import { createHelperQueue, type HelperVerbs, serveConnection } from './serve.js'

let folder = ''
let servers: Server[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-helper-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

/** A helper whose verbs only note that they were asked. */
const listen = async (more: Partial<HelperVerbs['nft']> = {}): Promise<{ readonly socket: string; readonly asked: string[] }> => {
  const asked: string[] = []
  const note = (name: string): void => void asked.push(name)
  const nft: HelperVerbs['nft'] = {
    apply: (operations) => {
      note(`apply ${JSON.stringify(operations)}`)
      return Promise.resolve({ refused: [], ms: 1 })
    },
    look: () => Promise.resolve({ whole: true }),
    read: () => Promise.resolve({ sets: null }),
    remove: () => {
      note('remove')
      return Promise.resolve()
    },
    ...more,
  }
  const answer = createHelperQueue({ nft, nginx: { apply: () => Promise.reject(new Error('none')) } })
  const server = createServer((connection) => serveConnection(connection, answer))
  servers.push(server)
  const socket = join(folder, 'helper.sock')
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return { socket, asked }
}

describe('lines', () => {
  it('come whole, however a stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ maxLength: 30 }).map((text) => text.replaceAll('\n', '')),
          { maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 9 }),
        async (lines, step) => {
          const stream = new PassThrough()
          const got: string[] = []
          readLines(
            stream,
            (line) => void got.push(line),
            () => got.push('TOO LONG'),
          )
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          for (let at = 0; at < bytes.length; at += step) stream.write(bytes.subarray(at, at + step))
          stream.end()
          await new Promise((resolve) => stream.once('end', resolve).resume())
          expect(got).toEqual(lines)
        },
      ),
      { seed: 4, numRuns: 100 },
    )
  })
})

describe('the helper', () => {
  it('does its verbs one after the other and answers each', async () => {
    let inside = 0
    let most = 0
    const { socket } = await listen({
      look: async () => {
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 20))
        inside--
        return { whole: true }
      },
    })
    const helpers = [connectHelper({ socket }), connectHelper({ socket })]
    const answers = await Promise.all(helpers.flatMap((helper) => [helper.ask({ verb: 'nft.look' }), helper.ask({ verb: 'nft.look' })]))
    expect(answers).toEqual(Array.from({ length: 4 }, () => ({ whole: true })))
    expect(most).toBe(1)
    for (const helper of helpers) await helper.close()
  })

  it('knows nothing but its verbs, and says no to everything else without ending', async () => {
    const { socket, asked } = await listen()
    const connection = createConnection(socket)
    const got: string[] = []
    readLines(
      connection,
      (line) => void got.push(line),
      () => undefined,
    )
    const lines = [
      '',
      'null',
      '[]',
      '{"verb":"exec","command":"id"}',
      '{"verb":["nft.remove"]}',
      '{"verb":"__proto__"}',
      'nft flush ruleset',
      '{"verb":"nft.look"}',
    ]
    connection.write(`${lines.join('\n')}\n`)
    await until(() => got.length === lines.length, 'all answers')
    expect(got.slice(0, -1).every((line) => line.startsWith('{"ok":false,"detail":'))).toBe(true)
    expect(got.at(-1)).toBe('{"ok":true,"value":{"whole":true}}')
    expect(asked).toEqual([])
    connection.destroy()
  })

  it('closes a connection that sends a line without end, and serves others', async () => {
    const { socket } = await listen()
    const flood = createConnection(socket)
    flood.on('error', () => undefined)
    const closed = new Promise((resolve) => flood.once('close', resolve))
    const piece = Buffer.alloc(1_048_576, 65)
    for (let sent = 0; sent <= MOST_LINE + piece.length && !flood.destroyed; sent += piece.length) flood.write(piece)
    flood.resume()
    await closed
    const helper = connectHelper({ socket })
    expect(await helper.ask({ verb: 'nft.look' })).toEqual({ whole: true })
    await helper.close()
  })

  it('is connected to again after it ended; what waits meanwhile is refused, not lost in silence', async () => {
    const first = await listen({ look: () => new Promise(() => undefined) })
    const helper = connectHelper({ socket: first.socket })
    const hanging = helper.ask({ verb: 'nft.look' })
    const ended = hanging.catch((error: unknown) => error)
    await helper.close()
    expect(await ended).toMatchObject({ code: 'PPT_HELPER' })
    await expect(connectHelper({ socket: join(folder, 'nobody') }).ask({ verb: 'nft.look' })).rejects.toMatchObject({ code: 'PPT_HELPER' })
    expect(await helper.ask({ verb: 'nft.read' })).toEqual({ sets: null })
    await helper.close()
  })
})

const here = needs('root', 'systemd-socket-activate', 'nft')

describe.skipIf(!here.ok)(`the helper as systemd starts it${here.note}`, () => {
  it('takes the socket that it is given, reads its settings itself, and acts in its own network only', async () => {
    const config = join(folder, 'agent.yml')
    writeFileSync(config, 'enforce: {nftables: {mode: enforce}}\n')
    const socket = join(folder, 'activated.sock')
    const program = fileURLToPath(new URL('../fixtures/helper-program.ts', import.meta.url))
    const node = [process.execPath, '--conditions=source', '--import', 'tsx', program, '--config', config]
    const child = spawn(
      'unshare',
      ['-n', 'systemd-socket-activate', `--listen=${socket}`, `--setenv=PATH=${process.env['PATH'] ?? ''}`, ...node],
      { stdio: 'ignore' },
    )
    try {
      await until(() => statSync(socket, { throwIfNoEntry: false }) !== undefined, 'the socket')
      const helper = connectHelper({ socket })
      expect(await helper.ask({ verb: 'nft.look' })).toEqual({ whole: false })
      await helper.ask({
        verb: 'nft.apply',
        operations: [{ op: 'build' }, { op: 'add', set: 'ban4', elements: [['203.0.113.7', Date.now() + 60_000]] }],
      })
      const { sets } = await helper.ask({ verb: 'nft.read' })
      expect(sets?.ban4.map(([address]) => address)).toEqual(['203.0.113.7'])
      // nobody told it: it protects its host by itself
      expect(sets?.allow).toContain('127.0.0.0/8')
      expect(await helper.ask({ verb: 'nft.look' })).toEqual({ whole: true })
      await helper.ask({ verb: 'nft.remove' })
      expect(await helper.ask({ verb: 'nft.look' })).toEqual({ whole: false })
      await helper.close()
    } finally {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
    }
  }, 60_000)
})
