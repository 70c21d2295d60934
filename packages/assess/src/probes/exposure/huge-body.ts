import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import type { ProbeVerdict } from '../../verdict.js'
import { fillRequest } from '../../target/fill.js'
import { createCrowd, exchangeOf, isLimited, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Facts = {
  /** an honest request, and the same one made huge in several ways */
  readonly bodies: readonly {
    readonly place: string
    readonly honest: Seen
    readonly huge: readonly { readonly how: string; readonly seen: Seen }[]
  }[]
  readonly home: Seen
  readonly long: readonly { readonly how: string; readonly seen: Seen }[]
  readonly after: Seen
}

const SIZE = 12 * 1_048_576
const WAIT_MS = 12_000
const LONG = 200_000

/**
 * The honest request, grown to 12 MiB without a change of what it says: white space behind JSON’s brace, one more field in a form. So
 * nothing but a limit of size can refuse it.
 */
export const grown = (request: ProbeRequest, size: number = SIZE): { readonly type: string; readonly body: string } => {
  if (request.json !== undefined || request.form === undefined) {
    const text = JSON.stringify(request.json ?? {})
    return { type: 'application/json', body: `${text.slice(0, 1)}${' '.repeat(size)}${text.slice(1)}` }
  }
  return { type: 'application/x-www-form-urlencoded', body: `${new URLSearchParams(request.form).toString()}&padding=${'A'.repeat(size)}` }
}

/** Answers that only come from a program that has read and weighed the body. */
const isWeighed = ({ status }: Seen): boolean => (status >= 200 && status < 400) || status === 401 || status === 422

const judgeBody = ({ place: locator, honest, huge }: Facts['bodies'][number]): ProbeVerdict => {
  const accepted = huge.find(
    ({ seen }) => (seen.status >= 200 && seen.status < 400) || (isWeighed(honest) && seen.status === honest.status),
  )
  if (accepted !== undefined)
    return {
      verdict: 'fail',
      locator,
      says: `${locator} reads a body of 12 MiB (${accepted.how}) to its end and answers ${accepted.seen.status} as to a small one`,
      evidence: [exchangeOf(honest, { note: 'the honest request' }), exchangeOf(accepted.seen, { note: `12 MiB, ${accepted.how}` })],
    }
  const waiting = huge.find(({ seen }) => seen.status === 0 && seen.why?.startsWith('timeout'))
  if (waiting !== undefined)
    return {
      verdict: 'fail',
      locator,
      says: `${locator} neither answers nor closes within ${WAIT_MS / 1_000} s after a body of 12 MiB (${waiting.how})`,
      evidence: [exchangeOf(waiting.seen)],
    }
  const noControl = unusable(locator, honest)
  if (noControl !== undefined) return noControl
  const limited = huge.find(({ seen }) => isLimited(seen))
  if (limited !== undefined) return unusable(locator, limited.seen) ?? { verdict: 'error', locator, reason: 'no answer' }
  const gone = huge.find(({ seen }) => seen.status === 0 && !seen.why?.startsWith('reset'))
  if (gone !== undefined) return { verdict: 'error', locator, reason: `after 12 MiB (${gone.how}): ${gone.seen.why ?? 'no answer'}` }
  if (!isWeighed(honest))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the honest request is refused (${honest.status}), so that nothing can be told of a huge one: declare one that works`,
    }
  const broken = huge.find(({ seen }) => seen.status >= 500)
  if (broken !== undefined)
    return {
      verdict: 'fail',
      severity: 'low',
      locator,
      says: `${locator} breaks with ${broken.seen.status} on a body of 12 MiB (${broken.how}) instead of refusing it with 413`,
      evidence: [exchangeOf(honest), exchangeOf(broken.seen, { around: 0 })],
    }
  const ends = huge.map(({ how, seen }) => `${how}: ${seen.status === 0 ? 'closed' : seen.status}`).join(', ')
  return { verdict: 'pass', locator, control: `the same request in small was answered (${honest.status}); ${ends}` }
}

/** Bodies of 12 MiB with and without a length, addresses and headers of 200,000 characters. Sources: ASVS 4.2.5, 5.2.1; CWE-770. */
export const hugeBody: Probe = defineProbe<Facts>({
  id: 'CFG-006',
  name: 'huge-body',
  family: 'exposure',
  title: 'Bodies of any size are read',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 770,
  asvs: ['4.2.5', '5.2.1'],
  needs: [],
  why: 'A few requests that are read into memory whole take the server down; nobody needs an account for that.',
  fix: 'Limit bodies where they are parsed (`express.json({ limit: "100kb" })`, nginx `client_max_body_size`) and answer 413; uploads get a limit of their own.',
  pace: 'loud',
  collect: async (context) => {
    const { target, random } = context
    const nobody = createCrowd(context, 'an anonymous visitor')
    const bodies: Facts['bodies'][number][] = []
    const tryAt = async (asker: Pick<ProbeClient, 'name' | 'send'>, request: ProbeRequest): Promise<void> => {
      const honest = await see(asker, request, 500)
      const { type, body } = grown(request)
      const huge: Facts['bodies'][number]['huge'][number][] = []
      for (const [how, more] of [
        ['with its length', {}],
        ['in chunks', { 'transfer-encoding': 'chunked' }],
      ] as const)
        huge.push({
          how,
          seen: await see(
            asker,
            { method: request.method ?? 'POST', path: request.path, body, headers: { 'content-type': type, ...more }, timeoutMs: WAIT_MS },
            500,
          ),
        })
      bodies.push({ place: request.path, honest, huge })
    }
    const name = madeUp(random)
    if (target.signIn !== undefined)
      await tryAt(nobody, fillRequest(target.signIn.request, { name, password: name, code: '000000', nonce: name }))
    const writes = (target.writes ?? []).slice(0, 3)
    if (writes.length > 0 && target.accounts?.a !== undefined && target.signIn !== undefined) {
      const owner = await context.signedIn('a', { name: 'account a' })
      for (const { request } of writes)
        if (request.form !== undefined || request.json !== undefined)
          await tryAt(owner, fillRequest(request, { name: target.accounts.a.name, nonce: name }))
    }
    const home = await see(nobody, { path: '/' }, 100)
    const long = [
      { how: 'a long address', seen: await see(nobody, { path: `/?x=${'a'.repeat(LONG)}` }, 100) },
      { how: 'a long header', seen: await see(nobody, { path: '/', headers: { 'x-long': 'a'.repeat(LONG) } }, 100) },
    ]
    return { bodies, home, long, after: await see(nobody, { path: '/' }, 100) }
  },
  judge: ({ bodies, home, long, after }) => [
    ...bodies.map((body) => judgeBody(body)),
    ...long.map(({ how, seen }): ProbeVerdict => {
      const locator = `/ (${how})`
      const noControl = unusable(locator, home) ?? unusable(locator, after)
      if (isOk(seen) && isOk(home))
        return {
          verdict: 'fail',
          severity: 'low',
          locator,
          says: `/ takes ${how} of ${LONG.toLocaleString('en')} characters and answers ${seen.status}`,
          evidence: [exchangeOf(home), exchangeOf({ ...seen, url: '/' }, { note: how })],
        }
      if (noControl !== undefined) return noControl
      if (isLimited(seen)) return unusable(locator, seen) ?? { verdict: 'error', locator, reason: 'no answer' }
      if (seen.status === 0 && !seen.why?.startsWith('reset')) return { verdict: 'error', locator, reason: seen.why ?? 'no answer' }
      return {
        verdict: 'pass',
        locator,
        control: `/ answered ${home.status} before and ${after.status} after; ${how} was ${seen.status === 0 ? 'cut off' : `refused (${seen.status})`}`,
      }
    }),
  ],
})
