import type { Clock, Decision, DecisionSet } from '@parapet/core'
import type { AccountMarks } from '../enforcement/accounts.js'
import type { Session } from '../session/record.js'
import type { Sessions } from '../session/sessions.js'
import type { DiagnosticCode } from './diagnostics.js'

/** Why the credentials of a subject end. */
export type CredentialsEnded = {
  /** `*` where everybody's end: then `everybody` is set */
  readonly subject: string
  readonly reason: 'require_reset' | 'suspend' | 'password_changed'
  readonly at: number
  /** a decision on all users: end every API key and token, whoever's it is */
  readonly everybody?: true
}

/** What decisions do to accounts, and when they have done it. */
export type Accounts = {
  /** a decision came in, or was there at the start: for a user, sessions and credentials end now, not with his next request */
  readonly applied: (decision: Decision) => void
  /** ends what a decision says shall end for the session that it met; tells of trouble instead of rejecting */
  readonly end: (decision: Decision, session: Pick<Session, 'id' | 'subject'>) => Promise<void>
  readonly passwordAt: (subject: string) => Promise<number | undefined>
  readonly flaggedUntil: (subject: string) => Promise<number | undefined>
  /** no session of this subject may enrol a factor until then; never rejects */
  readonly flag: (subject: string, until: number) => Promise<void>
  readonly passwordChanged: (subject: string) => Promise<void>
  /** what could not be done yet because the store was away, or because there was much to do */
  readonly waiting: () => number
  readonly close: () => void
}

/** Between tries of what the store did not take, ms. */
const RETRY_MS = 5_000
/** Decisions that wait to be carried out: those beyond are met at the next request of each user. */
const MOST_WAITING = 100_000
/** Decisions that are carried out at a time: a campaign on ten thousand users must not keep the store from answering requests. */
const AT_A_TIME = 8

const ENDING: ReadonlySet<string> = new Set(['suspend', 'require_reset', 'end_sessions'])

/** Builds the effects on accounts. Subjects of decisions are folded as the login shield folds names. */
export const createAccounts = (deps: {
  readonly clock: Clock
  readonly marks: AccountMarks
  readonly sessions: Pick<Sessions, 'endAll' | 'revoke' | 'list'>
  /** makes device cookies from before now void; rejects when the store does not answer */
  readonly forgetDevices: (subject: string) => Promise<unknown>
  readonly canonical: (name: string) => string | Promise<string>
  readonly watched: (decision: Decision) => boolean
  readonly onCredentialsEnd: (ended: CredentialsEnded) => unknown
  readonly ended: (decision: Decision, subject: string) => void
  readonly tell: (code: DiagnosticCode, detail: string) => void
}): Accounts => {
  const { clock, marks, sessions, tell } = deps
  /** by the decision's id: what is not done yet */
  const pending = new Map<string, Decision>()
  const done = new Set<string>()
  const running = new Set<string>()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  /** ids that may be due, oldest first, from `next` on: taking from the front of a long list moves all of it */
  let waiting: string[] = []
  let next = 0

  const hook = async (ended: CredentialsEnded): Promise<void> => {
    try {
      await deps.onCredentialsEnd(ended)
    } catch (error) {
      tell('credentials_hook_failed', `onCredentialsEnd failed: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }

  const endSubject = async (decision: Decision, subject: string): Promise<void> => {
    if (decision.action === 'end_sessions') {
      // only what began before it: who signed in since did so against whatever is asked now
      for (const { id, createdAt } of await sessions.list(subject)) if (createdAt <= decision.startsAt) await sessions.revoke(subject, id)
      return
    }
    if (decision.action === 'require_reset') await deps.forgetDevices(subject)
    await sessions.endAll(subject)
    await hook({ subject, reason: decision.action === 'suspend' ? 'suspend' : 'require_reset', at: clock() })
  }

  const settle = async (decision: Decision): Promise<void> => {
    if (await marks.isDone(decision.id)) return
    const { kind, value } = decision.target
    if (kind === 'all') await hook({ subject: '*', reason: 'require_reset', at: clock(), everybody: true })
    else {
      const folded = await deps.canonical(value)
      // who has set a new password since is not the one that it is about
      const passwordAt = decision.action === 'require_reset' ? (await marks.read(folded)).passwordAt : undefined
      if (passwordAt === undefined || passwordAt <= decision.startsAt) {
        for (const subject of new Set([folded, value])) await endSubject(decision, subject)
        deps.ended(decision, folded)
      }
    }
    await marks.markDone(decision.id)
  }

  const schedule = (): void => {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      const now = clock()
      for (const [id, { expiresAt }] of pending) if (now >= expiresAt) pending.delete(id)
      waiting = [...pending.keys()]
      next = 0
      pump()
    }, RETRY_MS).unref()
  }

  const carryOut = async (id: string, decision: Decision): Promise<void> => {
    try {
      await settle(decision)
      pending.delete(id)
    } catch {
      tell('session_store_away', 'the sessions of a user could not be ended; it is tried again')
      schedule()
    }
    running.delete(id)
    pump()
  }

  const pump = (): void => {
    if (closed) return
    while (running.size < AT_A_TIME) {
      const id = waiting[next]
      if (id === undefined) {
        waiting = []
        next = 0
        return
      }
      next++
      const decision = pending.get(id)
      if (decision === undefined || running.has(id)) continue
      if (clock() < decision.startsAt) {
        schedule()
        continue
      }
      running.add(id)
      void carryOut(id, decision)
    }
  }

  return {
    applied: (decision) => {
      const { action, target } = decision
      const isMeant = target.kind === 'user' ? ENDING.has(action) : target.kind === 'all' && action === 'require_reset'
      if (!isMeant) return
      if (decision.lifted !== undefined) {
        pending.delete(decision.id)
        return
      }
      if (clock() >= decision.expiresAt || deps.watched(decision) || done.has(decision.id)) return
      if (pending.size >= MOST_WAITING) {
        tell('session_store_away', 'more decisions on users came than can wait: sessions of the others end with their next request')
        return
      }
      if (done.size >= 10 * MOST_WAITING) done.clear()
      done.add(decision.id)
      pending.set(decision.id, decision)
      waiting.push(decision.id)
      pump()
    },
    end: async (decision, session) => {
      try {
        // a decision about a network says nothing of the user's sessions elsewhere; one about a password does
        if (decision.action === 'require_reset' || decision.target.kind === 'user') await endSubject(decision, session.subject)
        else await sessions.revoke(session.subject, session.id)
        deps.ended(decision, session.subject)
      } catch {
        tell('session_store_away', 'a session could not be ended; its requests are taken as nobody’s')
      }
    },
    passwordAt: async (subject) => {
      try {
        return (await marks.read(subject)).passwordAt
      } catch {
        tell('session_store_away', 'nobody knows whether a new password was set: the reset stays required')
        return undefined
      }
    },
    flaggedUntil: async (subject) => (await marks.read(subject)).flaggedUntil,
    flag: async (subject, until) => {
      try {
        await marks.raise(subject, { flaggedUntil: until })
      } catch {
        tell('session_store_away', 'a flagged subject could not be marked; its next request is tried again')
      }
    },
    passwordChanged: async (subject) => {
      const now = clock()
      await marks.raise(subject, { passwordAt: now })
      await deps.forgetDevices(subject)
      await sessions.endAll(subject)
      await hook({ subject, reason: 'password_changed', at: now })
    },
    waiting: () => pending.size,
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** A set of decisions that tells of each that comes in, by whatever way. */
export const watchedSet = (
  set: DecisionSet,
  listener: { readonly applied: (decision: Decision) => void; readonly reset: () => void },
): DecisionSet => ({
  ...set,
  apply: (decision) => {
    set.apply(decision)
    listener.applied(decision)
  },
  reset: (decisions, revision) => {
    listener.reset()
    set.reset(decisions, revision)
    for (const decision of decisions) listener.applied(decision)
  },
  get size() {
    return set.size
  },
  get revision() {
    return set.revision
  },
})
