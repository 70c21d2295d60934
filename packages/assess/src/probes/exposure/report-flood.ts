import { defineProbe, type Probe } from '../../probe.js'
import { exchangeOf, isLimited, isOk, see, type Seen, seenOf, unusable } from '../seen/seen.js'

type Facts = {
  readonly path: string
  readonly honest: Seen
  /** a body said to be 5 MiB, of which only the first part was sent: an answer now means that the rest is not wanted */
  readonly begun: Seen
  /** a whole body of 5 MiB */
  readonly big: Seen
  /** one body of very many reports */
  readonly many: Seen
  readonly burst: { readonly sent: number; readonly statuses: Readonly<Record<string, number>>; readonly slowestMs: number }
  readonly after: Seen
}

const SIZE = 5 * 1_048_576
const BEGUN = 1_048_576
const POSTS = 300
const TYPE = 'application/csp-report'

const report = (padding: number): string =>
  JSON.stringify({
    'csp-report': {
      'document-uri': 'https://target.example/',
      'violated-directive': 'script-src',
      'effective-directive': 'script-src',
      'blocked-uri': 'https://blocked.example/x.js',
      'original-policy': `script-src 'self'${' '.repeat(padding)}`,
      disposition: 'enforce',
    },
  })

const manyReports = (count: number): string =>
  `[${Array.from({ length: count }, (_, i) => `{"type":"csp-violation","age":1,"url":"https://target.example/${i}","body":{"effectiveDirective":"script-src","blockedURL":"https://blocked.example/${i}"}}`).join(',')}]`

/** The end of reports that anybody may call: big bodies, many reports, bursts. What it drops inside cannot be seen from here. Sources: CSP3; CWE-770. */
export const reportFlood: Probe = defineProbe<Facts>({
  id: 'CFG-027',
  name: 'report-flood',
  family: 'exposure',
  title: 'The collector of reports takes any amount',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 770,
  asvs: ['3.4.7'],
  needs: ['reports'],
  why: 'Nobody signs in to send a report: whoever likes fills the memory, the disk or the inbox behind it.',
  fix: 'Read at most 64 KiB, a few dozen entries and some reports a minute from one address and from all; answer 204 and drop the rest.',
  pace: 'loud',
  collect: async (context) => {
    const path = context.target.reports ?? '/'
    const sender = context.client({ name: 'a browser' })
    const post = (body: string, type = TYPE): Promise<Seen> =>
      see(sender, { method: 'POST', path, body, headers: { 'content-type': type }, timeoutMs: 12_000 }, 300)
    const honest = await post(report(0))
    const { host } = new URL(context.publicOrigin)
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${context.publicOrigin}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: ${TYPE}\r\nContent-Length: ${SIZE}\r\n\r\n`
    const flooder = context.client({ name: 'a flooder' })
    const begun = seenOf(
      flooder.name,
      { method: 'POST', path },
      await flooder.sendRaw(head + report(SIZE).slice(0, BEGUN), { timeoutMs: 3_000 }),
      300,
    )
    const big = await see(flooder, { method: 'POST', path, body: report(SIZE), headers: { 'content-type': TYPE }, timeoutMs: 12_000 }, 300)
    const many = await see(
      flooder,
      { method: 'POST', path, body: manyReports(20_000), headers: { 'content-type': 'application/reports+json' }, timeoutMs: 12_000 },
      300,
    )
    const statuses: Record<string, number> = {}
    let slowestMs = 0
    for (let sent = 0; sent < POSTS; sent += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          see(flooder, { method: 'POST', path, body: report(10), headers: { 'content-type': TYPE }, timeoutMs: 8_000 }, 0),
        ),
      )
      for (const { status, waitMs } of answers) {
        statuses[String(status)] = (statuses[String(status)] ?? 0) + 1
        slowestMs = Math.max(slowestMs, waitMs)
      }
    }
    return { path, honest, begun, big, many, burst: { sent: POSTS, statuses, slowestMs }, after: await post(report(0)) }
  },
  judge: ({ path: locator, honest, begun, big, many, burst, after }) => {
    const noControl = unusable(locator, honest)
    if (noControl !== undefined) return [noControl]
    if (!isOk(honest))
      return [
        {
          verdict: 'inconclusive',
          locator,
          reason: `an honest report is answered with ${honest.status}: declare as "reports" the path where browsers send them`,
        },
      ]
    const waitsForAll = begun.status === 0 && (begun.why?.startsWith('timeout') ?? false)
    if (isOk(big) && waitsForAll)
      return [
        {
          verdict: 'fail',
          locator,
          says: `${locator} reads a report of 5 MiB to its end and takes it (${big.status}): after the first MiB it still waited for the rest`,
          evidence: [exchangeOf(begun, { note: '1 MiB of 5 MiB sent: no answer for 3 s' }), exchangeOf(big, { note: '5 MiB' })],
        },
      ]
    const failures = Object.entries(burst.statuses).filter(([status]) => Number(status) >= 500 && status !== '503')
    if (failures.length > 0 || after.status >= 500 || (after.status === 0 && after.why?.startsWith('timeout')))
      return [
        {
          verdict: 'fail',
          locator,
          says: `${locator} breaks under ${burst.sent} reports (${Object.entries(burst.statuses)
            .map(([status, count]) => `${count} times ${status}`)
            .join(', ')}; afterwards ${after.status})`,
          evidence: [exchangeOf(honest), exchangeOf(after)],
        },
      ]
    if (many.status >= 500 && !isLimited(many))
      return [
        {
          verdict: 'fail',
          severity: 'low',
          locator,
          says: `${locator} breaks with ${many.status} on a body of 20,000 reports`,
          evidence: [exchangeOf(many, { around: 0 })],
        },
      ]
    const gone = [big, many, after].find(({ status, why }) => status === 0 && !why?.startsWith('reset'))
    if (gone !== undefined) return [{ verdict: 'error', locator, reason: `a report got no answer (${gone.why ?? ''})` }]
    const counted = Object.entries(burst.statuses).map(([status, count]) => `${count} times ${status === '0' ? 'closed' : status}`)
    return [
      {
        verdict: 'pass',
        locator,
        control: `an honest report was taken (${honest.status}); of 5 MiB ${begun.status === 0 ? 'nothing more was read' : `the first MiB was answered at once (${begun.status})`}, the whole: ${big.status === 0 ? 'cut off' : big.status}; ${burst.sent} reports: ${counted.join(', ')}. What it keeps of them shows only in its own figures`,
      },
    ]
  },
})
