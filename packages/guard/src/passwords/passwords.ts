import { ParapetError, systemRandom } from '@parapet/core'
import { hash as argon2, parseOptions, verify as matches } from '@node-rs/argon2'
import { createGate } from '../login/gate.js'
import { integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { createBlocklist } from './blocklist.js'
import { createBreachCheck } from './breach.js'
import { isPredictable } from './predictable.js'
import type { PasswordContext, PasswordReason, Passwords, PasswordsOptions, PasswordVerdict } from './types.js'

/** Bytes of a password as it comes in; longer ones are refused before anything is computed, and never cut. */
const MOST_BYTES = 4_096
/** Shortest part of a name that counts as one. */
const SHORTEST_WORD = 3
/** The library's numbers for argon2id and its version 19; its enums do not exist at run time. */
const [ARGON2ID, VERSION_19] = [2, 1] as const
/** Least memory in KiB for so many passes. Source: OWASP Password Storage Cheat Sheet. */
const LEAST_MEMORY = [47_104, 19_456, 12_288, 9_216, 7_168] as const

/** As it is kept: composed and folded, so that keyboards that send other bytes for the same text agree. Source: NIST SP 800-63B-4, 3.1.1.2. */
const normalise = (password: string): string => password.normalize('NFKC')

const isTooLarge = (password: string): boolean => password.length > MOST_BYTES || Buffer.byteLength(password) > MOST_BYTES

/** The parts of names and addresses that a password must not be made of. */
const partsOf = (words: readonly string[]): readonly string[] =>
  words
    .slice(0, 32)
    .flatMap((word) =>
      typeof word === 'string'
        ? word
            .slice(0, 256)
            .normalize('NFKC')
            .toLowerCase()
            .split(/[^\p{L}\p{N}]+/u)
        : [],
    )
    .filter((part) => part.length >= SHORTEST_WORD)
    .toSorted((a, b) => b.length - a.length)

const readCost = (
  cost: PasswordsOptions['cost'] = {},
): { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number } => {
  knownOptions('passwords.cost', cost, ['memoryKib', 'passes', 'lanes'])
  const timeCost = integerOption('passwords.cost.passes', cost.passes, 2, 1, 64)
  const memoryCost = integerOption('passwords.cost.memoryKib', cost.memoryKib, 19_456, 1, 1_048_576)
  const least = LEAST_MEMORY[Math.min(timeCost, LEAST_MEMORY.length) - 1] ?? 0
  if (memoryCost < least) throw optionError('passwords.cost.memoryKib', memoryCost, `give ${least} or more with ${timeCost} passes`)
  return { memoryCost, timeCost, parallelism: integerOption('passwords.cost.lanes', cost.lanes, 1, 1, 16) }
}

/**
 * Builds the part for passwords: argon2id, length without rules of composition, no most used ones. Throws `PPT_CONFIG_INVALID`.
 * Sources: ASVS 5.0 V6.2, NIST SP 800-63B-4, OWASP Password Storage Cheat Sheet.
 */
export const createPasswords = (options: PasswordsOptions = {}): Passwords => {
  knownOptions('passwords', options, ['minLength', 'maxLength', 'cost', 'contextWords', 'blocked', 'breach', 'maxHashing', 'maxWaiting'])
  const minLength = integerOption('passwords.minLength', options.minLength, 8, 8, 64)
  const maxLength = integerOption('passwords.maxLength', options.maxLength, 256, 64, 1_024)
  const cost = { algorithm: ARGON2ID, ...readCost(options.cost) }
  const ownWords = partsOf(textListOption('passwords.contextWords', options.contextWords ?? [], "give words, such as ['acme']"))
  const blocklist = createBlocklist(textListOption('passwords.blocked', options.blocked ?? [], 'give passwords that are not taken'))
  const breach = options.breach === undefined ? undefined : createBreachCheck(options.breach)
  const waiting = integerOption('passwords.maxWaiting', options.maxWaiting, 64, 0, 10_000)
  const running = integerOption('passwords.maxHashing', options.maxHashing, 2, 1, 128)
  const gate = createGate({ running, waiting, perKey: running + waiting })

  const inGate = async <T>(task: () => Promise<T>): Promise<T> => {
    const entered = gate.enter('')
    if (entered === undefined)
      throw Object.assign(new ParapetError('PPT_RATE_LIMITED', 'too many passwords are checked at once'), { retryAfterSeconds: 2 })
    const leave = await entered
    try {
      return await task()
    } finally {
      leave()
    }
  }

  const base64 = (bytes: number): string => Buffer.from(systemRandom(bytes)).toString('base64').replaceAll('=', '')
  /** nobody's hash, at the same cost: what is checked against it takes as long, and is never right */
  const decoy = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${base64(16)}$${base64(32)}`

  const verify: Passwords['verify'] = async (stored, password) => {
    if (typeof password !== 'string' || isTooLarge(password)) return false
    const right = await inGate(() =>
      matches(stored ?? decoy, normalise(password)).catch((cause: unknown): never => {
        throw new ParapetError('PPT_INVALID', 'a stored password is no hash of argon2', { cause })
      }),
    )
    return right && stored !== undefined
  }

  const isOfContext = (text: string, words: readonly string[]): boolean => {
    const folded = text.toLowerCase()
    let rest = folded
    for (const part of words) rest = rest.replaceAll(part, '')
    // a name in a long phrase is fine; a name with a little around it is what a guesser tries
    return rest !== folded && Array.from(rest).length < minLength
  }

  const MESSAGES: Readonly<Record<PasswordReason, string>> = {
    too_short: `Use at least ${minLength} characters.`,
    too_long: `Use at most ${maxLength} characters.`,
    malformed: 'This is not a text that can be typed again.',
    most_used: 'This is one of the passwords that are tried first. A few words that have nothing to do with each other are better.',
    predictable: 'This follows a pattern that is tried first. A few words that have nothing to do with each other are better.',
    context: 'This is made of your name, your address or the name of this application.',
    same: 'This is the old password. Choose another one.',
    breached: 'This password is in a list of stolen ones. Choose another one, and change it wherever else it is used.',
    breach_unknown: 'This password could not be checked just now. Try again in a minute.',
  }
  const refused = (reason: PasswordReason): PasswordVerdict => ({ kind: 'refused', reason, message: MESSAGES[reason] })

  /** What can be said at once, without hashing or asking anybody. */
  const judgeText = (password: string, text: string, context: PasswordContext): PasswordReason | undefined => {
    if (/\p{Cs}/u.test(password)) return 'malformed'
    const length = Array.from(text).length
    if (length < minLength) return 'too_short'
    if (length > maxLength) return 'too_long'
    if (blocklist.has(text)) return 'most_used'
    if (isPredictable(text)) return 'predictable'
    return isOfContext(text, [...partsOf(context.words ?? []), ...ownWords]) ? 'context' : undefined
  }

  return {
    judge: async (password, context = {}) => {
      if (typeof password !== 'string') return refused('malformed')
      if (isTooLarge(password)) return refused('too_long')
      const text = normalise(password)
      const reason = judgeText(password, text, context)
      if (reason !== undefined) return refused(reason)
      if (context.previous !== undefined && (await verify(context.previous, password))) return refused('same')
      if (breach === undefined) return { kind: 'accepted', breach: 'off' }
      const found = await breach(text)
      if (found === 'breached') return refused('breached')
      if (found === 'clear') return { kind: 'accepted', breach: 'clear' }
      return options.breach?.onOutage === 'accept' ? { kind: 'accepted', breach: 'unchecked' } : refused('breach_unknown')
    },
    hash: async (password) => {
      if (typeof password !== 'string' || isTooLarge(password))
        throw new ParapetError('PPT_INVALID', `password: takes up to ${MOST_BYTES} bytes`)
      return inGate(() => argon2(normalise(password), cost))
    },
    verify,
    needsRehash: (stored) => {
      try {
        // the library's enums as the numbers that they are
        const made: Readonly<Record<'algorithm' | 'version' | 'memoryCost' | 'timeCost' | 'parallelism', number>> = parseOptions(stored)
        return (
          made.algorithm !== ARGON2ID ||
          made.version !== VERSION_19 ||
          made.memoryCost !== cost.memoryCost ||
          made.timeCost !== cost.timeCost ||
          made.parallelism !== cost.parallelism
        )
      } catch {
        return true
      }
    },
    isSame: (stored, candidate) => verify(stored, candidate),
    status: () => ({ hashing: gate.running, waiting: gate.waiting }),
  }
}
