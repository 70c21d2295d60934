import { assertSubject } from '../mfa/context.js'
import { factorName, withoutOrphans } from '../mfa/record.js'
import { createAuthentication } from './authentication.js'
import { createContext, degraded, toPasskey } from './context.js'
import { readPasskeysOptions } from './options.js'
import { createRegistration } from './registration.js'
import type { Passkeys, PasskeysOptions } from './types.js'

/**
 * Builds passkeys: user verification is required, credentials are discoverable, attestation is not asked for. Throws
 * `PPT_CONFIG_INVALID`; its methods throw `PPT_INVALID` for a subject that is none. Sources: WebAuthn Level 3, ASVS 5.0 V6.3.3, V6.7.
 */
export const createPasskeys = (options: PasskeysOptions): Passkeys => {
  const settings = readPasskeysOptions(options)
  const context = createContext(settings)
  const { change, tell } = context
  const { factors } = settings
  return {
    ...createRegistration(context),
    ...createAuthentication(context),
    list: async (subject) => {
      assertSubject(subject)
      try {
        return { kind: 'listed', passkeys: ((await factors.read(subject))?.record.passkeys ?? []).map(toPasskey) }
      } catch {
        return degraded('factors')
      }
    },
    rename: async (subject, id, name) => {
      assertSubject(subject)
      try {
        const renamed = await change(subject, (record) => {
          const held = record.passkeys.find((one) => one.id === id)
          if (held === undefined) return { record, result: undefined }
          const next = { ...held, name: factorName(name, held.name) }
          return { record: { ...record, passkeys: record.passkeys.map((one) => (one === held ? next : one)) }, result: next }
        })
        if (renamed === undefined) return { kind: 'not_found' }
        tell({ kind: 'renamed', subject, passkey: toPasskey(renamed) })
        return { kind: 'renamed' }
      } catch {
        return degraded('factors')
      }
    },
    remove: async (subject, id) => {
      assertSubject(subject)
      try {
        const gone = await change(subject, (record) => {
          const held = record.passkeys.find((one) => one.id === id)
          if (held === undefined) return { record, result: undefined }
          return { record: withoutOrphans({ ...record, passkeys: record.passkeys.filter((one) => one !== held) }), result: held }
        })
        if (gone === undefined) return { kind: 'not_found' }
        tell({ kind: 'removed', subject, passkey: toPasskey(gone) })
        return { kind: 'removed' }
      } catch {
        return degraded('factors')
      }
    },
  }
}
