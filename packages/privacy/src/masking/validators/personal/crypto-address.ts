import { createHash } from 'node:crypto'
import type { Validator } from '../validator.js'
import { keccak256 } from './keccak.js'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Base58 with a checksum of twice SHA-256. Source: Bitcoin, "Base58Check encoding". */
const isBase58Check = (text: string): boolean => {
  // a hexadecimal number is written in one case, an address is not
  if (!/[A-Z]/.test(text) || !/[a-z]/.test(text)) return false
  let value = 0n
  for (const letter of text) {
    const digit = BASE58.indexOf(letter)
    if (digit < 0) return false
    value = value * 58n + BigInt(digit)
  }
  const bytes = Buffer.from(value.toString(16).padStart(50, '0'), 'hex')
  if (bytes.length !== 25) return false
  const sum = sha256(sha256(bytes.subarray(0, 21)))
  return sum.subarray(0, 4).equals(bytes.subarray(21))
}

/** The polynomial of Bech32 over the human-readable part and the data. Source: BIP 173, BIP 350. */
const bech32Sum = (text: string): number => {
  const split = text.lastIndexOf('1')
  const prefix = text.slice(0, split)
  const values: number[] = []
  for (const letter of prefix) values.push(letter.charCodeAt(0) >> 5)
  values.push(0)
  for (const letter of prefix) values.push(letter.charCodeAt(0) & 31)
  for (const letter of text.slice(split + 1)) values.push(BECH32.indexOf(letter))
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [i, generator] of generators.entries()) if (((top >> i) & 1) === 1) sum ^= generator
  }
  return sum >>> 0
}

/** Keeps a Bitcoin address whose checksum is right: Base58Check, Bech32 (BIP 173) or Bech32m (BIP 350). */
export const bitcoinAddress: Validator = (value) => {
  if (!/^bc1/i.test(value)) return isBase58Check(value)
  const sum = bech32Sum(value.toLowerCase())
  return sum === 1 || sum === 0x2bc830a3
}

/** Keeps an Ethereum address: in one case, or with the checksum that its capitals carry (EIP-55). */
export const ethereumAddress: Validator = (value) => {
  const hex = value.slice(2)
  if (/^0+$/.test(hex)) return false
  if (hex === hex.toLowerCase() || hex === hex.toUpperCase()) return true
  const hash = keccak256(Buffer.from(hex.toLowerCase(), 'ascii')).toString('hex')
  return Array.from(hex).every(
    (letter, i) => !/[a-f]/i.test(letter) || (letter === letter.toUpperCase()) === parseInt(hash[i] ?? '0', 16) >= 8,
  )
}
