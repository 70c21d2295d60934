import { randomBytes } from 'node:crypto'

/** Fills random bytes; passed in so that tests are repeatable. */
export type RandomSource = (bytes: number) => Uint8Array

/** The machine's cryptographic randomness. */
export const systemRandom: RandomSource = (bytes) => randomBytes(bytes)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const formatUuid = (b: Uint8Array): string => {
  let text = ''
  for (let i = 0; i < 16; i++) text += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + HEX[b[i] ?? 0]
  return text
}

/** A time-ordered id for rows and events. Source: RFC 9562, version 7. */
export const uuidv7 = (now: number = Date.now(), random: RandomSource = systemRandom): string => {
  const bytes = new Uint8Array(16)
  bytes.set(random(10), 6)
  bytes[0] = Math.floor(now / 2 ** 40)
  bytes[1] = Math.floor(now / 2 ** 32)
  bytes[2] = now >>> 24
  bytes[3] = now >>> 16
  bytes[4] = now >>> 8
  bytes[5] = now
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return formatUuid(bytes)
}

/** A secret of `bytes` random bytes (32 by default) as base64url: session ids, tokens, one-time links. */
export const randomToken = (bytes = 32, random: RandomSource = systemRandom): string => Buffer.from(random(bytes)).toString('base64url')
