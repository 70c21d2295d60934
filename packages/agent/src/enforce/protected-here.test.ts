import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatAddress, formatRange, parseRange } from '@parapet/core'
import { createAllowList } from '@parapet/respond/enforcers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProtectedHere } from './protected-here.js'
import { readResolvers, readRoutes4, readRoutes6 } from './routes.js'
import { readSession, readUtmp } from './signed-in.js'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parapet-here-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))
const put = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** A record as login writes it. Source: utmp(5). */
const record = (type: number, pid: number, user: string, address: readonly number[], host = ''): Buffer => {
  const bytes = Buffer.alloc(384)
  bytes.writeInt16LE(type, 0)
  bytes.writeInt32LE(pid, 4)
  bytes.write(user, 44, 32, 'utf8')
  bytes.write(host, 76, 256, 'utf8')
  Buffer.from(address).copy(bytes, 348)
  return bytes
}
const SIX = [0x20, 0x01, 0x0d, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]

const ROUTES4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`
const ROUTES6 = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo
`

describe('what is protected on a host without being told', () => {
  it('is its gateways and the interfaces that lead out, as the kernel lists them', () => {
    expect(readRoutes4(ROUTES4)).toEqual({ gateways: ['192.0.2.1'], uplinks: new Set(['eth0']) })
    expect(readRoutes6(ROUTES6)).toEqual({ gateways: ['fe80:0000:0000:0000:0000:0000:0000:0001'], uplinks: new Set(['eth0']) })
  })

  it('is its name servers, whatever else stands in that file', () => {
    expect(
      readResolvers('# nameserver 192.0.2.9\nsearch nameserver\n nameserver 192.0.2.53 \nnameserver\t2001:db8::53\noptions edns0\n'),
    ).toEqual(['192.0.2.53', '2001:db8::53'])
  })

  it('holds all of them with a reason for each, and the addresses of this machine', () => {
    put('proc/net/route', ROUTES4)
    put('proc/net/ipv6_route', ROUTES6)
    put('etc/resolv.conf', 'nameserver 192.0.2.53\nnameserver not-one\n')
    const allowed = createAllowList(createProtectedHere({ allow: ['203.0.113.0/28'], operators: [], root })())
    const why = (text: string): string | undefined => allowed.reasonFor(parseRange(text)!)
    expect(['192.0.2.1', '192.0.2.53', '203.0.113.5', '127.0.0.1', '203.0.113.99'].map(why)).toEqual([
      '192.0.2.1 is a gateway of this host',
      '192.0.2.53 is a DNS server of this host',
      '203.0.113.5 is in enforce.allow of this host',
      '127.0.0.1 is this host itself or its own link',
      undefined,
    ])
  })

  it('knows an SSH peer only by the session of a declared user, never by its address', () => {
    put('proc/77/stat', '')
    put(
      'run/utmp',
      Buffer.concat([
        record(7, 77, 'alice', [198, 51, 100, 4]),
        record(7, 77, 'mallory', [198, 51, 100, 5]),
        record(7, 78, 'alice', [198, 51, 100, 6]),
      ]),
    )
    put('run/systemd/sessions/4', 'UID=1000\nUSER=bob\nACTIVE=1\nSTATE=active\nREMOTE=1\nREMOTE_HOST=2001:db8::4\nSERVICE=sshd\n')
    put('run/systemd/sessions/5', 'USER=mallory\nREMOTE=1\nREMOTE_HOST=198.51.100.5\nSTATE=active\n')
    const of = (operators: readonly string[]): readonly string[] =>
      createProtectedHere({ allow: [], operators, root })()
        .find(({ reason }) => reason.includes('operator'))
        ?.ranges.map(formatRange) ?? []
    expect(of(['alice', 'bob'])).toEqual(['198.51.100.4', '2001:db8::4'])
    expect(of([])).toEqual([])
  })
})

describe('who is signed in', () => {
  it('is read by number and address in bytes; names that a resolver gave are worth nothing', () => {
    const bytes = Buffer.concat([
      record(7, 1, 'alice', [198, 51, 100, 4], '203.0.113.1'),
      record(7, 1, 'carol', SIX),
      record(8, 1, 'gone', [198, 51, 100, 7]),
      record(7, 1, 'local', [0, 0, 0, 0], ':0'),
      Buffer.alloc(100, 7),
    ])
    expect(readUtmp(bytes, () => true).map(({ user, address }) => `${user} ${formatAddress(address)}`)).toEqual([
      'alice 198.51.100.4',
      'carol 2001:db8:7::9',
    ])
    expect(readUtmp(bytes, () => false)).toEqual([])
  })

  it('is not who left, sits at the machine, or came from a name', () => {
    const session = (more: string): unknown => readSession(`USER=alice\nREMOTE=1\nREMOTE_HOST=192.0.2.1\n${more}`)
    expect(session('STATE=active\n')).toMatchObject({ user: 'alice' })
    expect(session('STATE=closing\n')).toBeUndefined()
    expect(readSession('USER=alice\nREMOTE=0\nREMOTE_HOST=192.0.2.1\n')).toBeUndefined()
    expect(readSession('USER=alice\nREMOTE=1\nREMOTE_HOST=bastion.example.org\n')).toBeUndefined()
  })

  it('throws at nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), (bytes, text) => {
        readUtmp(Buffer.from(bytes), () => true)
        readSession(text)
        readRoutes4(text)
        readRoutes6(text)
        readResolvers(text)
      }),
      { seed: 2, numRuns: 300 },
    )
  })
})
