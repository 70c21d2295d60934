import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import { inconclusive, type ProbeContext, type SignInEnd } from '../../probe.js'
import type { Account } from '../../target/target.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { exchangeOf, seenOf, type Seen } from '../seen/seen.js'

/** One try to sign in: how it ended, what the target answered to it, and to the proof when that was asked for. */
export type Attempt = { readonly end: SignInEnd; readonly answer: Seen | undefined; readonly proof?: Seen; readonly tookMs: number }

/** Characters of each answer that facts keep. */
const KEPT = 600

/** The same visitor with further headers on each request; what a request brings itself goes first. */
export const withHeaders = (client: ProbeClient, headers: NonNullable<ProbeRequest['headers']>): ProbeClient => ({
  ...client,
  send: (request) => client.send({ ...request, headers: { ...headers, ...request.headers } }),
})

/** Keeps what the sign-in's own requests were answered; `exact` are waits of the requests to `path`, in ms with fractions. */
const watched = (
  client: ProbeClient,
  keep: number,
): { readonly client: ProbeClient; readonly seen: Seen[]; readonly exact: Map<string, number> } => {
  const seen: Seen[] = []
  const exact = new Map<string, number>()
  return {
    seen,
    exact,
    client: {
      ...client,
      send: async (request) => {
        const answer = await client.send(request)
        seen.push(seenOf(client.name, request, answer, keep))
        exact.set(`${request.method ?? 'GET'} ${request.path}`, answer.waitMs)
        return answer
      },
    },
  }
}

/** A target that breaks has not refused: the password may have been right, and may be taken a moment later. */
const withoutBreakdowns = (end: SignInEnd): SignInEnd =>
  end.kind === 'refused' && end.status >= 500 ? { kind: 'no-answer', detail: `the target failed with status ${end.status}` } : end

const attemptOf = async (
  context: ProbeContext,
  client: ProbeClient,
  path: string | undefined,
  keep: number,
  act: (client: ProbeClient) => Promise<SignInEnd>,
): Promise<Attempt> => {
  const watch = watched(client, keep)
  const end = withoutBreakdowns(await act(watch.client))
  const proofPath = context.target.signIn?.proof
  const answer =
    watch.seen.findLast((one) => one.method !== 'GET' && one.url === path) ?? watch.seen.findLast((one) => one.url !== proofPath)
  const proof = watch.seen.findLast((one) => one.method === 'GET' && one.url === proofPath)
  const tookMs = answer === undefined ? 0 : (watch.exact.get(`${answer.method} ${answer.url}`) ?? answer.waitMs)
  return { end, answer, ...(proof === undefined ? {} : { proof }), tookMs }
}

/** One try to sign in with this name and password (the account's own when left out), and what was answered. */
export const attempt = (
  context: ProbeContext,
  client: ProbeClient,
  account: Account,
  password?: string,
  keep: number = KEPT,
): Promise<Attempt> =>
  attemptOf(context, client, context.target.signIn?.request.path, keep, (visitor) => context.signIn(visitor, account, password))

/** One try at the second step, with the current code or one given. */
export const attemptCode = (context: ProbeContext, client: ProbeClient, account: Account, code?: string): Promise<Attempt> =>
  attemptOf(context, client, context.target.signIn?.factor?.path, KEPT, (visitor) => context.finish(visitor, account, code))

/** Throws `Inconclusive` where the proof answers 2xx to nobody: then everybody would count as signed in. */
export const assertProofTells = async (context: ProbeContext): Promise<void> => {
  const open = await context.once('signed in without signing in', () => context.isSignedIn(context.client({ name: 'nobody' })))
  if (open === true)
    throw inconclusive('signIn.proof answers 2xx to nobody, so that nothing tells who is signed in: declare a page that does')
}

/** The control of most probes here: the right password signs in before anything was tried, and nobody was signed in before that. */
export const ownerSignsIn = async (context: ProbeContext, account: Account): Promise<Attempt> => {
  await assertProofTells(context)
  return attempt(context, context.client({ name: 'owner' }), account)
}

/** How a try ended, in words for people. */
export const endText = (end: SignInEnd): string => {
  if (end.kind === 'in') return 'signed in'
  if (end.kind === 'factor') return 'asked for the second step'
  if (end.kind === 'no-answer') return `no answer (${end.detail.slice(0, 120)})`
  return end.kind === 'limited' ? `limited, status ${end.status}` : `refused, status ${end.status}`
}

/** A try as evidence: what was sent and how it ended. */
export const attemptShown = (one: Attempt, note?: string): readonly Exchange[] => {
  const words = note === undefined ? endText(one.end) : `${note}: ${endText(one.end)}`
  if (one.answer === undefined) return []
  return [exchangeOf(one.answer, { note: words, headers: ['location', 'retry-after'] })]
}

/** The verdict when the control of a guessing probe, the right password before the first guess, did not sign in. Undefined: it did. */
export const controlFailed = (locator: string, control: Attempt): ProbeVerdict | undefined => {
  if (control.end.kind === 'in' || control.end.kind === 'factor') return undefined
  if (control.end.kind === 'no-answer') {
    return {
      verdict: 'error',
      locator,
      reason: `the sign-in with the right password, before anything was tried, got ${endText(control.end)}`,
    }
  }
  return {
    verdict: 'inconclusive',
    locator,
    reason: `the right password did not sign in before anything was tried (${endText(control.end)}): check the account in the target file, and that nothing has locked it`,
    evidence: attemptShown(control),
  }
}

/** A wrong password that looks like one: letters and digits, never the same twice. */
export const wrongPassword = (context: Pick<ProbeContext, 'random'>): string =>
  `Wrong-${Buffer.from(context.random(9)).toString('base64url')}-1`

/** A name that nobody has, of the shape of one that somebody has: the same part behind the `@`, as many characters before it. */
export const nobodysName = (context: Pick<ProbeContext, 'random'>, like: string): string => {
  const at = like.lastIndexOf('@')
  const [local, rest] = at < 0 ? [like, ''] : [like.slice(0, at), like.slice(at)]
  const length = Math.min(Math.max(local.length, 6), 30)
  return `q${Buffer.from(context.random(length))
    .toString('hex')
    .slice(0, length - 1)}${rest}`
}
