import { createHash } from 'node:crypto'
import type { Clock, Store } from '@parapet/core'

/** What is remembered about an account beyond its sessions. Times in ms UTC. */
export type AccountMark = {
  /** when a new password was set by a verified way */
  readonly passwordAt?: number
  /** until when no session of it may enrol a factor, because one of them was flagged */
  readonly flaggedUntil?: number
}

/** Marks of accounts, shared through the store. Every method rejects when the store does not answer. */
export type AccountMarks = {
  readonly read: (subject: string) => Promise<AccountMark>
  /** raises what is given; no time is ever set back */
  readonly raise: (subject: string, mark: AccountMark) => Promise<void>
  /** whether some process has carried a decision out already: a restart must not end again what began since */
  readonly isDone: (decisionId: string) => Promise<boolean>
  readonly markDone: (decisionId: string) => Promise<void>
}

/** Longer than any decision lives: a mark that ended sooner would bring one back that was satisfied. */
const KEPT_MS = 366 * 86_400_000
const MOST_TRIES = 8

const NAMES = ['passwordAt', 'flaggedUntil'] as const

/** Subjects may be longer than a key of a store, and need not be readable in it. */
const keyOf = (subject: string): string => `account:${createHash('sha256').update(subject).digest('base64url')}`

const doneKey = (id: string): string => `decision-done:${createHash('sha256').update(id).digest('base64url')}`

const parse = (text: string): AccountMark => {
  const mark: { -readonly [K in keyof AccountMark]: AccountMark[K] } = {}
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return mark
  for (const name of NAMES) {
    const time = (value as Partial<Record<string, unknown>>)[name]
    if (typeof time === 'number' && Number.isFinite(time)) mark[name] = time
  }
  return mark
}

/** The later of both, name by name. */
export const joinMarks = (a: AccountMark, b: AccountMark): AccountMark => {
  const joined: { -readonly [K in keyof AccountMark]: AccountMark[K] } = {}
  for (const name of NAMES) {
    const times = [a[name], b[name]].filter((time) => time !== undefined)
    if (times.length > 0) joined[name] = Math.max(...times)
  }
  return joined
}

/** Builds the marks over a store. */
export const createAccountMarks = (deps: { readonly store: Store; readonly clock: Clock }): AccountMarks => ({
  read: async (subject) => {
    const stored = await deps.store.read(keyOf(subject))
    return stored === undefined ? {} : parse(stored.value)
  },
  raise: async (subject, mark) => {
    const key = keyOf(subject)
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const stored = await deps.store.read(key)
      const held = stored === undefined ? {} : parse(stored.value)
      const joined = joinMarks(held, mark)
      if (NAMES.every((name) => joined[name] === held[name])) return
      if (await deps.store.write(key, JSON.stringify(joined), { ttlMs: KEPT_MS, ifVersion: stored?.version ?? null })) return
    }
    throw new Error('the mark of an account changes too often')
  },
  isDone: async (id) => (await deps.store.read(doneKey(id))) !== undefined,
  markDone: async (id) => {
    // somebody else was first: that is as good
    await deps.store.write(doneKey(id), '1', { ttlMs: KEPT_MS, ifVersion: null })
  },
})
