import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isLimited, see, type Seen, seenOf, unusable } from '../seen/seen.js'

type Held = { readonly seen: Seen; readonly afterMs: number }
type Facts = {
  readonly before: Seen
  /** asked while all slow connections were open */
  readonly during: Seen
  readonly after: Seen
  readonly heads: readonly Held[]
  readonly bodies: readonly Held[]
  readonly bodyPath: string
}

/** How long a connection is dripped on, in ms, and how many of each kind side by side. */
const HOLD_MS = 12_500
const MANY = 6
const DRIP_MS = 900

const isOpen = ({ seen }: Held): boolean => seen.status === 0 && (seen.why?.startsWith('timeout') ?? false)
const mostOpen = (held: readonly Held[]): boolean => held.filter((one) => isOpen(one)).length * 2 > held.length
const failed = ({ seen }: Held): boolean => seen.status === 0 && /^(?:refused|garbage|capped)/.test(seen.why ?? '')

const judgeKind = (locator: string, what: string, held: readonly Held[], severity: 'medium' | 'low', control: string): ProbeVerdict => {
  const bad = held.find((one) => failed(one))
  if (bad !== undefined) return { verdict: 'error', locator, reason: `a slow ${what} could not be tried: ${bad.seen.why ?? ''}` }
  const limited = held.find(({ seen }) => isLimited(seen))
  if (limited !== undefined) return unusable(locator, limited.seen) ?? { verdict: 'error', locator, reason: 'no answer' }
  const open = held.filter((one) => isOpen(one))
  if (mostOpen(held))
    return {
      verdict: 'fail',
      locator,
      severity,
      says: `The server still waits for the rest of a ${what} after ${HOLD_MS / 1_000} s of one byte every ${DRIP_MS} ms (${open.length} of ${held.length} connections side by side)`,
      evidence: open
        .slice(0, 2)
        .map(({ seen }) => exchangeOf(seen, { note: `still open after ${HOLD_MS / 1_000} s; how much longer was not measured` })),
    }
  if (open.length > 0)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `${open.length} of ${held.length} connections with a slow ${what} were still open after ${HOLD_MS / 1_000} s, the others were ended`,
    }
  const ends = held.map(({ seen, afterMs }) => `${seen.status === 0 ? 'closed' : seen.status} after ${(afterMs / 1_000).toFixed(1)} s`)
  return {
    verdict: 'pass',
    locator,
    control: `${control}; ${held.length} slow connections ended: ${[...new Set(ends)].slice(0, 4).join(', ')}`,
  }
}

/** Heads and bodies that come a byte at a time: the server must end them, and serve others meanwhile. Sources: CWE-400; ASVS 13.2.6. */
export const slowBody: Probe = defineProbe<Facts>({
  id: 'CFG-006',
  name: 'slow-body',
  family: 'exposure',
  title: 'Slow requests are waited for without end',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 400,
  asvs: ['13.2.6'],
  needs: [],
  why: 'One laptop that sends a byte now and then keeps every connection of the server busy.',
  fix: 'Give requests a time: Node `createServer({ headersTimeout: 8_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 })`, nginx `client_header_timeout` and `client_body_timeout`.',
  pace: 'loud',
  collect: async (context) => {
    const { clock, target } = context
    const { host } = new URL(context.publicOrigin)
    const bodyPath = target.signIn?.request.path ?? '/'
    const before = await see(context.client({ name: 'an honest visitor' }), { path: '/' }, 100)
    const hold = async (method: string, path: string, bytes: string): Promise<Held> => {
      const client = context.client({ name: 'a slow visitor' })
      const from = clock()
      const answer = await client.sendRaw(bytes, { timeoutMs: HOLD_MS, drip: { text: 'a', everyMs: DRIP_MS } })
      return { seen: seenOf(client.name, { method, path }, answer, 300), afterMs: clock() - from }
    }
    const start = `Host: ${host}\r\nUser-Agent: slow\r\n`
    const heads = Array.from({ length: MANY }, () => hold('GET', '/', `GET / HTTP/1.1\r\n${start}X-Slow: a`))
    const bodies = Array.from({ length: MANY }, () =>
      hold(
        'POST',
        bodyPath,
        `POST ${bodyPath} HTTP/1.1\r\n${start}Origin: ${context.publicOrigin}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\nx=a`,
      ),
    )
    await context.sleep(2_500)
    const during = await see(context.client({ name: 'an honest visitor' }), { path: '/', timeoutMs: 8_000 }, 100)
    const [headsHeld, bodiesHeld] = [await Promise.all(heads), await Promise.all(bodies)]
    const after = await see(context.client({ name: 'an honest visitor' }), { path: '/' }, 100)
    return { before, during, after, heads: headsHeld, bodies: bodiesHeld, bodyPath }
  },
  judge: ({ before, during, after, heads, bodies, bodyPath }) => {
    const noControl = unusable('/', before)
    if (noControl !== undefined) return [noControl]
    const kept: readonly ProbeVerdict[] =
      during.status === 0 && /^(?:timeout|reset|refused)/.test(during.why ?? '')
        ? [
            {
              verdict: 'fail',
              severity: 'high',
              locator: '/',
              says: `While ${heads.length + bodies.length} slow connections were open, an honest visitor got no answer within 8 s (before: ${before.waitMs} ms)`,
              evidence: [exchangeOf(before), exchangeOf(during)],
            },
          ]
        : []
    const gone = kept.length > 0 ? undefined : (unusable('/', during) ?? unusable('/', after))
    if (gone !== undefined) return [gone]
    const control = `an honest visitor was served before (${before.waitMs} ms), during (${during.waitMs} ms) and after (${after.waitMs} ms)`
    const [head, place] = [judgeKind('/ (slow head)', 'head', heads, 'medium', control), `${bodyPath} (slow body)`]
    // a body may rightly take longer than is measured here, and where heads have a time, bodies are likely to have one: no more than a note
    if (head.verdict === 'pass' && mostOpen(bodies))
      return [
        ...kept,
        head,
        {
          verdict: 'fail',
          severity: 'info',
          locator: place,
          says: `A slow body was still waited for after ${HOLD_MS / 1_000} s; longer was not measured. Heads are ended in time; keep requestTimeout at 30 s or below`,
          evidence: bodies.slice(0, 1).map(({ seen }) => exchangeOf(seen)),
        },
      ]
    return [...kept, head, judgeKind(place, 'body', bodies, 'low', control)]
  },
})
