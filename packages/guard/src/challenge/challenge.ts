import { createHash } from 'node:crypto'
import {
  type Clock,
  HOUR,
  type Keyring,
  MINUTE,
  type RandomSource,
  randomToken,
  type Store,
  systemClock,
  systemRandom,
} from '@parapet/core'
import { booleanOption, integerOption, knownOptions, optionError } from '../options/check.js'
import { type CookieShape, cookieName, readCookie, writeCookie } from '../request/cookies.js'
import { challengePage } from './page.js'

/** What {@link createChallenge} takes. Times in ms. */
export type ChallengeOptions = {
  readonly keyring: Keyring
  readonly store: Store
  /** leading zero bits of the hash: each more doubles the work. 17, which is half a second on a laptop and a few on an old phone */
  readonly bits?: number
  /** how long a puzzle may take; 5 min */
  readonly solveMs?: number
  /** how long a solved one holds, for this address only; 30 min */
  readonly clearanceMs?: number
  /** shown on the page to whom it does not work for, such as an address of mail; text, not HTML */
  readonly contact?: string
  readonly cookie?: { readonly name?: string; readonly secure?: boolean }
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** One puzzle: find a number so that the SHA-256 of `seed:number` begins with `bits` zero bits. */
export type Puzzle = { readonly token: string; readonly seed: string; readonly bits: number }

/** What became of an answer. `cookie` is the Set-Cookie value that clears this address. */
export type AnswerVerdict =
  | { readonly kind: 'solved'; readonly cookie: string }
  | { readonly kind: 'wrong'; readonly reason: 'malformed' | 'forged' | 'expired' | 'too_little_work' | 'used' }
  | { readonly kind: 'degraded'; readonly reason: string }

/** Proof of work for clients that nobody knows. An address key is what the client-address part makes: an address, or a /64. */
export type Challenge = {
  readonly issue: (addressKey: string) => Puzzle
  /** judges `token:number`; a token is good once. Never rejects */
  readonly answer: (text: string, addressKey: string) => Promise<AnswerVerdict>
  /** when the client last solved one, ms UTC; `undefined` for another address's cookie, an old one, or none */
  readonly clearedAt: (cookieHeader: string | undefined, addressKey: string) => number | undefined
  readonly page: (puzzle: Puzzle, about: { readonly nonce: string; readonly reference: string }) => string
}

/** The header in which the page hands an answer in: no form and no link of another site can send it. */
export const ANSWER_HEADER = 'parapet-answer'

const [PUZZLE, CLEARANCE] = ['guard.puzzle', 'guard.clearance'] as const
const TOKEN = /^([0-9a-z]{1,11})\.(\d{1,2})\.([\w-]{22})\.([\w-]{1,64}\.[\w-]{43})$/
const COOKIE = /^([0-9a-z]{1,11})\.([\w-]{1,64}\.[\w-]{43})$/
const NUMBER = /^\d{1,16}$/
const LONGEST_CONTACT = 200

/** Leading zero bits of a hash. */
export const zeroBits = (hash: Uint8Array): number => {
  let bits = 0
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}

/** Builds the challenge: puzzles and clearances are signed, bound to an address and an expiry. Throws `PPT_CONFIG_INVALID`. */
export const createChallenge = (options: ChallengeOptions): Challenge => {
  knownOptions('challenge', options, ['keyring', 'store', 'bits', 'solveMs', 'clearanceMs', 'contact', 'cookie', 'clock', 'random'])
  knownOptions('challenge.cookie', options.cookie ?? {}, ['name', 'secure'])
  const { keyring, store, contact, clock = systemClock, random = systemRandom } = options
  if (typeof keyring !== 'object' || keyring === null || typeof keyring.sign !== 'function')
    throw optionError('challenge.keyring', typeof keyring, 'give a keyring, such as createKeyring({ keys })')
  if (typeof store !== 'object' || store === null || typeof store.write !== 'function')
    throw optionError('challenge.store', typeof store, 'give a store, such as memoryStore()')
  if (contact !== undefined && (typeof contact !== 'string' || contact === '' || contact.length > LONGEST_CONTACT))
    throw optionError('challenge.contact', contact, `give a text of at most ${LONGEST_CONTACT} characters, or leave it out`)
  const bits = integerOption('challenge.bits', options.bits, 17, 8, 26)
  const solveMs = integerOption('challenge.solveMs', options.solveMs, 5 * MINUTE, 10_000, HOUR)
  const clearanceMs = integerOption('challenge.clearanceMs', options.clearanceMs, 30 * MINUTE, MINUTE, 24 * HOUR)
  const name = options.cookie?.name ?? 'clearance'
  if (!/^[a-z][\w-]{0,40}$/i.test(name) || /^__(?:host|secure)-/i.test(name))
    throw optionError('challenge.cookie.name', name, 'give letters, digits, - and _; the prefix is added')
  const shape: CookieShape = { name, secure: booleanOption('challenge.cookie.secure', options.cookie?.secure, true), sameSite: 'lax' }
  const fullName = cookieName(shape)

  // the address stands last in what is signed: whatever it holds, it cannot be read as another expiry or seed
  const signed = (expiry: string, work: string, seed: string, addressKey: string): string => `${expiry}.${work}.${seed}.${addressKey}`

  const answer = async (text: string, addressKey: string): Promise<AnswerVerdict> => {
    const colon = text.lastIndexOf(':')
    const parts = text.length > 256 || colon < 0 ? null : TOKEN.exec(text.slice(0, colon))
    const number = text.slice(colon + 1)
    if (parts === null || !NUMBER.test(number)) return { kind: 'wrong', reason: 'malformed' }
    const [, expiry = '', work = '', seed = '', signature = ''] = parts
    if (!keyring.verify(PUZZLE, signed(expiry, work, seed, addressKey), signature)) return { kind: 'wrong', reason: 'forged' }
    const now = clock()
    const left = Number.parseInt(expiry, 36) - now
    if (left <= 0) return { kind: 'wrong', reason: 'expired' }
    const hash = createHash('sha256').update(`${seed}:${number}`).digest()
    if (zeroBits(hash) < Number(work)) return { kind: 'wrong', reason: 'too_little_work' }
    try {
      // a mark that is written only when absent: of two who hand in one answer, one is first
      if (!(await store.write(`puzzle:${seed}`, '1', { ttlMs: left + 1_000, ifVersion: null }))) return { kind: 'wrong', reason: 'used' }
    } catch {
      return { kind: 'degraded', reason: 'the store of used puzzles does not answer' }
    }
    const issued = now.toString(36)
    const value = `${issued}.${keyring.sign(CLEARANCE, `${issued}.${addressKey}`)}`
    return { kind: 'solved', cookie: writeCookie(shape, value, Math.ceil(clearanceMs / 1_000)) }
  }

  return {
    issue: (addressKey) => {
      const expiry = (clock() + solveMs).toString(36)
      const seed = randomToken(16, random)
      return { token: `${expiry}.${bits}.${seed}.${keyring.sign(PUZZLE, signed(expiry, String(bits), seed, addressKey))}`, seed, bits }
    },
    answer,
    clearedAt: (cookieHeader, addressKey) => {
      const parts = COOKIE.exec(readCookie(cookieHeader, fullName) ?? '')
      if (parts === null) return undefined
      const [, issued = '', signature = ''] = parts
      const at = Number.parseInt(issued, 36)
      const age = clock() - at
      if (!(age >= 0 && age < clearanceMs)) return undefined
      return keyring.verify(CLEARANCE, `${issued}.${addressKey}`, signature) ? at : undefined
    },
    page: (puzzle, about) => challengePage({ ...puzzle, ...about, contact }),
  }
}
