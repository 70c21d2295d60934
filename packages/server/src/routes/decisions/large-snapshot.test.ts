import { createDecisionSet, type Decision, HOUR } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'

const MANY = 20_000

let t: TestApp
let url: string
beforeAll(async () => {
  t = await createTestApp()
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  url = `http://127.0.0.1:${(t.app.server.address() as { port: number }).port}/v1/decisions/stream`
  for (let from = 0; from < MANY; from += 5_000)
    await t.services.decisions.create(
      Array.from({ length: 5_000 }, (_, n) => ({
        id: `d-${from + n}`,
        target: { kind: 'ip' as const, value: `10.${(from + n) >> 16}.${((from + n) >> 8) & 255}.${(from + n) & 255}` },
        action: 'deny' as const,
        scope: 'all' as const,
        mode: 'enforce' as const,
        reason: `many requests in a short time from an address that nobody knows, number ${from + n}`,
        author: { kind: 'policy' as const, id: 'brute-force', name: 'Brute force' },
        batch: 'b',
        startsAt: t.now(),
        expiresAt: t.now() + HOUR,
      })),
    )
}, 120_000)
afterAll(() => t.close())

type Message = { event: string; id: string | undefined; data: { decisions: Decision[]; more?: boolean } & Decision }

/** Reads messages until `enough` says so; `pause` makes the reader slow. */
const read = async (headers: Record<string, string>, enough: (message: Message) => boolean, pause = 0): Promise<Message[]> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${t.local}`, ...headers } })
  const messages: Message[] = []
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const data = field('data')
      if (data === undefined) continue
      const message = { event: field('event') ?? '', id: field('id'), data: JSON.parse(data) as Message['data'] }
      messages.push(message)
      // leaving the loop cancels the body, which ends the connection
      if (enough(message)) return messages
    }
    if (pause > 0) await new Promise((done) => setTimeout(done, pause))
  }
  throw new Error('the stream ended')
}
const isWhole = ({ event, data }: Message): boolean => event === 'snapshot' && data.more !== true

describe('a snapshot of twenty thousand decisions', () => {
  it('reaches a client whole, in parts, of which only the last can be resumed from', async () => {
    const messages = await read({}, isWhole)
    const last = messages.at(-1)
    expect(messages.length).toBeGreaterThan(10)
    expect(messages.slice(0, -1).every(({ event, id, data }) => event === 'snapshot' && id === undefined && data.more === true)).toBe(true)
    expect([last?.id, last?.data.more]).toEqual([String(MANY), undefined])
    expect(new Set(messages.flatMap(({ data }) => data.decisions.map(({ id }) => id))).size).toBe(MANY)
  })

  /** another try lifts two others */
  let tries = 0
  it('reaches a slow client too, and what is decided and lifted meanwhile is right at the end', async () => {
    tries++
    const [early, late] = [tries, MANY - tries]
    const set = createDecisionSet()
    const parts: Decision[] = []
    let lifted = false
    const messages = await read(
      {},
      (message) => {
        if (message.event === 'snapshot') {
          parts.push(...message.data.decisions)
          if (message.data.more !== true) set.reset(parts)
        } else set.apply(message.data)
        if (!lifted) {
          lifted = true
          const by = { kind: 'cli' as const, id: 'test' }
          // one that was sent already and one that is still to be read
          void t.services.decisions.lift([`d-${early}`, `d-${late}`], by, 'undo', t.now())
        }
        return message.event === 'decision' && message.data.id === `d-${late}`
      },
      2,
    )
    expect(messages.filter(({ event }) => event === 'decision').map(({ data }) => [data.id, data.lifted?.reason])).toEqual([
      [`d-${early}`, 'undo'],
      [`d-${late}`, 'undo'],
    ])
    expect(set.match({ address: `10.0.0.${early}` }, t.now())).toEqual([])
    expect(set.match({ address: `10.0.0.${early + 1}` }, t.now())).toHaveLength(1)
    expect(set.size).toBe(MANY - 2 * tries)
  }, 60_000)

  it('is not sent to one who comes back a few thousand changes behind: the changes are, past the buffer', async () => {
    const head = MANY + 2 * tries
    const messages = await read({ 'last-event-id': String(MANY - 4_000) }, ({ id }) => id === String(head), 2)
    expect(messages.every(({ event }) => event === 'decision')).toBe(true)
    expect(messages.map(({ id }) => Number(id))).toEqual(Array.from({ length: 4_000 + 2 * tries }, (_, n) => MANY - 4_000 + 1 + n))
  })

  it('leaves no stream behind for clients that go before they had it all', async () => {
    await expect.poll(() => t.services.streams.size).toBe(0)
    for (let n = 0; n < 5; n++) {
      const abort = new AbortController()
      const response = await fetch(url, { headers: { authorization: `Bearer ${t.local}` }, signal: abort.signal })
      expect(response.status).toBe(200)
      abort.abort()
    }
    await expect.poll(() => t.services.streams.size, { timeout: 5_000 }).toBe(0)
  })
})
