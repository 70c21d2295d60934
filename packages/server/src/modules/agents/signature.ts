import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { MINUTE, ParapetError } from '@parapet/core'

/** How far the clock of an agent may be off, ms. */
const SKEW_MS = 5 * MINUTE

/** DER of an Ed25519 public key: 12 bytes that are always the same, then the key. Source: RFC 8410, section 4. */
const PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const LENGTH = PREFIX.length + 32

/** Reads an Ed25519 public key, SPKI, base64url. Errors: `PPT_INVALID`. */
export const readPublicKey = (text: string): KeyObject => {
  const der = Buffer.from(text, 'base64url')
  const invalid = (cause?: unknown): ParapetError =>
    new ParapetError('PPT_INVALID', 'publicKey: an Ed25519 key as SPKI in base64url', cause === undefined ? {} : { cause })
  if (der.length !== LENGTH || !der.subarray(0, PREFIX.length).equals(PREFIX) || der.toString('base64url') !== text) throw invalid()
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch (cause) {
    throw invalid(cause)
  }
}

const HEADER = /^t=(\d{1,15}), ?v1=([\w-]{86})$/

/**
 * Checks that a body was signed by the holder of a key, not long ago: `t=<ms UTC>, v1=<Ed25519 over "<t>." and the body, base64url>`.
 * Answers when, ms UTC. Errors: `PPT_SIGNATURE_INVALID`.
 */
export const checkSignature = (header: string | undefined, body: Buffer, publicKey: string, now: number): number => {
  const [, time, signature] = HEADER.exec(header ?? '') ?? []
  if (time === undefined || signature === undefined)
    throw new ParapetError('PPT_SIGNATURE_INVALID', 'Parapet-Signature: t=<ms>, v1=<signature in base64url>')
  const at = Number(time)
  if (Math.abs(now - at) > SKEW_MS)
    throw new ParapetError('PPT_SIGNATURE_INVALID', `signed at a time that is more than 5 minutes off: the server's clock says ${now}`)
  const signed = Buffer.concat([Buffer.from(`${time}.`), body])
  if (!verify(null, signed, readPublicKey(publicKey), Buffer.from(signature, 'base64url')))
    throw new ParapetError('PPT_SIGNATURE_INVALID', 'it was not made with the key of this agent')
  return at
}
