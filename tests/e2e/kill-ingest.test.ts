import { join } from 'node:path'
import { freePort, PLANTED, PLANTED_LINE, seededRandom } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { api, type ControlPlane, createPlace, createSource, startControlPlane } from './support/control-plane.js'
import { eventually } from './support/processes.js'

type Page<T> = { readonly items: readonly T[]; readonly next: string | null }
type Ingested = { readonly accepted: number; readonly duplicates: number; readonly rejected: readonly unknown[] }

const KILLS = process.env['PARAPET_SOAK'] === undefined ? 10 : 50
const BATCH = 40

/** Event `n` of the run: every attacker fails five times in a row, so that each makes exactly one alert. */
const eventOf = (n: number, startedAt: number): Record<string, unknown> => ({
  '@timestamp': startedAt + n * 10,
  'event.id': `kill-${startedAt}-${n}`,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': 'failure',
  'event.dataset': 'test',
  'source.ip': `198.18.${Math.floor(n / 5 / 250)}.${(Math.floor(n / 5) % 250) + 1}`,
  'user.name': `user${Math.floor(n / 5)}`,
  'user.email': PLANTED.email,
  message: PLANTED_LINE,
})

const allPages = async <T>(url: string, token: string): Promise<T[]> => {
  const items: T[] = []
  for (let next: string | null = ''; next !== null;) {
    const page: Page<T> = await api(`${url}&limit=200${next === '' ? '' : `&cursor=${encodeURIComponent(next)}`}`, { token })
    items.push(...page.items)
    next = page.next
  }
  return items
}

describe('a control plane that is killed again and again during ingest', () => {
  const place = createPlace('kill')
  let control: ControlPlane | undefined

  afterAll(async () => {
    await control?.stop()
    place.remove()
  }, 60_000)

  it(`keeps every acknowledged event and detects each once, over ${KILLS} times kill -9`, async () => {
    const random = seededRandom(20261121).next
    const dataDir = join(place.path, 'data')
    const port = await freePort()
    const startedAt = Date.now() - 60_000
    const acknowledged = new Set<string>()
    let next = 0
    let [token, source] = ['', '']

    const start = async (): Promise<void> => {
      control = await startControlPlane({ dataDir, port })
    }
    /** sends one batch; an unanswered one is sent again later under the same ids, as a client does */
    const send = async (from: number): Promise<void> => {
      const batch = Array.from({ length: BATCH }, (_, i) => eventOf(from + i, startedAt))
      const answer = await api<Ingested>(`http://localhost:${port}/v1/events`, { token: source, body: batch })
      expect(answer.rejected).toEqual([])
      expect(answer.accepted + answer.duplicates).toBe(BATCH)
      for (const event of batch) acknowledged.add(String(event['event.id']))
    }

    await start()
    ;({ admin: token, source } = await createSource(`http://localhost:${port}`, dataDir))
    for (let kill = 0; kill < KILLS; kill++) {
      const running = control
      const killAt = Date.now() + 50 + Math.floor(random() * 400)
      setTimeout(() => running?.child.kill('SIGKILL'), killAt - Date.now())
      let open: number[] = []
      while (running?.child.exitCode === null && running.child.signalCode === null) {
        const starts = open.length > 0 ? open : [next, next + BATCH, next + 2 * BATCH]
        if (open.length === 0) next += 3 * BATCH
        const results = await Promise.allSettled(starts.map(send))
        open = starts.filter((_, i) => results[i]?.status === 'rejected')
        if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      }
      await start()
      for (const from of open) await send(from)
    }

    expect(acknowledged.size).toBe(next)
    const stored = await allPages<{ event: { 'event.id': string } }>(
      `http://localhost:${port}/v1/events?since=${startedAt - 86_400_000}`,
      token,
    )
    const ids = stored.map(({ event }) => event['event.id'])
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual([...acknowledged].toSorted())

    const attackers = next / 5
    const alerts = await eventually(
      async () => {
        const all = await allPages<{ rule: { title: string }; group: Record<string, string>; count: number }>(
          `http://localhost:${port}/v1/alerts?since=${startedAt - 86_400_000}`,
          token,
        )
        const found = all.filter((alert) => alert.rule.title === 'Brute force from one address')
        return new Set(found.map((alert) => alert.group['source.ip'])).size >= attackers ? found : undefined
      },
      'an alert for every attacker',
      30_000,
      2_000,
    )
    expect(alerts.every((alert) => alert.count === 5)).toBe(true)
    expect(alerts.length).toBe(attackers)
    expect(new Set(alerts.map((alert) => alert.group['source.ip'])).size).toBe(attackers)
  }, 240_000)
})
