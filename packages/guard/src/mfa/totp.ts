import { hash } from 'node:crypto'
import { toBase32 } from './base32.js'

/** The hash under a code; authenticator apps understand SHA1 everywhere, the others here and there. */
export type TotpAlgorithm = 'SHA1' | 'SHA256' | 'SHA512'
export type TotpDigits = 6 | 8
/** How codes are made. Steps are 30 s, counted from 1970. */
export type TotpShape = { readonly algorithm: TotpAlgorithm; readonly digits: TotpDigits }

/** How long a code is the current one, in ms. Source: RFC 6238, section 5.2. */
export const STEP_MS = 30_000

/**
 * Names of the hashes; bytes of a secret, as many as the hash gives; bytes of a block of it. Sources: RFC 6238, section 5.1; RFC 4226,
 * requirement R6; RFC 2104.
 */
const HASHES = { SHA1: ['sha1', 20, 64], SHA256: ['sha256', 32, 64], SHA512: ['sha512', 64, 128] } as const
const MODULI = { 6: 1_000_000, 8: 100_000_000 } as const

/** Bytes of a new secret: 160 bits with SHA1. */
export const secretBytes = (algorithm: TotpAlgorithm): number => HASHES[algorithm][1]

/** The time step of a moment in ms UTC. */
export const stepAt = (now: number): number => Math.floor(now / STEP_MS)

/** A secret made ready for its codes: the key in both pads of HMAC, each with room for what is hashed behind it. */
type Ready = { readonly name: string; readonly inner: Buffer; readonly outer: Buffer; readonly block: number; readonly modulus: number }

const makeReady = (secret: Uint8Array, { algorithm, digits }: TotpShape): Ready => {
  const [name, bytes, block] = HASHES[algorithm]
  const key = secret.length > block ? hash(name, secret, 'buffer') : secret
  const inner = Buffer.alloc(block + 8, 0x36)
  const outer = Buffer.alloc(block + bytes, 0x5c)
  for (const [i, byte] of key.entries()) {
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  return { name, inner, outer, block, modulus: MODULI[digits] }
}

/**
 * The code of a counter, as a number: HMAC as two calls that hash at once. A keyed object for each of three steps costs twice as much, and
 * with WebCrypto, where each would wait for another thread, ten times as much as the 72 bytes that are hashed. Sources: RFC 2104; RFC 4226,
 * section 5.3.
 */
const codeNumber = (ready: Ready, counter: number): number => {
  const { name, inner, outer, block, modulus } = ready
  inner.writeUInt32BE(Math.floor(counter / 2 ** 32), block)
  inner.writeUInt32BE(counter >>> 0, block + 4)
  outer.write(hash(name, inner, 'binary'), block, 'latin1')
  const mac = hash(name, outer, 'binary')
  const at = mac.charCodeAt(mac.length - 1) & 15
  const high = ((mac.charCodeAt(at) & 0x7f) << 24) | (mac.charCodeAt(at + 1) << 16)
  return (high | (mac.charCodeAt(at + 2) << 8) | mac.charCodeAt(at + 3)) % modulus
}

/** The code of a time step or counter, with its leading zeros. */
export const totpCode = (secret: Uint8Array, step: number, shape: TotpShape): string =>
  String(codeNumber(makeReady(secret, shape), step)).padStart(shape.digits, '0')

/**
 * The number that was typed, spaces between its digits left out; `undefined` for anything that is no code of this length. Only ASCII
 * digits count, and the input is bounded.
 */
export const readCode = (typed: unknown, digits: TotpDigits): number | undefined => {
  if (typeof typed !== 'string' || typed.length > 16) return undefined
  let [value, count] = [0, 0]
  for (let i = 0; i < typed.length; i++) {
    const code = typed.charCodeAt(i)
    if (code === 32) continue
    if (code < 48 || code > 57) return undefined
    value = value * 10 + code - 48
    count++
  }
  return count === digits ? value : undefined
}

/** `spent`: right, but of a step at or before `lastStep`, so that it was used already. */
export type TotpMatch = { readonly kind: 'match' | 'spent'; readonly step: number } | { readonly kind: 'wrong' }

const WRONG: TotpMatch = { kind: 'wrong' }

/**
 * Judges a code against the steps around now: pure, so that accepting it is up to a compare-and-set of `lastStep`. Codes are compared
 * as whole numbers, in one instruction whatever they hold. Sources: RFC 6238, section 5.2; ASVS 6.5.1, 6.5.5.
 */
export const matchTotp = (
  input: { readonly secret: Uint8Array; readonly code: number; readonly lastStep: number; readonly shape: TotpShape; readonly skew: 0 | 1 },
  now: number,
): TotpMatch => {
  const { code, lastStep, skew } = input
  const ready = makeReady(input.secret, input.shape)
  const current = stepAt(now)
  let spent: TotpMatch = WRONG
  for (let i = 0; i <= 2 * skew; i++) {
    // now, then the step before, then the one after: devices are late more often than early
    const step = current + (i === 0 ? 0 : i === 1 ? -1 : 1)
    if (step < 0 || (codeNumber(ready, step) ^ code) !== 0) continue
    if (step > lastStep) return { kind: 'match', step }
    spent = { kind: 'spent', step }
  }
  return spent
}

/** Steps to either side that {@link totpDrift} looks at: five minutes. */
const DRIFT_STEPS = 10

/**
 * How many seconds the clock of a device is off whose code did not match: negative when it is late, `undefined` when the code is of no
 * step within five minutes. It says whether a code is right, so it is for reports, and for somebody who has just been shown the secret.
 */
export const totpDrift = (secret: Uint8Array, code: number, shape: TotpShape, now: number): number | undefined => {
  const ready = makeReady(secret, shape)
  const current = stepAt(now)
  for (let distance = 1; distance <= DRIFT_STEPS; distance++) {
    for (const step of [current - distance, current + distance])
      if (step >= 0 && (codeNumber(ready, step) ^ code) === 0) return ((step - current) * STEP_MS) / 1_000
  }
  return undefined
}

/** Text as a part of an address: what is no Unicode cannot stay. */
const encode = (text: string): string => encodeURIComponent(Buffer.from(text).toString())

/** The address that an authenticator app reads. Source: the key URI format of Google Authenticator, which all apps follow. */
export const otpauthUri = (secret: Uint8Array, shape: TotpShape, issuer: string, account: string): string =>
  `otpauth://totp/${encode(issuer)}:${encode(account)}?secret=${toBase32(secret)}&issuer=${encode(issuer)}` +
  `&algorithm=${shape.algorithm}&digits=${shape.digits}&period=${STEP_MS / 1_000}`
