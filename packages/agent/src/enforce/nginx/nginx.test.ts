import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createDecisionSet, type Decision, type DecisionSet, parseRange } from '@parapet/core'
import { type AllowGroup, type AllowList, createAllowList } from '@parapet/respond/enforcers'
import { freePort } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Helper } from '../../helper/connect.js'
import { createNginxVerbs, findNginx } from '../../helper/nginx.js'
import { createHelperQueue } from '../../helper/serve.js'
import type { HostEnforcer } from '../enforcer.js'
import { createNginxEnforcer } from './enforcer.js'

const HOUR = 3_600_000
const note = findNginx() === undefined ? ' [not run: this machine has no nginx; scripts/ci-tools.sh installs what Debian has]' : ''
const groupOf = (reason: string, ...texts: readonly string[]): AllowGroup => ({
  reason,
  ranges: texts.flatMap((text) => parseRange(text) ?? []),
})

describe.skipIf(note !== '')(`the include of a running nginx${note}`, () => {
  let place: string
  let include: string
  let port: number
  let statusPort: number
  let child: ChildProcess
  let clock = Date.now()
  let count = 0
  let set: DecisionSet
  let allowed: AllowList
  let protectedHere: readonly AllowGroup[] = []
  let released = 0
  let enforcer: HostEnforcer
  let asked: string[]
  const logged: string[] = []

  const decision = (fields: Partial<Decision> = {}): Decision => ({
    id: `d-${++count}`,
    revision: count,
    target: { kind: 'ip', value: '203.0.113.1' },
    action: 'deny',
    scope: 'all',
    mode: 'enforce',
    reason: 'x',
    author: { kind: 'policy', id: 'p' },
    batch: 'b',
    startsAt: clock - 1,
    expiresAt: clock + HOUR,
    ...fields,
  })
  const ip = (value: string): Pick<Decision, 'target'> => ({ target: { kind: 'ip', value } })

  /** Asks nginx as a client of any address: the test's configuration believes the header. */
  const ask = (client: string, path = '/', at = port): Promise<number | string> =>
    new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port: at, path, agent: false, headers: { 'x-test-client': client } }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk)))
        response.on('end', () => resolve(at === statusPort ? text : (response.statusCode ?? 0)))
      })
      request.on('error', reject)
    })

  const configOf = (more = ''): string => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${join(place, kind)};`)
      .join('\n')
    return `worker_processes 2;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${place}/nginx.pid;
error_log ${place}/error.log notice;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary}
  include ${include};
  set_real_ip_from 127.0.0.0/8;
  real_ip_header X-Test-Client;
  server {
    listen 127.0.0.1:${port};
    listen [::1]:${port};
    location / { if ($parapet_denied) { return 403; } return 200 "in"; }
    location /login { if ($parapet_denied_sign_in) { return 403; } return 200 "in"; }
  }
  server {
    listen 127.0.0.1:${statusPort};
    location / { return 200 $parapet_generation; }
  }
  ${more}
}
`
  }
  /** the first include of the guide */
  const EMPTY =
    /```nginx\n([\s\S]*?)```/.exec(
      readFileSync(new URL('../../../../../docs/guides/enforce-with-nginx.md', import.meta.url), 'utf8'),
    )?.[1] ?? ''

  const start = async (): Promise<void> => {
    writeFileSync(join(place, 'nginx.conf'), configOf())
    child = spawn(findNginx() ?? '', ['-c', join(place, 'nginx.conf'), '-p', place, '-e', join(place, 'error.log')], { stdio: 'ignore' })
    await vi.waitFor(async () => expect(await ask('198.51.100.1')).not.toBe(0), { timeout: 10_000 })
  }
  const make = (fields: object = {}): void => {
    set = createDecisionSet()
    asked = []
    const config = {
      mode: 'enforce',
      include,
      config: join(place, 'nginx.conf'),
      everySeconds: 1,
      most: 1_000,
      status: { host: '127.0.0.1', port: statusPort },
      ...fields,
    } as const
    const answer = createHelperQueue({
      nft: {} as never,
      nginx: createNginxVerbs({ ...config, enforce: config.mode === 'enforce', protectedHere: () => protectedHere }),
    })
    const helper = {
      ask: async (request: { readonly verb: string }) => {
        asked.push(request.verb)
        const reply = await answer(JSON.stringify(request))
        if (!reply.ok) throw Object.assign(new Error(reply.detail), { code: 'PPT_HELPER', detail: reply.detail })
        return reply.value
      },
      close: async () => undefined,
    } as unknown as Helper
    enforcer = createNginxEnforcer(config, {
      decisions: set,
      allowed: () => allowed,
      releasedUntil: () => released,
      helper,
      clock: () => clock,
      log: (_level, message) => void logged.push(message),
      reportNow: () => undefined,
      instance: 'web-1',
    })
  }
  /** Ticks as the agent does; the clock goes on by as much as reloads need. */
  const settle = async (seen: () => Promise<void>): Promise<void> => {
    await vi.waitFor(
      async () => {
        clock += 1_100
        await enforcer.tick(true)
        await seen()
      },
      { timeout: 10_000, interval: 50 },
    )
  }

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'parapet-geo-'))
    mkdirSync(join(place, 'etc'))
    include = join(place, 'etc', 'denied.conf')
    writeFileSync(include, EMPTY)
    port = await freePort()
    statusPort = await freePort()
    await start()
  }, 30_000)
  afterEach(() => {
    allowed = createAllowList([])
    protectedHere = []
    released = 0
  })
  afterAll(async () => {
    child?.kill('SIGTERM')
    if (child?.exitCode === null) await once(child, 'exit')
    rmSync(place, { recursive: true, force: true })
  })

  it('denies an IPv4 address and an IPv6 /64, lets them in again when it is lifted, and says what runs', async () => {
    allowed = createAllowList([])
    make()
    const four = decision(ip('203.0.113.1'))
    set.apply(four)
    set.apply(decision(ip('2001:db8:0:7::1')))
    await settle(async () => {
      expect(await ask('203.0.113.1')).toBe(403)
      expect(await ask('2001:db8:0:7:ffff::9')).toBe(403)
    })
    expect([await ask('203.0.113.2'), await ask('2001:db8:0:8::1')]).toEqual([200, 200])
    await settle(async () =>
      expect(enforcer.report()).toMatchObject({
        kind: 'nginx',
        mode: 'enforce',
        wanted: 2,
        held: 2,
        trouble: null,
        revision: set.revision,
      }),
    )
    expect(readFileSync(include, 'utf8')).toContain(String(await ask('', '/', statusPort)))
    set.apply({ ...four, revision: ++count, lifted: { at: clock, by: { kind: 'cli', id: 'x' }, reason: 'x' } })
    await settle(async () => expect(await ask('203.0.113.1')).toBe(200))
  })

  it('denies at sign-in only what is denied there', async () => {
    make()
    set.apply(decision({ ...ip('203.0.113.3'), scope: 'login' }))
    await settle(async () => expect(await ask('203.0.113.3', '/login')).toBe(403))
    expect(await ask('203.0.113.3')).toBe(200)
  })

  it('writes nothing that is not an address, whatever stands in a target', async () => {
    make()
    const hostile = [
      '203.0.113.4; } server { listen 9; ',
      '0.0.0.0/0',
      '::/0',
      '203.0.113.5 1;\n203.0.113.6',
      '$host',
      'a',
      '',
      '1.2.3.4/33',
      '203.0.113.0/8',
      '١.2.3.4',
    ]
    for (const value of hostile) for (const kind of ['ip', 'cidr'] as const) set.apply(decision({ target: { kind, value } }))
    set.apply(decision(ip('203.0.113.7')))
    await settle(async () => expect(await ask('203.0.113.7')).toBe(403))
    const lines = readFileSync(include, 'utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('\t') && !/^\t(?:default|[\da-f.:/]+) [01];$/.test(line))).toEqual([])
    expect(enforcer.report().refused).toHaveLength(hostile.length * 2)
    for (const client of ['203.0.113.5', '203.0.113.6', '198.51.100.1']) expect(await ask(client)).toBe(200)
  })

  it('never denies who is allowed on this host, also when only the helper knows it', async () => {
    make()
    allowed = createAllowList([groupOf('the gateway', '203.0.113.20')])
    protectedHere = [groupOf('an operator', '203.0.113.21', '2001:db8:9::/48')]
    set.apply(decision({ target: { kind: 'cidr', value: '203.0.113.0/24' } }))
    set.apply(decision(ip('203.0.113.20')))
    set.apply(decision(ip('2001:db8:9::5')))
    await settle(async () => expect(await ask('203.0.113.22')).toBe(403))
    expect([await ask('203.0.113.20'), await ask('203.0.113.21'), await ask('2001:db8:9::5')]).toEqual([200, 200, 200])
    expect(enforcer.report().refused).toEqual([{ id: expect.any(String), reason: '203.0.113.20 is the gateway' }])
  })

  it('lets in only the allowed ranges in a lockdown, which ends in nginx by itself when nobody writes any more', async () => {
    make()
    clock = Date.now()
    const ends = clock + 6_000
    set.apply(
      decision({
        target: { kind: 'all', value: '*' },
        action: 'lockdown',
        lockdown: { mode: 'all', allow: ['198.51.100.0/24'] },
        expiresAt: ends,
      }),
    )
    set.apply(decision(ip('203.0.113.66')))
    await enforcer.tick(true)
    await vi.waitFor(async () => expect(await ask('203.0.113.30')).toBe(403), { timeout: 3_000 })
    expect(await ask('198.51.100.9')).toBe(200)
    // no tick from here on: the agent is dead
    await vi.waitFor(async () => expect(await ask('203.0.113.30')).toBe(200), { timeout: 12_000, interval: 200 })
    expect(Date.now()).toBeGreaterThanOrEqual(ends - 1_000)
    expect(await ask('203.0.113.66')).toBe(403)
  }, 20_000)

  it('puts the include back as it was when nginx does not take its configuration, and says why', async () => {
    make()
    set.apply(decision(ip('203.0.113.40')))
    await settle(async () => expect(await ask('203.0.113.40')).toBe(403))
    const before = readFileSync(include, 'utf8')
    writeFileSync(join(place, 'nginx.conf'), configOf('this is no directive;'))
    try {
      set.apply(decision(ip('203.0.113.41')))
      clock += 2_000
      await enforcer.tick(true)
      expect(readFileSync(include, 'utf8')).toBe(before)
      expect(enforcer.report().trouble).toMatch(/put back .*unknown directive/s)
      expect(enforcer.report().repairs[0]?.what).toMatch(/did not take it/)
      expect([await ask('203.0.113.40'), await ask('203.0.113.41')]).toEqual([403, 200])
      const tried = asked.length
      clock += 2_000
      await enforcer.tick(true)
      expect(asked.length).toBe(tried)
    } finally {
      writeFileSync(join(place, 'nginx.conf'), configOf())
    }
    clock += 31_000
    await settle(async () => expect(await ask('203.0.113.41')).toBe(403))
    await settle(async () => expect(enforcer.report().trouble).toBeNull())
  })

  it('repairs an include that another hand changed or took away', async () => {
    make()
    set.apply(decision(ip('203.0.113.50')))
    await settle(async () => expect(enforcer.report().held).toBe(1))
    writeFileSync(include, EMPTY)
    await settle(async () => expect(readFileSync(include, 'utf8')).toContain('203.0.113.50'))
    expect(enforcer.report().repairs[0]?.what).toMatch(/another hand/)
    await vi.waitFor(async () => expect(await ask('203.0.113.50')).toBe(403))
  })

  it('observes without touching anything, and lets go of everything when the owner frees the host', async () => {
    writeFileSync(include, EMPTY)
    make({ mode: 'observe' })
    set.apply(decision(ip('203.0.113.60')))
    await enforcer.tick(true)
    expect(asked).toEqual([])
    expect(enforcer.report()).toMatchObject({ mode: 'observe', wanted: 1, held: null })
    make()
    set.apply(decision(ip('203.0.113.60')))
    await settle(async () => expect(await ask('203.0.113.60')).toBe(403))
    released = clock + HOUR
    await settle(async () => expect(await ask('203.0.113.60')).toBe(200))
  })

  it('reloads at most as often as it may, and loses no request while it does, with hundreds of changes', async () => {
    make({ everySeconds: 1 })
    clock = Date.now()
    const load = new AbortController()
    let served = 0
    const failures: string[] = []
    const loaded = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!load.signal.aborted) {
          try {
            const status = await ask('198.51.100.1')
            if (status === 200) served++
            else failures.push(String(status))
          } catch (error) {
            failures.push(String(error))
          }
        }
      }),
    )
    const begun = Date.now()
    for (let i = 0; Date.now() - begun < 4_000; i++) {
      set.apply(decision({ target: { kind: 'cidr', value: `203.0.${i % 100}.0/25` } }))
      clock = Date.now()
      await enforcer.tick(true)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    load.abort()
    await loaded
    expect(failures).toEqual([])
    expect(served).toBeGreaterThan(100)
    expect(asked.length).toBeGreaterThan(2)
    expect(asked.length).toBeLessThanOrEqual(6)
  }, 20_000)
})

describe('the helper', () => {
  const verbs = createNginxVerbs({ enforce: true, include: '/nonexistent/x/denied.conf', config: null, most: 2, protectedHere: () => [] })
  const good = { denied: [], signIn: [], allowed: [], only: null }

  it.each([
    ['no list', { ...good, denied: 'x' }],
    ['what is no address', { ...good, denied: ['203.0.113.1; }'] }],
    ['a number', { ...good, signIn: [1] }],
    ['more than it may hold', { ...good, denied: ['1.1.1.1', '1.1.1.2', '1.1.1.3'] }],
    ['a lockdown without end', { ...good, only: { ranges: [] } }],
    ['nothing', {}],
  ])('takes not %s', async (_, request) => {
    await expect(verbs.apply(request)).rejects.toMatchObject({ code: 'PPT_HELPER' })
  })

  it('does nothing on a host whose owner did not say enforce', async () => {
    const off = createNginxVerbs({ enforce: false, include: '/nonexistent/x/denied.conf', config: null, most: 2, protectedHere: () => [] })
    await expect(off.apply(good)).rejects.toMatchObject({ code: 'PPT_HELPER', detail: expect.stringContaining('enforce.nginx.mode') })
  })
})
