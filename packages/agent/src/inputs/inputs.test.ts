import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, needs, startRedis } from '@parapet/testkit'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import { type AgentPlace, createAgentPlace, until } from '../fixtures/agent-place.js'
import type { PlacedLine } from '../pipeline/channel.js'
import { openChannel } from '../pipeline/channel.js'
import { containerName, dockerSource } from './docker.js'
import { createJournalInput } from './journald.js'
import { createRedisInput } from './redis-acl.js'
import { askRedis, readReply } from './redis-connection.js'
import { createSyslogInput, type SyslogInput } from './syslog.js'
import { udpDrops } from './udp-drops.js'

fc.configureGlobal({ seed: 20_261_122 })

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-inputs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A pipeline that keeps what it gets. */
const collect = () => {
  const lines: string[] = []
  const events: Record<string, unknown>[] = []
  const room = { there: true }
  const channels: ReturnType<typeof openChannel>[] = []
  return {
    lines,
    events,
    room,
    channels,
    pipeline: {
      open: (name: string, format: string) => {
        const channel = openChannel(name, {
          format: format === 'journal.json' || format === 'redis' ? 'auto' : format,
          utcOffsetMinutes: 0,
          clock: Date.now,
          take: (event) => void events.push(event),
        })
        const take = (got: readonly PlacedLine[]): void => void lines.push(...got.map(({ text }) => text))
        channels.push(channel)
        return {
          ...channel,
          lines: (got: readonly PlacedLine[], origin: { id: string; born: number }) => (take(got), channel.lines(got, origin)),
        }
      },
      hasRoom: () => room.there,
      room: async () => {
        while (!room.there) await new Promise((resolve) => setTimeout(resolve, 10))
      },
    },
  }
}

describe('syslog', () => {
  let input: SyslogInput | undefined
  const sockets: Socket[] = []
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await input?.stop()
    input = undefined
  })
  const open = async (text: string): Promise<ReturnType<typeof collect>> => {
    const all = collect()
    input = createSyslogInput(readConfig(`syslog: ${text}`, 'x').syslog, { pipeline: all.pipeline, clock: Date.now })
    await input.start()
    return all
  }
  const dial = async (): Promise<Socket> => {
    const socket = connect(input?.ports().tcp ?? 0, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined)
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    return socket
  }

  it('takes messages of many senders at once, whatever pieces they come in, and a megabyte without an end', async () => {
    const { lines } = await open('{tcp: "127.0.0.1:0"}')
    const [one, two] = [await dial(), await dial()]
    one.write('<34>1 2026-11-22T11:12:13Z web-1 a - - - fi')
    two.write('<34>Nov 22 11:12:13 web-2 b: second\n')
    await until(() => lines.length === 1, 'the whole one')
    one.write('rst\n')
    two.write(Buffer.alloc(1_048_576, 'x'))
    two.end('\n<34>Nov 22 11:12:13 web-2 b: last')
    await until(() => lines.length === 4, 'all four')
    expect(lines.map((text) => text.slice(-6)).toSorted()).toEqual(
      [' first', 'b: last', 'second', 'xxxxxx'].map((text) => text.slice(-6)).toSorted(),
    )
    for (const text of lines) expect(text.length).toBeLessThanOrEqual(8_192)
  })

  it('refuses connections beyond its bound, counts them, and serves those that it has', async () => {
    const { lines, channels } = await open('{tcp: "127.0.0.1:0", connections: 2}')
    const first = await dial()
    await dial()
    const third = await dial()
    let closed = false
    third.once('close', () => {
      closed = true
    })
    await until(() => closed, 'the third was closed')
    first.write('<34>Nov 22 11:12:13 web-1 a: still here\n')
    await until(() => lines.length === 1, 'the first is served')
    expect(channels[0]?.counts).toMatchObject({ dropped: 1 })
    expect(channels[0]?.counts.droppedWhy).toContain('more than 2')
  })

  it('lets TCP senders wait while there is no room, and loses nothing of theirs', async () => {
    const { lines, room } = await open('{tcp: "127.0.0.1:0"}')
    const socket = await dial()
    room.there = false
    socket.write('<34>Nov 22 11:12:13 web-1 a: 0\n')
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (let i = 1; i < 2_000; i++) socket.write(`<34>Nov 22 11:12:13 web-1 a: ${i} ${'x'.repeat(1_000)}\n`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(lines.length).toBeLessThan(2_000)
    room.there = true
    await until(() => lines.length === 2_000, 'all came')
  })

  it('takes datagrams, and says how many the kernel dropped', async () => {
    const { lines } = await open('{udp: "127.0.0.1:0"}')
    const port = input?.ports().udp ?? 0
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => {
      socket.send('<34>Nov 22 11:12:13 web-1 a: hello\n', port, '127.0.0.1', () => resolve())
    })
    await until(() => lines.length === 1, 'it came')
    socket.close()
    expect(udpDrops(port)).toBe(0)
    mkdirSync(join(folder, 'net'))
    writeFileSync(
      join(folder, 'net/udp'),
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n' +
        '  107: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 42\n',
    )
    expect(udpDrops(0x2_02, folder)).toBe(42)
    expect(udpDrops(515, folder)).toBeUndefined()
  })

  it('says when its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    await expect(open(`{tcp: "127.0.0.1:${port}"}`)).rejects.toMatchObject({ code: 'PPT_PORT_BUSY' })
    other.close()
  })
})

describe('replies of Redis', () => {
  it('are read whatever pieces they come in', () => {
    const bytes = Buffer.from('*3\r\n$3\r\nfoo\r\n*2\r\n:42\r\n$-1\r\n+OK\r\n')
    for (let n = 0; n < bytes.length; n++) expect(readReply(bytes.subarray(0, n))).toBeUndefined()
    expect(readReply(bytes)).toEqual({ reply: ['foo', [42, null], 'OK'], next: bytes.length })
  })

  it('that are none are refused, and never a hang', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('*', '$', ':', '-', '+', '1', '9', '\r\n', 'x'), maxLength: 30 }), (text) => {
        let said = 'no reply'
        try {
          readReply(Buffer.from(text))
        } catch (error) {
          said = String(error)
        }
        expect(said).toContain('no reply')
      }),
    )
    expect(() => readReply(Buffer.from('*99999999\r\n'))).toThrow('no reply')
    expect(() => readReply(Buffer.from('*1\r\n'.repeat(20)))).toThrow('no reply')
  })
})

const redisHere = needs('redis-server')

describe.skipIf(!redisHere.ok)(`a real Redis${redisHere.note}`, () => {
  it('is asked for refused sign-ins, each told once, with a user that may do no more', async () => {
    const redis = await startRedis()
    const all = collect()
    const at = { host: '127.0.0.1', port: redis.port }
    await askRedis(at, [
      ['ACL', 'SETUSER', 'parapet', 'on', '>word', '+acl|log', '+multi', '+exec'],
      ['ACL', 'SETUSER', 'ann', 'on', '>right', '+get', '~*'],
    ])
    writeFileSync(join(folder, 'password'), 'word\n')
    let kept = 0
    const input = createRedisInput(
      { address: at, user: 'parapet', passwordFile: join(folder, 'password'), everySeconds: 1 },
      { pipeline: all.pipeline, clock: Date.now, checkpoint: () => kept++ },
    )
    try {
      await input.start()
      for (let i = 0; i < 3; i++) await expect(askRedis(at, [['AUTH', 'ann', 'wrong']])).rejects.toThrow('WRONGPASS')
      await expect(askRedis(at, [['AUTH', 'ann', 'right'], ['FLUSHALL']])).rejects.toThrow('NOPERM')
      await until(() => all.events.filter((event) => event['event.action'] === 'login').length === 3, 'three refused sign-ins')
      await until(() => all.events.some((event) => event['event.action'] === 'command-refused'), 'the command')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(all.events).toHaveLength(4)
      expect(kept).toBeGreaterThan(0)
      expect(all.channels[0]?.counts.error).toBeNull()
      await redis.kill()
      await until(() => all.channels[0]?.counts.error !== null, 'that it is away is said')
    } finally {
      await input.stop()
      await redis.stop().catch(() => undefined)
    }
  }, 30_000)

  it('that does not answer is not waited for for ever', async () => {
    const port = await freePort()
    await expect(askRedis({ host: '127.0.0.1', port }, [['PING']])).rejects.toThrow('ECONNREFUSED')
  })
})

describe('containers', () => {
  let place: AgentPlace | undefined
  afterEach(async () => {
    await place?.remove()
    place = undefined
  })
  const id = (n: number): string => String(n).repeat(64).slice(0, 64)
  const put = (root: string, n: number, name: string): string => {
    const at = join(root, id(n))
    mkdirSync(at, { recursive: true })
    writeFileSync(join(at, 'config.v2.json'), JSON.stringify({ Name: name, Config: {} }))
    return join(at, `${id(n)}-json.log`)
  }
  const entry = (log: string, stream = 'stdout'): string => `${JSON.stringify({ log, stream, time: '2026-11-22T11:12:13.123456789Z' })}\n`

  it('go by the names that Docker gave them, and by nothing else that stands there', () => {
    put(folder, 1, '/shop-web-1')
    put(folder, 2, '/../../etc/passwd')
    expect(containerName(join(folder, id(1)))).toBe('shop-web-1')
    expect(containerName(join(folder, id(2)))).toBe(id(2).slice(0, 12))
    expect(containerName(join(folder, 'none'))).toBe('none')
    const { wants } = dockerSource({ enabled: true, root: folder, containers: ['shop-*'], format: 'docker' })
    expect([wants?.(join(folder, id(1), 'x')), wants?.(join(folder, id(2), 'x'))]).toEqual([true, false])
  })

  it('are read by name, lines in parts as one', async () => {
    place = await createAgentPlace()
    const docker = join(place.folder, 'docker')
    const web = put(docker, 1, '/shop-web-1')
    const db = put(docker, 2, '/other-db')
    writeFileSync(web, '')
    writeFileSync(db, '')
    const agent = await place.start(`docker: {enabled: true, root: ${docker}, containers: ["shop-*"]}`)
    await until(() => agent.health().inputs.some(({ name }) => name === 'docker:shop-web-1'), 'it is found')
    appendFileSync(
      web,
      entry('the first part ') +
        entry('and the second\n') +
        entry('198.51.100.7 - - [22/Nov/2026:11:12:13 +0000] "GET /x HTTP/1.1" 200 5 "-" "curl/8"\n', 'stderr'),
    )
    appendFileSync(db, entry('not wanted\n'))
    const messages = (): string => JSON.stringify([...(place?.server.events.values() ?? [])])
    await until(() => messages().includes('the first part and the second') && messages().includes('"url.path":"/x"'), 'both')
    expect(messages()).not.toContain('not wanted')
  }, 20_000)
})

describe('journalctl', () => {
  it('is started again when it ends, after its last cursor, and what is wrong with it is said', async () => {
    // a real journald is in tests/e2e; this is about a journalctl that dies, which no real one does on order
    const program = join(folder, 'journalctl')
    writeFileSync(
      program,
      `#!/bin/sh\necho "$*" >> ${folder}/calls\nprintf '__CURSOR=c%s\\n__REALTIME_TIMESTAMP=1795345933000000\\n_UID=0\\nSYSLOG_IDENTIFIER=sshd\\nMESSAGE=hello\\n\\n' "$(wc -l < ${folder}/calls)"\necho 'it broke' >&2\nexit 1\n`,
      { mode: 0o755 },
    )
    const all = collect()
    const input = createJournalInput({ units: ['ssh.service'], cursor: null, command: program }, { pipeline: all.pipeline })
    await input.start()
    await until(() => all.events.length >= 2 && all.channels[0]?.counts.error !== null, 'two runs', 15_000)
    expect(all.channels[0]?.counts.error).toContain('it broke')
    await input.stop()
    const calls = execFileSync('cat', [join(folder, 'calls')], { encoding: 'utf8' }).split('\n')
    expect(calls[0]).toBe('--follow --output=export --no-pager --lines=0 --unit=ssh.service')
    expect(calls[1]).toContain('--after-cursor=c1')
    expect(input.cursor()).toMatch(/^c\d$/)
  }, 20_000)
})
