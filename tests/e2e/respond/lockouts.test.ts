import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Decision, LockdownPreflight, LockdownView, NotificationView, Page, PolicyPreview } from '@parapet/core'
import { needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace } from '../support/control-plane.js'
import { createNetwork, type Network } from '../support/network.js'
import { eventually, run } from '../support/processes.js'
import { type Host, SSH, startHost, WEB } from './support/host.js'

const here = needs('root', 'network namespaces', 'nginx', 'sshd', 'nft', 'curl')

/** Documentation ranges (RFC 5737, RFC 3849): everybody's addresses on the test's link but where a scenario needs another. */
const GATEWAY = '198.51.100.1'
const ALLOWED = '192.0.2.50'
const PROXY = '192.0.2.80'

describe.skipIf(!here.ok)(`nobody is locked out who must get in${here.note}`, () => {
  const place = createPlace('respond-lockouts')
  let network: Network
  let host: Host
  let lines = 0

  const reaches = (name: string, to: string, port: number): boolean => {
    const [command, ...prefix] = network.on(name)
    try {
      run(command, ...prefix, 'timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${to}/${port}`)
      return true
    } catch {
      return false
    }
  }
  /** He is let in over both families, at sshd and at the web server. */
  const getsIn = (name: string): void => {
    for (const port of [SSH, WEB])
      for (const to of [network.address('web'), network.address6('web')])
        expect(reaches(name, to, port), `${name} to ${to} port ${port}`).toBe(true)
  }
  const failAs = (address: string, user = 'root', times = 8): void => {
    const at = new Date().toISOString()
    appendFileSync(
      host.authLog,
      Array.from(
        { length: times },
        () => `${at} web-1 sshd[${++lines}]: Failed password for ${user} from ${address} port 4711 ssh2\n`,
      ).join(''),
    )
  }
  /** Waits until an alert stands for an address: from then on whatever is done about it has been decided. */
  const alerted = async (address: string): Promise<void> => {
    await eventually(async () => ((await host.alertsOn(address)).length > 0 ? true : undefined), `an alert about ${address}`, 20_000, 100)
  }
  const enforced = async (target: string): Promise<readonly Decision[]> =>
    (await host.decisionsOn(target)).filter(
      ({ mode, lifted, expiresAt }) => mode === 'enforce' && lifted === undefined && expiresAt > Date.now(),
    )
  /** Somebody fails at sshd as an attacker would; he is told of, and stays. */
  const staysIn = async (address: string): Promise<void> => {
    failAs(address)
    await alerted(address)
    expect(await enforced(address)).toEqual([])
    expect(host.dropped()).not.toContain(address)
  }
  const block = (value: string): { status: number; text: string } =>
    host.ask('/v1/decisions', {
      body: {
        target: { kind: value.includes('/') ? 'cidr' : 'ip', value },
        action: 'deny',
        scope: 'all',
        duration: '10m',
        reason: 'a slip of the finger',
      },
    })
  const refused = (value: string, why: RegExp): void => {
    const { status, text } = block(value)
    expect(status, text).toBeGreaterThanOrEqual(400)
    expect(text).toMatch(why)
  }

  beforeAll(async () => {
    network = createNetwork(['web', 'operator', 'office', 'attacker'])
    for (const [name, own] of [['attacker', '2001:db8:66::1']] as const) {
      const [command, ...prefix] = network.on(name)
      run(command, ...prefix, 'ip', '-6', 'address', 'add', `${own}/128`, 'dev', 'lo')
    }
    const [web, ...onWeb] = network.on('web')
    run(web, ...onWeb, 'ip', 'route', 'add', 'default', 'via', GATEWAY)
    host = await startHost(network, 'web', place.path, {
      config: `allowList: ['${ALLOWED}']\ntrustedProxies: ['127.0.0.1', '${PROXY}']\nbudgets: { perMinute: 20, total: 1000 }\n`,
      settings: `enforce:\n  allow: ['${network.address('operator')}', '${network.address6('operator')}']\n  nftables: {mode: enforce, lockdown: true}\n`,
    })
  }, 240_000)
  afterAll(async () => {
    await host?.stop()
    network?.remove()
    place.remove()
  }, 60_000)

  it("1 the operator's SSH: what his host allows is never dropped there, whatever is decided, and both sides say so", async () => {
    const operator = network.address('operator')
    failAs(operator)
    await alerted(operator)
    const [decision] = await enforced(operator)
    const report = await eventually(
      async () => {
        const enforcer = await host.enforcer('nftables')
        return enforcer?.refused.some(({ id }) => id === decision?.id) === true ? enforcer : undefined
      },
      'the refusal is reported',
      30_000,
      200,
    )
    expect(report.refused.find(({ id }) => id === decision?.id)?.reason).toMatch(/allow/)
    expect(host.dropped()).not.toContain(operator)
    getsIn('operator')
  }, 60_000)

  it("2 the operator's console: where somebody is signed in is protected while he is", async () => {
    const office = network.address('office')
    const console = (path: string, ...more: readonly string[]): string =>
      host.on(
        'curl',
        '--silent',
        '--header',
        `x-forwarded-for: ${office}`,
        '--header',
        'origin: http://localhost:8700',
        ...more,
        `http://localhost:8700${path}`,
      )
    const link = /\/setup#(\S+)/.exec(host.server().output())?.[0] ?? ''
    const jar = join(place.path, 'jar')
    const body = JSON.stringify({ link: `http://localhost:8700${link}`, name: 'olga', password: 'a long phrase of hers' })
    const answer = console('/v1/setup', '--cookie-jar', jar, '--header', 'content-type: application/json', '--data-binary', body)
    expect(answer).toContain('olga')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await staysIn(office)
    refused(office, /signed-in operator/)
    getsIn('office')
  }, 60_000)

  it('3 a declared proxy: a ban of it would be a ban of everybody behind it', async () => {
    await staysIn(PROXY)
    refused(PROXY, /declared proxy/)
  }, 60_000)

  it('4 the gateway', async () => {
    await staysIn(GATEWAY)
    refused(GATEWAY, /gateway/)
  }, 60_000)

  it('5 the DNS server that the machine asks', () => {
    // without a line for one it is the machine itself: resolv.conf(5)
    const server = /^nameserver\s+(\S+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '127.0.0.1'
    refused(server, /DNS server|loopback|gateway/)
  })

  it('6 an own interface, in both families', async () => {
    await staysIn(network.address('web'))
    refused(network.address('web'), /this machine/)
    refused(network.address6('web'), /this machine|operator/)
  }, 60_000)

  it('7 loopback, also as the whole of it', () => {
    refused('127.0.0.1', /loopback/)
    refused('127.0.0.0/16', /loopback/)
    refused('::1', /loopback/)
  })

  it('8 the allow-list, also for who comes as an IPv4 address within IPv6', async () => {
    await staysIn(ALLOWED)
    refused(`::ffff:${ALLOWED}`, /allow-list/)
    refused(ALLOWED, /allow-list/)
  }, 60_000)

  it('9 a /0 typo, and every other range that is too wide', () => {
    for (const wide of ['0.0.0.0/0', '::/0', '198.0.0.0/8', '203.0.113.7/0', '2001:db8::/16']) refused(wide, /too wide/)
  })

  it('10 a range that holds the operator', () => {
    refused('198.51.100.0/24', /operator|gateway|this machine/)
    refused('2001:db8:51::/48', /operator|this machine/)
  })

  it("11 a neighbour in the operator's /64: a ban of it would take him too", async () => {
    const neighbour = '2001:db8:51::99'
    failAs(neighbour)
    await alerted(neighbour)
    expect(await enforced(neighbour)).toEqual([])
    getsIn('operator')
  }, 60_000)

  it('12 a log line built to name somebody else', async () => {
    const attacker = '20.20.20.20'
    failAs(attacker, `root from ${network.address('office')} port 22 ssh2`)
    failAs(attacker, `invalid user x from ${ALLOWED} port 1 ssh2`)
    await alerted(attacker)
    expect(await host.alertsOn(ALLOWED)).toHaveLength((await host.alertsOn(ALLOWED)).filter(({ first }) => first < Date.now() - 1).length)
    expect(await enforced(network.address('office'))).toEqual([])
    getsIn('office')
  }, 60_000)

  it('13 an office behind one address: typing errors at the application cost signing in there, never the firewall', async () => {
    const nat = '20.30.40.50'
    const { token } = await host.api<{ token: string }>('/v1/sources', { body: { name: 'shop' } })
    const event = (user: string, outcome: string, i: number): Record<string, unknown> => ({
      '@timestamp': Date.now() - 5_000 + i,
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': outcome,
      'event.dataset': 'guard.login',
      'source.ip': nat,
      'user.name': user,
      'user.id': user,
    })
    const events = Array.from({ length: 60 }, (_, i) => event(`user${i % 30}`, i % 4 === 0 ? 'failure' : 'success', i * 10))
    await host.api('/v1/events', { token, body: { events } })
    await host.api('/v1/events', { token, body: { events: Array.from({ length: 8 }, (_, i) => event('user3', 'failure', 700 + i)) } })
    await alerted(nat)
    const decisions = await host.decisionsOn(nat)
    for (const decision of decisions.filter(({ mode }) => mode === 'enforce')) {
      expect(decision.scope).toBe('login')
      expect(decision.enforcers).not.toContain('nftables')
    }
    expect(host.dropped()).not.toContain(nat)
  }, 60_000)

  it('14 a ban storm: the budget is spent, what is over it is only observed, and a human is told', async () => {
    const attackers = Array.from({ length: 60 }, (_, i) => `20.50.${i}.9`)
    for (const attacker of attackers) failAs(attacker, 'root', 6)
    for (const attacker of attackers) await alerted(attacker)
    const made = (await Promise.all(attackers.map((attacker) => host.decisionsOn(attacker)))).flat()
    const binding = made.filter(({ mode }) => mode === 'enforce')
    expect(binding.length).toBeLessThanOrEqual(40)
    expect(made.length - binding.length).toBeGreaterThanOrEqual(20)
    const told = (await host.api<Page<NotificationView>>('/v1/notifications?limit=100')).items
    expect(told.some(({ kind }) => kind === 'budget')).toBe(true)
    getsIn('operator')
    getsIn('office')
  }, 120_000)

  it('15 a policy that would take half of the traffic says so before it is enforced', async () => {
    const source = `id: observe\ntitle: Everything\ndescription: A slip of the pen.\norder: 1\nmatch: { level: informational }\nrespond:\n  mode: enforce\n  memory: 1d\n  actions:\n    - { action: deny, target: ip, steps: [{ scope: all, duration: 1d }] }\n`
    const preview = await host.api<PolicyPreview>('/v1/policies/observe/preview', { body: { source } })
    expect(preview.addresses).toBeGreaterThan(10)
    expect(preview.protected).toBeGreaterThan(0)
    expect(preview.examples.some(({ outcome }) => outcome === 'protected' || outcome === 'over_budget')).toBe(true)
  }, 60_000)

  it('16 a lockdown asked for from an address that is not known is refused; the machine itself may, and sees who gets in all the same', async () => {
    const { token } = await host.api<{ token: string }>('/v1/tokens', {
      body: { name: 'remote', scopes: ['lockdown.manage'], expiresInDays: 1 },
    })
    const wish = { mode: 'all', duration: '10m' }
    const remote = await host.api<LockdownPreflight>('/v1/lockdown/preflight', { token, body: wish })
    expect(remote).toMatchObject({ ok: false, problems: [expect.stringContaining('not known from which address you work')] })
    expect(host.ask('/v1/lockdown', { token, body: { ...wish, reason: 'a test' } }).status).toBe(409)
    const preflight = await host.api<LockdownPreflight>('/v1/lockdown/preflight', { body: wish })
    expect(preflight).toMatchObject({ ok: true, problems: [] })
    expect(preflight.allowed.map(({ range }) => range)).toContain(network.address('office'))
  }, 30_000)

  it('17 a lockdown of the host keeps operators in, and ends at one word', async () => {
    await host.api('/v1/lockdown', { body: { mode: 'allow_list', duration: '10m', reason: 'a test' } })
    await eventually(() => (reaches('attacker', network.address('web'), WEB) ? undefined : true), 'strangers stay out', 20_000, 200)
    getsIn('operator')
    // he is signed in to the console from there, and the host's own list does not name him
    expect(reaches('office', network.address('web'), SSH)).toBe(true)
    host.parapet('lockdown', 'end')
    await eventually(() => (reaches('attacker', network.address('web'), WEB) ? true : undefined), 'strangers get in again', 20_000, 200)
    expect((await host.api<LockdownView>('/v1/lockdown')).current).toBeNull()
  }, 90_000)

  it('18 a lockdown that its operator can no longer reach reverts by itself, also with the server dead', async () => {
    await host.api('/v1/lockdown', { body: { mode: 'allow_list', duration: '1m', reason: 'a test' } })
    await eventually(() => (reaches('attacker', network.address('web'), WEB) ? undefined : true), 'strangers stay out', 20_000, 200)
    host.server().child.kill('SIGKILL')
    await eventually(() => (reaches('attacker', network.address('web'), WEB) ? true : undefined), 'it reverted', 180_000, 1_000)
    await host.startServer()
    expect((await host.api<LockdownView>('/v1/lockdown')).current).toBeNull()
  }, 300_000)

  it('19 an allow-list that grew lifts the bans on whom it holds', async () => {
    const attacker = network.address('attacker')
    expect(block(attacker).status).toBeLessThan(300)
    await eventually(
      () => (host.dropped().includes(attacker) ? true : undefined),
      'he is dropped, once the agent has found its server again',
      60_000,
    )
    writeFileSync(
      join(host.dataDir, 'parapet.yml'),
      `allowList: ['${ALLOWED}', '${attacker}']\ntrustedProxies: ['127.0.0.1', '${PROXY}']\nbudgets: { perMinute: 20, total: 1000 }\n`,
    )
    await host.server().stop()
    await host.startServer()
    await eventually(() => (host.dropped().includes(attacker) ? undefined : true), 'he is let in', 60_000)
    expect(reaches('attacker', network.address('web'), SSH)).toBe(true)
  }, 180_000)

  it('20 the way back in from the console of the host, with server and agent dead', async () => {
    const mine = '203.0.113.99'
    expect(block(mine).status).toBeLessThan(300)
    await eventually(() => (host.dropped().includes(mine) ? true : undefined), 'it is dropped', 10_000)
    host.agent().child.kill('SIGKILL')
    host.server().child.kill('SIGKILL')
    host.release()
    expect(() => host.dropped()).toThrow('No such file or directory')
    await host.startServer()
    await host.startAgent()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const still = ((): readonly string[] => {
      try {
        return host.dropped()
      } catch {
        return []
      }
    })()
    expect(still).not.toContain(mine)
  }, 120_000)
})
