import { hash, verify } from '@node-rs/argon2'
import { ParapetError } from '@parapet/core'
import { MOST_USED_PASSWORDS } from './blocklist.js'

/** Least characters of a password, counted as code points after NFKC. Source: NIST SP 800-63B-4, ASVS 6.2.1. */
export const PASSWORD_MIN = 8
/** Most characters; longer input is refused, never cut. */
export const PASSWORD_MAX = 1_024

/** The library's number for argon2id; its enum does not exist at run time. */
const ARGON2ID = 2

/** argon2id with 19 MiB, two passes, one lane. Source: OWASP Password Storage Cheat Sheet. */
const COST = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Hashes and checks passwords. */
export type PasswordHasher = {
  hash: (password: string) => Promise<string>
  /** `undefined` as hash costs as much as a real one and is never right: unknown names answer in the time of known ones */
  verify: (stored: string | undefined, password: string) => Promise<boolean>
}

const normalise = (password: string): string => password.normalize('NFKC')

/** Throws `PPT_INVALID` saying what is wrong with a new password. Length and the most used ones count, composition does not. */
export const assertPassword = (password: string, name: string): void => {
  const text = normalise(password)
  const length = Array.from(text).length
  if (length < PASSWORD_MIN || length > PASSWORD_MAX)
    throw new ParapetError('PPT_INVALID', `password: takes ${PASSWORD_MIN} to ${PASSWORD_MAX} characters`)
  const lower = text.toLowerCase()
  if (MOST_USED_PASSWORDS.has(lower)) throw new ParapetError('PPT_INVALID', 'password: is one of the most used; take a longer phrase')
  if (new Set(lower).size < 3) throw new ParapetError('PPT_INVALID', 'password: repeats one or two characters')
  if (lower === name.normalize('NFKC').toLowerCase()) throw new ParapetError('PPT_INVALID', 'password: is the name')
}

/** Runs at most `width` tasks at once and lets at most `waiting` wait; beyond that throws `PPT_RATE_LIMITED`. */
const createGate = (width: number, waiting: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let running = 0
  const queue: (() => void)[] = []
  return async (task) => {
    if (running >= width) {
      if (queue.length >= waiting)
        throw Object.assign(new ParapetError('PPT_RATE_LIMITED', 'too many sign-ins at once'), { retryAfterSeconds: 2 })
      await new Promise<void>((go) => queue.push(go))
    } else running++
    try {
      return await task()
    } finally {
      const next = queue.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

/** Creates the hasher. Hashing is dear by design, so a flood of sign-ins may not use every core and all memory. */
export const createPasswordHasher = (limits: { concurrent?: number; waiting?: number } = {}): PasswordHasher => {
  const gate = createGate(limits.concurrent ?? 2, limits.waiting ?? 64)
  let decoy: Promise<string> | undefined
  return {
    hash: (password) => gate(() => hash(normalise(password), COST)),
    verify: async (stored, password) => {
      decoy ??= hash('a password that nobody has', COST)
      const against = stored ?? (await decoy)
      const right = await gate(() => verify(against, normalise(password)))
      return right && stored !== undefined
    },
  }
}
