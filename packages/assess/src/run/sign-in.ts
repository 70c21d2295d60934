import type { Clock } from '@parapet/core'
import { Secret, TOTP } from 'otpauth'
import type { NoAnswer, ProbeAnswer, ProbeClient } from '../client/types.js'
import { inconclusive, type SignInEnd } from '../probe.js'
import type { Account, Target } from '../target/target.js'
import { hiddenFields } from './hidden-fields.js'
import { fillRequest } from '../target/fill.js'

/** Guesses at one account in a row that the kit allows itself; a right password in between begins anew. */
export const MOST_GUESSES = 25
const STEP_MS = 30_000

/** Drives the sign-in that the target file describes; shared by all probes of a run. */
export type SignInDriver = {
  readonly signIn: (client: ProbeClient, account: Account, password?: string) => Promise<SignInEnd>
  readonly finish: (client: ProbeClient, account: Account, code?: string) => Promise<SignInEnd>
  readonly isSignedIn: (client: ProbeClient) => Promise<boolean | 'no-answer'>
  /** signs this visitor in, second step and all; rejects with `Inconclusive` */
  readonly complete: (client: ProbeClient, account: Account) => Promise<void>
  readonly code: (account: Account, steps?: number) => string
}

/** A limit or an outage answered, not the application: nothing follows from it. */
const isLimit = (status: number): boolean => status === 429 || status === 503

const saysNothing = (answer: ProbeAnswer | NoAnswer): SignInEnd | undefined => {
  if (answer.kind === 'none') return { kind: 'no-answer', detail: answer.detail }
  if (isLimit(answer.status)) return { kind: 'limited', status: answer.status }
  return undefined
}

const describe = (end: SignInEnd): string => {
  if (end.kind === 'no-answer') return `no answer: ${end.detail}`
  if (end.kind === 'factor') return 'a second step is asked for; declare the account’s totp and signIn.factor'
  if (end.kind === 'in') return 'signed in'
  return end.kind === 'limited' ? `limited with status ${end.status}` : `refused with status ${end.status}`
}

/** Builds the driver. `guess` counts a wrong code that a probe gives; false when the account has had enough of them. */
export const createSignInDriver = (
  target: Target,
  deps: { readonly clock: Clock; readonly sleep: (ms: number) => Promise<void>; readonly guess: (account: Account) => boolean },
): SignInDriver => {
  const declared = target.signIn
  /** the last time step whose code was used, by account; a code is good once */
  const spent = new Map<string, number>()
  /** one sign-in with codes at a time an account, or two would use the same code */
  const queues = new Map<string, Promise<unknown>>()
  /** false once the page was seen to hold nothing that has to be sent back */
  let pageMatters = true

  const totpOf = (account: Account): TOTP => {
    if (account.totp === undefined) throw inconclusive('the account has no authenticator; declare its totp')
    return new TOTP({ secret: Secret.fromBase32(account.totp), digits: 6, period: 30, algorithm: 'SHA1' })
  }
  const code = (account: Account, steps = 0): string => totpOf(account).generate({ timestamp: deps.clock() + steps * STEP_MS })

  const isSignedIn = async (client: ProbeClient): Promise<boolean | 'no-answer'> => {
    if (declared === undefined) throw inconclusive('how to sign in is not declared; add signIn to the target file')
    const answer = await client.send({ path: declared.proof })
    if (answer.kind === 'none' || isLimit(answer.status) || answer.status >= 500) return 'no-answer'
    return answer.status >= 200 && answer.status < 300
  }

  const sessionOf = (client: ProbeClient): string | undefined =>
    declared?.cookie === undefined ? undefined : client.cookies.get(declared.cookie)

  /** What an answer to a password or a code means: who is signed in is known from `proof` alone. */
  const judge = async (client: ProbeClient, answer: ProbeAnswer | NoAnswer, factor: boolean): Promise<SignInEnd> => {
    const nothing = saysNothing(answer)
    if (nothing !== undefined) return nothing
    const status = answer.kind === 'answer' ? answer.status : 0
    if (status >= 400) return { kind: 'refused', status }
    const inside = await isSignedIn(client)
    if (inside === 'no-answer') return { kind: 'no-answer', detail: `the proof ${declared?.proof ?? ''} was not answered` }
    if (inside) return { kind: 'in', session: sessionOf(client) }
    return factor ? { kind: 'factor' } : { kind: 'refused', status }
  }

  const hiddenOf = async (client: ProbeClient, path: string): Promise<Readonly<Record<string, string>> | SignInEnd> => {
    if (declared?.page === undefined || !pageMatters) return {}
    const page = await client.send({ path: declared.page })
    const nothing = saysNothing(page)
    if (nothing !== undefined) return nothing
    const hidden = page.kind === 'answer' ? hiddenFields(page.text, declared.page, path) : {}
    if (Object.keys(hidden).length === 0 && page.kind === 'answer' && page.setCookies.length === 0) pageMatters = false
    return hidden
  }

  const isEnd = (value: object): value is SignInEnd =>
    'kind' in value && typeof value.kind === 'string' && ['limited', 'no-answer'].includes(value.kind)

  const signIn: SignInDriver['signIn'] = async (client, account, password) => {
    if (declared === undefined) throw inconclusive('how to sign in is not declared; add signIn to the target file')
    const hidden = await hiddenOf(client, declared.request.path)
    if (isEnd(hidden)) return hidden
    const answer = await client.send(fillRequest(declared.request, { name: account.name, password: password ?? account.password }, hidden))
    return judge(
      client,
      answer,
      account.totp !== undefined && declared.factor !== undefined && (password ?? account.password) === account.password,
    )
  }

  const send = async (client: ProbeClient, value: string): Promise<SignInEnd> => {
    if (declared?.factor === undefined) throw inconclusive('the second step is not declared; add signIn.factor to the target file')
    return judge(client, await client.send(fillRequest(declared.factor, { code: value })), false)
  }

  /** The next code that was not used yet: of this step, else of the next, which most servers take; else it waits. */
  const ownCode = async (client: ProbeClient, account: Account): Promise<SignInEnd> => {
    for (let tries = 0; ; tries++) {
      const now = Math.floor(deps.clock() / STEP_MS)
      const step = Math.max(now, (spent.get(account.name) ?? 0) + 1)
      if (step > now + 1 || tries > 0) await deps.sleep(Math.max(0, step * STEP_MS - deps.clock()) + 50)
      const at = Math.floor(deps.clock() / STEP_MS)
      const end = await send(client, code(account, Math.max(step, at) - at))
      spent.set(account.name, Math.max(step, at))
      if (end.kind !== 'refused' || tries > 0) return end
    }
  }

  /** A right code that a probe gives is no guess, and used up like the kit's own. */
  const isRight = (account: Account, given: string): boolean => {
    if (account.totp === undefined) return false
    const now = Math.floor(deps.clock() / STEP_MS)
    const steps = [-1, 0, 1].find((at) => code(account, at) === given)
    if (steps !== undefined) spent.set(account.name, Math.max(spent.get(account.name) ?? 0, now + steps))
    return steps !== undefined
  }

  const finish: SignInDriver['finish'] = async (client, account, given) => {
    if (given !== undefined) {
      if (!isRight(account, given) && !deps.guess(account))
        return { kind: 'no-answer', detail: `the kit guesses no more than ${MOST_GUESSES} codes of one account` }
      return send(client, given)
    }
    const before = queues.get(account.name) ?? Promise.resolve()
    const mine = before.then(() => ownCode(client, account))
    queues.set(
      account.name,
      mine.catch(() => undefined),
    )
    return mine
  }

  const complete: SignInDriver['complete'] = async (client, account) => {
    let end = await signIn(client, account)
    if (end.kind === 'factor') end = await finish(client, account)
    if (end.kind !== 'in')
      throw inconclusive(`a declared account could not be signed in (${describe(end)}); check its name, password and signIn.proof`)
  }

  return { signIn, finish, isSignedIn, complete, code }
}
