import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Decision, LockdownView, PolicyView } from '@parapet/core'
import { findProgram, needs } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPlace } from '../support/control-plane.js'
import { createNetwork, type Network } from '../support/network.js'
import { eventually, run } from '../support/processes.js'
import { type Host, type Knocking, knockFrom, SSH, startHost, WEB } from './support/host.js'

const here = needs('root', 'network namespaces', 'nginx', 'sshd', 'nft', 'hydra', 'curl')

/** From the alert to the first connection that is not answered, ms: knocks come every 40 ms and wait a quarter of a second. */
const WITHIN = 1_000

/** Where each attacker over IPv6 comes from: a /64 of his own, all of which a ban takes. */
const OWN6 = { ssh6: '2001:db8:66::1', http6: '2001:db8:66:1::1' } as const

describe.skipIf(!here.ok)(`attackers of a host are dropped by its firewall, and let in again${here.note}`, () => {
  const place = createPlace('respond-host')
  let network: Network
  let host: Host
  const knockers: Knocking[] = []
  const figures: string[] = []

  const target = (family: 4 | 6, port: number): string => `${family === 4 ? network.address('web') : network.address6('web')}|${port}`
  const knock = async (name: string, ...targets: readonly string[]): Promise<Knocking> => {
    const knocking = await knockFrom(network, name, targets)
    knockers.push(knocking)
    return knocking
  }
  const closed = async (knocking: Knocking, to: string): Promise<number> =>
    eventually(() => knocking.since(to, 'closed'), `${to} is closed`, 20_000)
  const open = async (knocking: Knocking, to: string): Promise<number> =>
    eventually(
      () => {
        const since = knocking.since(to, 'open')
        return since !== undefined && Date.now() - since > 400 ? since : undefined
      },
      `${to} is open`,
      20_000,
    )

  const guessAtSsh = (name: string, family: 4 | 6): void => {
    const passwords = join(place.path, 'passwords')
    writeFileSync(passwords, Array.from({ length: 12 }, (_, i) => `guess-${i}`).join('\n'))
    const [command, ...prefix] = network.on(name)
    try {
      run(
        'timeout', '15', command, ...prefix, findProgram('hydra') ?? 'hydra', ...(family === 6 ? ['-6'] : []), '-I', '-l', 'root', '-P', passwords,
        '-t', '4', '-w', '3', '-o', join(place.path, 'found'), `ssh://${family === 4 ? network.address('web') : `[${network.address6('web')}]`}`,
      ) // prettier-ignore
    } catch {
      // it is cut off, which is what this is about
    }
  }
  const probeWeb = (name: string, family: 4 | 6): void => {
    const [command, ...prefix] = network.on(name)
    const site = family === 4 ? network.address('web') : `[${network.address6('web')}]`
    const paths = [
      '/.env',
      '/.git/config',
      '/wp-config.php.bak',
      '/../../etc/passwd',
      '/?q=1%27%20OR%201=1--',
      '/backup.sql',
      '/.aws/credentials',
      '/id_rsa',
    ]
    for (const path of paths) {
      try {
        run(command, ...prefix, 'curl', '--silent', '--max-time', '1', '--path-as-is', '--output', '/dev/null', `http://${site}${path}`)
      } catch {
        return
      }
    }
  }

  beforeAll(async () => {
    network = createNetwork(['web', 'ssh4', 'ssh6', 'http4', 'http6', 'honest'])
    for (const [name, own] of Object.entries(OWN6)) {
      const [command, ...prefix] = network.on(name)
      run(command, ...prefix, 'ip', '-6', 'address', 'add', `${own}/128`, 'dev', 'lo')
      run(command, ...prefix, 'ip', '-6', 'route', 'add', '2001:db8:51::10/128', 'dev', 'eth0', 'src', own)
      const [web, ...onWeb] = network.on('web')
      run(web, ...onWeb, 'ip', '-6', 'route', 'add', `${own}/128`, 'via', network.address6(name))
    }
    host = await startHost(network, 'web', place.path)
  }, 240_000)

  // who goes on knocking at sshd without a word is an attacker by himself
  afterEach(async () => {
    for (const { program } of knockers.splice(0)) await program.stop()
  })
  afterAll(async () => {
    await host?.stop()
    network?.remove()
    place.remove()
    process.stdout.write(`${figures.map((line) => `  ${line}`).join('\n')}\n`)
  }, 60_000)

  for (const [name, family] of [
    ['ssh4', 4],
    ['ssh6', 6],
  ] as const) {
    it(`drops who guesses passwords at sshd over IPv${family} within a second of the alert, and nobody else`, async () => {
      const attacker = family === 4 ? network.address(name) : OWN6.ssh6
      const knocking = await knock(name, target(family, SSH))
      const honest = await knock('honest', target(family, SSH))
      await open(knocking, target(family, SSH))
      guessAtSsh(name, family)
      const shut = await closed(knocking, target(family, SSH))
      const [alert] = await eventually(async () => {
        const found = await host.alertsOn(attacker)
        return found.length > 0 ? found : undefined
      }, 'an alert')
      const [decision] = await host.decisionsOn(attacker)
      expect(decision).toMatchObject({ action: 'deny', scope: 'all', mode: 'enforce' })
      const after = shut - (decision?.startsAt ?? 0)
      figures.push(`sshd over IPv${family}: dropped ${after} ms after the decision, alert of ${alert?.rule.id ?? '?'}`)
      expect(after).toBeLessThan(WITHIN)
      expect(honest.since(target(family, SSH), 'closed')).toBeUndefined()
    }, 90_000)
  }

  it('only observes what probes the web server until its policy is promoted, and shows what it would have done', async () => {
    const knocking = await knock('http4', target(4, WEB))
    probeWeb('http4', 4)
    const [decision] = await eventually(async () => {
      const found = await host.decisionsOn(network.address('http4'))
      return found.length > 0 ? found : undefined
    }, 'what would have been done')
    expect(decision?.mode).toBe('observe')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(knocking.since(target(4, WEB), 'closed')).toBeUndefined()
    expect(host.dropped()).not.toContain(network.address('http4'))
  }, 60_000)

  it('drops who probes the web server within a second of the alert once the policy is enforced, over IPv4 and IPv6', async () => {
    const { items } = await host.api<{ items: readonly PolicyView[] }>('/v1/policies')
    expect(items.find(({ id }) => id === 'observe')?.mode).toBe('observe')
    await host.api('/v1/policies/observe/mode', { method: 'PUT', body: { mode: 'enforce' } })
    for (const family of [6, 4] as const) {
      const name = family === 4 ? 'http4' : 'http6'
      const knocking = await knock(name, target(family, WEB))
      await open(knocking, target(family, WEB))
      // something that has not been told before: an alert that goes on has been answered
      probeWeb(name, family)
      const shut = await closed(knocking, target(family, WEB))
      const attacker = family === 4 ? network.address(name) : OWN6.http6
      const enforced = (await host.decisionsOn(attacker)).filter(({ mode }) => mode === 'enforce')
      const after = shut - Math.min(...enforced.map(({ startsAt }) => startsAt))
      figures.push(`nginx over IPv${family}: dropped ${after} ms after the decision`)
      expect(after).toBeLessThan(WITHIN)
    }
  }, 120_000)

  it('lets them in again when they are unblocked', async () => {
    for (const [name, family, attacker] of [
      ['ssh4', 4, network.address('ssh4')],
      ['ssh6', 6, OWN6.ssh6],
    ] as const) {
      const knocking = await knock(name, target(family, SSH))
      await closed(knocking, target(family, SSH))
      host.parapet('unblock', attacker, '--reason', 'a test')
      const at = Date.now()
      const since = await open(knocking, target(family, SSH))
      figures.push(`IPv${family}: open again ${since - at} ms after unblock`)
    }
  }, 60_000)

  it('puts back what a foreign flush of the ruleset took, and says so', async () => {
    const attacker = network.address('http4')
    expect(host.dropped()).toContain(attacker)
    host.on('nft', 'flush', 'ruleset')
    const flushed = Date.now()
    await eventually(
      () => {
        try {
          return host.dropped().includes(attacker) ? true : undefined
        } catch {
          return undefined
        }
      },
      'the ban is back',
      10_000,
    )
    figures.push(`repaired ${Date.now() - flushed} ms after nft flush ruleset`)
    const report = await eventually(
      async () => {
        const enforcer = await host.enforcer('nftables')
        return (enforcer?.repairs.length ?? 0) > 0 ? enforcer : undefined
      },
      'the repair is shown',
      30_000,
    )
    expect(report.state).toBe('in_step')
    expect(report.held).toBe(report.wanted)
  }, 60_000)

  it('says why an address is dropped, back to the lines of the log', () => {
    const said = host.parapet('why', network.address('http4'))
    expect(said).toContain('blocked')
    expect(said).toMatch(/\.env|\.git|etc\/passwd/)
  })

  it('ends a lockdown that nobody confirms, and one whose confirmation lapses', async () => {
    const start = async (): Promise<void> => {
      await host.api('/v1/lockdown', { body: { mode: 'read_only', duration: '1m', reason: 'a test' } })
    }
    const latest = async (): Promise<LockdownView> => host.api<LockdownView>('/v1/lockdown')
    await start()
    expect((await latest()).current).toMatchObject({ mode: 'read_only', endedAt: null })
    const never = await eventually(
      async () => {
        const view = await latest()
        return view.current === null ? view.latest[0] : undefined
      },
      'it ends by itself',
      150_000,
      1_000,
    )
    expect(never?.endedWhy).toBe('not_confirmed')
    await start()
    await host.api('/v1/lockdown/confirm', { method: 'POST', body: {} })
    const lapsed = await eventually(
      async () => {
        const view = await latest()
        return view.current === null ? view.latest[0] : undefined
      },
      'its confirmation lapses',
      150_000,
      1_000,
    )
    expect(lapsed).toMatchObject({ endedWhy: 'confirmation_lapsed', confirmations: 1 })
    const decisions = (await host.api<{ items: readonly Decision[] }>('/v1/decisions?state=active&limit=200')).items
    expect(decisions.filter(({ action }) => action === 'lockdown')).toEqual([])
  }, 330_000)

  it('goes on dropping when server and agent are dead, and lets go by itself when the time is over', async () => {
    await host.api('/v1/decisions', {
      body: {
        target: { kind: 'ip', value: network.address('honest') },
        action: 'deny',
        scope: 'all',
        duration: '1m',
        reason: 'for a minute',
      },
    })
    const knocking = await knock('honest', target(4, WEB))
    const from = await closed(knocking, target(4, WEB))
    host.agent().child.kill('SIGKILL')
    host.server().child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(knocking.since(target(4, WEB), 'closed')).toBe(from)
    const again = await eventually(() => knocking.since(target(4, WEB), 'open'), 'the kernel lets go', 90_000, 500)
    figures.push(`with server and agent dead: dropped for ${Math.round((again - from) / 1_000)} s of 60`)
    expect(again - from).toBeGreaterThan(50_000)
    await host.startServer()
    await host.startAgent()
  }, 240_000)
})
