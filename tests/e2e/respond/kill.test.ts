import { appendFileSync } from 'node:fs'
import process from 'node:process'
import type { AlertView, Decision, Page } from '@parapet/core'
import { seededRandom, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace } from '../support/control-plane.js'
import { createNetwork, type Network } from '../support/network.js'
import { eventually } from '../support/processes.js'
import { type Host, startHost } from './support/host.js'

const here = needs('root', 'network namespaces', 'nginx', 'sshd', 'nft', 'curl')
const KILLS = process.env['PARAPET_SOAK'] === '1' ? 50 : 5
const BEFORE = 12
const WHILE_DEAD = 4

describe.skipIf(!here.ok)(`server and agent, killed ${KILLS} times at random points while attackers come${here.note}`, () => {
  const place = createPlace('respond-kill')
  let network: Network
  let host: Host
  const attackers: string[] = []

  const all = async <T>(path: string): Promise<readonly T[]> => {
    const items: T[] = []
    for (let next: string | null = ''; next !== null;) {
      const page: Page<T> = await host.api<Page<T>>(`${path}&limit=200${next === '' ? '' : `&cursor=${encodeURIComponent(next)}`}`)
      items.push(...page.items)
      next = page.next
    }
    return items
  }
  /** So many attackers more, who fail six times each within a second; every third over IPv6 from a /64 of his own. */
  const attack = (count: number): void => {
    const lines: string[] = []
    for (let i = 0; i < count; i++) {
      const n = attackers.length + 1
      const attacker = n % 3 === 0 ? `2a0b:4141:${n.toString(16)}::7` : `20.${n % 200}.${Math.floor(n / 200)}.9`
      attackers.push(attacker)
      for (let failure = 0; failure < 6; failure++)
        lines.push(`${new Date().toISOString()} web-1 sshd[${n}]: Failed password for root from ${attacker} port ${4_000 + failure} ssh2\n`)
    }
    appendFileSync(host.authLog, lines.join(''))
  }
  const denied = (attacker: string): string => (attacker.includes(':') ? attacker.replace('::7', '::') : attacker)

  beforeAll(async () => {
    network = createNetwork(['web'])
    host = await startHost(network, 'web', place.path, { config: 'budgets: { perMinute: 10000, total: 100000 }\n' })
  }, 240_000)
  afterAll(async () => {
    await host?.stop()
    network?.remove()
    place.remove()
  }, 60_000)

  it(
    'loses no attacker and decides on none twice',
    async () => {
      const random = seededRandom('kill')
      for (let kill = 0; kill < KILLS; kill++) {
        attack(BEFORE)
        await new Promise((resolve) => setTimeout(resolve, Math.floor(random.next() * 2_000)))
        const victim = random.next() < 0.5 ? 'server' : 'agent'
        const { child } = host[victim]()
        child.kill('SIGKILL')
        await eventually(() => (child.signalCode === null ? undefined : true), 'it is dead')
        attack(WHILE_DEAD)
        await (victim === 'server' ? host.startServer() : host.startAgent())
      }
      const wanted = attackers.map(denied).toSorted()
      await eventually(
        () => {
          const held = new Set(host.dropped().map((text) => text.replace(/\/64$/, '')))
          return wanted.every((attacker) => held.has(attacker)) ? true : undefined
        },
        'every attacker is dropped',
        120_000,
        500,
      )
      const decisions = (await all<Decision>('/v1/decisions?state=active')).filter(
        ({ action, mode }) => action === 'deny' && mode === 'enforce',
      )
      const targets = decisions.map(({ target }) => target.value.replace(/\/64$/, '')).toSorted()
      expect(targets).toEqual(wanted)
      expect(
        host
          .dropped()
          .map((text) => text.replace(/\/64$/, ''))
          .toSorted(),
      ).toEqual(wanted)
      const alerts = await all<AlertView>('/v1/alerts?')
      expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length)
      for (const attacker of attackers) {
        const about = alerts.filter(
          ({ rule, targets: seen }) => seen.includes(attacker) && rule.tags.some((tag) => tag.startsWith('attack.t1110')),
        )
        expect(about.length, attacker).toBeGreaterThan(0)
        expect(new Set(about.map(({ rule }) => rule.id)).size, attacker).toBe(about.length)
      }
    },
    KILLS * 60_000 + 180_000,
  )
})
