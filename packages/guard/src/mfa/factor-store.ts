import { ParapetError } from '@parapet/core'
import type { TotpAlgorithm, TotpDigits } from './totp.js'

/** A confirmed authenticator app. Times in ms UTC. */
export type TotpFactor = {
  readonly id: string
  readonly name: string
  /** the secret, sealed by the keyring and bound to subject and factor id: moved to another row it does not open */
  readonly sealed: string
  readonly algorithm: TotpAlgorithm
  readonly digits: TotpDigits
  /** the newest time step of which a code was accepted; codes of this step and older ones are spent */
  readonly lastStep: number
  readonly createdAt: number
  readonly usedAt: number
}

/** The recovery codes that are left, as keyed hashes. */
export type RecoveryCodes = { readonly hashes: readonly string[]; readonly createdAt: number }

/** A passkey: its public half and what is known of it. Times in ms UTC. */
export type PasskeyFactor = {
  /** the credential id, base64url */
  readonly id: string
  readonly name: string
  /** COSE key, base64url */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  /** synchronised to an account of the user, so that it survives the device */
  readonly backedUp: boolean
  readonly createdAt: number
  readonly usedAt: number | undefined
}

/** All factors of one subject but the password: one record, so that one compare-and-set covers them. Survives JSON. */
export type FactorRecord = {
  /** random, fixed for good and without meaning: the WebAuthn user handle, by which a passkey alone finds its subject */
  readonly handle: string
  readonly totp: readonly TotpFactor[]
  readonly recovery: RecoveryCodes | undefined
  readonly passkeys: readonly PasskeyFactor[]
}

/** A record with the version that a compare-and-set names. */
export type StoredFactors = { readonly record: FactorRecord; readonly version: string }

/**
 * Where factors are kept for good: a lost record is an account without its second factor, so this is a table of the application and
 * no cache. Methods may reject (the store is down); callers turn that into a `degraded` verdict.
 */
export type FactorStore = {
  readonly read: (subject: string) => Promise<StoredFactors | undefined>
  /** Writes when `ifVersion` still holds (`null`: only when there is none). False: somebody else was first. */
  readonly write: (subject: string, record: FactorRecord, ifVersion: string | null) => Promise<boolean>
  readonly remove: (subject: string) => Promise<void>
  /** the subject whose record has this handle */
  readonly subjectOf: (handle: string) => Promise<string | undefined>
}

/** Factors in this process, gone with it: for tests and for trying things out. */
export const memoryFactors = (): FactorStore => {
  const records = new Map<string, { readonly json: string; readonly version: string; readonly handle: string }>()
  const subjects = new Map<string, string>()
  let versions = 0
  return {
    read: async (subject) => {
      const found = records.get(subject)
      return found === undefined ? undefined : { record: JSON.parse(found.json) as FactorRecord, version: found.version }
    },
    write: async (subject, record, ifVersion) => {
      const held = records.get(subject)
      if ((held?.version ?? null) !== ifVersion) return false
      const owner = subjects.get(record.handle)
      if (owner !== undefined && owner !== subject) throw new ParapetError('PPT_CONFLICT', 'the handle belongs to another subject')
      if (held !== undefined && held.handle !== record.handle) subjects.delete(held.handle)
      records.set(subject, { json: JSON.stringify(record), version: String(++versions), handle: record.handle })
      subjects.set(record.handle, subject)
      return true
    },
    remove: async (subject) => {
      const held = records.get(subject)
      if (held !== undefined) subjects.delete(held.handle)
      records.delete(subject)
    },
    subjectOf: async (handle) => subjects.get(handle),
  }
}
