import { resolve } from 'node:path'
import { userInfo } from 'node:os'
import { type AuditEntry, type AuditSink, type Clock, ParapetError } from '@parapet/core'
import type { KekProvider, Keyset, KeysetStore, OpenKeyset } from '@parapet/privacy/encryption'
import type { Pool } from 'pg'
import type { CommandContext } from '../../command.js'
import { usageError } from '../../errors.js'
import { createAuditFile, createAuditNotice, type CliAudit } from './audit.js'
import { openPool, toDatabaseError } from './database.js'
import type { KeysOptions } from './options.js'

/** A keyset with what a command needs to work on it. */
export type Place = {
  /** the control plane's own values stand in append-only tables: they are not sealed anew */
  readonly kind: 'application' | 'control plane'
  readonly store: KeysetStore
  /** Throws `PPT_KEYS_MISSING` when there is none. */
  readonly read: () => Promise<{ readonly keyset: Keyset; readonly version: string }>
  readonly kek: (keyset: Keyset) => KekProvider
  /** Writes what `step` makes of the keyset. Throws `PPT_CONFLICT` when somebody else changed it meanwhile. */
  readonly change: (step: (keyset: Keyset) => Keyset | Promise<Keyset>) => Promise<Keyset>
  readonly open: () => Promise<OpenKeyset>
  readonly pool: Pool | undefined
  /** Throws `PPT_USAGE` when no database was named. */
  readonly needPool: () => Pool
  readonly audit: AuditSink
  readonly actor: { readonly kind: 'system'; readonly id: string; readonly name: string }
  readonly record: (action: string, keyset: Keyset, detail: NonNullable<AuditEntry['detail']>) => Promise<void>
  readonly clock: Clock
  readonly production: boolean
  /** the options that name the keyset, as they were given, for commands that are shown; a database is left out, it may hold a password */
  readonly flags: string
}

type Opened = Pick<Place, 'kind' | 'store' | 'kek' | 'pool' | 'audit'> & { readonly close: () => Promise<void> }

const given = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text)

/** The KEK that a keyset names itself is only trusted where nothing is sent anywhere: a forged keyset must not choose who gets a token. */
const kekOfKeyset = (keyset: Keyset): string => {
  if (/^(?:file|env):/.test(keyset.kek)) return keyset.kek
  throw usageError(`the keyset names ${keyset.kek}; say it yourself by --kek or PARAPET_KEK, because a token is sent there`)
}

const openApplication = async ({ env, terminal }: CommandContext, options: KeysOptions): Promise<Opened> => {
  const { createFileKeysetStore, kekFromUri } = await import('@parapet/privacy/encryption')
  const keyset = given(options.keyset) ?? given(env['PARAPET_KEYSET'])
  if (keyset === undefined)
    throw usageError('name the keyset: --keyset FILE (or PARAPET_KEYSET) for an application, --data-dir DIR for a control plane')
  const kek = given(options.kek) ?? given(env['PARAPET_KEK'])
  const url = given(options.database) ?? given(env['DATABASE_URL'])
  const pool = url === undefined ? undefined : await openPool(url)
  let audit: CliAudit
  let store: KeysetStore
  try {
    if (keyset === 'database') {
      if (pool === undefined) throw usageError('--keyset database needs --database URL, or DATABASE_URL')
      const { createPostgresKeysetStore } = await import('@parapet/privacy/postgres')
      store = createPostgresKeysetStore(pool)
    } else store = createFileKeysetStore(resolve(keyset))
    audit = options.audit === undefined ? createAuditNotice(terminal, options.json === true) : await createAuditFile(options.audit)
  } catch (error) {
    await pool?.end()
    throw error
  }
  return {
    kind: 'application',
    store,
    kek: (found) => kekFromUri(kek ?? kekOfKeyset(found), { env }),
    pool,
    audit,
    close: async () => {
      await audit.close()
      await pool?.end()
    },
  }
}

const openControlPlane = async ({ env, terminal }: CommandContext, options: KeysOptions, dataDir: string): Promise<Opened> => {
  if (options.keyset !== undefined || options.kek !== undefined || options.database !== undefined)
    throw usageError('--data-dir stands for the whole place: leave out --keyset, --kek and --database; its settings say the rest')
  const { loadConfig, openKeyPlace } = await import('@parapet/server')
  const { config } = await loadConfig({ env, options: { dataDir } })
  const place = await openKeyPlace(config, { env })
  const own = options.audit === undefined ? createAuditNotice(terminal, options.json === true) : await createAuditFile(options.audit)
  return {
    kind: 'control plane',
    store: place.store,
    kek: () => place.kek,
    pool: place.pool,
    audit: {
      record: async (entry) => {
        await place.audit.record(entry)
        await own.record(entry)
      },
    },
    close: async () => {
      await own.close()
      await place.close()
    },
  }
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)

const flagsOf = ({ keyset, kek, dataDir }: KeysOptions): string =>
  Object.entries({ keyset, kek, 'data-dir': dataDir })
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${quoted(value)}`))
    .join('')

/** Runs `work` on the keyset that the options name; closes everything afterwards. Trouble with the database becomes an error of ours. */
export const withPlace = async <T>(context: CommandContext, options: KeysOptions, work: (place: Place) => Promise<T>): Promise<T> => {
  const { env, now: clock } = context
  const { openKeyset } = await import('@parapet/privacy/encryption')
  const production = env['NODE_ENV'] === 'production'
  let opened: Opened | undefined
  try {
    opened =
      options.dataDir === undefined ? await openApplication(context, options) : await openControlPlane(context, options, options.dataDir)
    const { store, kek, pool, audit } = opened
    const actor = { kind: 'system', id: 'parapet-keys', name: userInfo().username } as const
    const read: Place['read'] = async () => {
      const found = await store.read()
      if (found === undefined)
        throw new ParapetError('PPT_KEYS_MISSING', `there is no keyset in ${store.where}; parapet keys create makes one`)
      return found
    }
    return await work({
      ...opened,
      read,
      change: async (step) => {
        const { keyset, version } = await read()
        const next = await step(keyset)
        if (await store.write(next, version)) return next
        throw new ParapetError('PPT_CONFLICT', `${store.where} was changed by somebody else at this moment`)
      },
      open: async () => openKeyset({ store, kek: kek((await read()).keyset), clock, production }),
      needPool: () => {
        if (pool === undefined) throw usageError('this looks at the database: give --database URL, or DATABASE_URL')
        return pool
      },
      actor,
      record: (action, keyset, detail) =>
        audit.record({ at: clock(), actor, action, resource: { type: 'keyset', id: keyset.id }, outcome: 'success', detail }),
      clock,
      production,
      flags: flagsOf(options),
    })
  } catch (error) {
    throw toDatabaseError(error)
  } finally {
    await opened?.close()
  }
}
