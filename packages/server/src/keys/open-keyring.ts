import { type Clock, type Keyring, ParapetError } from '@parapet/core'
import { kekFromMaster, type KekProvider } from '@parapet/privacy/encryption'
import type { Pool } from 'pg'
import { createKeyFile, type MasterKey, keyFilePath, readKeyFile } from './key-file.js'
import { createKeyring } from './keyring.js'

const PURPOSE = 'key-check'

/** What opening the keys did. */
export type OpenedKeys = {
  readonly keyring: Keyring
  /** wraps the keys that seal, unless the settings name another one */
  readonly kek: KekProvider
  readonly id: string
  /** true when this start made the key */
  readonly created: boolean
  /** the file to back up */
  readonly path: string
}

/** Tables whose rows mean that this store is in use. */
const IN_USE = ['operators', 'sources', 'api_tokens', 'audit'] as const

const isEmpty = async (pool: Pool): Promise<boolean> => {
  for (const table of IN_USE) {
    const { rows } = await pool.query<{ used: boolean }>(`select exists (select 1 from ${table}) as used`)
    if (rows[0]?.used !== false) return false
  }
  return true
}

const readCheck = async (pool: Pool): Promise<{ key_id: string; signature: string } | undefined> =>
  (await pool.query<{ key_id: string; signature: string }>('select key_id, signature from key_check')).rows[0]

/**
 * Opens the installation's keys against the record in its database. An empty store gets new ones; a store that holds
 * anything refuses to start without the key that it was made with. Throws `PPT_KEYS_MISSING` naming the file.
 */
export const openKeyring = async (options: { dataDir: string; pool: Pool; clock: Clock }): Promise<OpenedKeys> => {
  const { dataDir, pool } = options
  const path = keyFilePath(dataDir)
  const check = await readCheck(pool)
  let master: MasterKey | undefined = await readKeyFile(dataDir)
  const created = master === undefined
  if (check === undefined) {
    if (!(await isEmpty(pool)))
      throw new ParapetError('PPT_KEYS_MISSING', `the database holds data but no key record; the key file would be ${path}`)
    master ??= await createKeyFile(dataDir, options.clock())
    const signature = createKeyring(master.key).sign(PURPOSE, master.id)
    await pool.query('insert into key_check (singleton, key_id, signature) values (true, $1, $2) on conflict do nothing', [
      master.id,
      signature,
    ])
  }
  const record = check ?? (await readCheck(pool))
  if (master === undefined)
    throw new ParapetError('PPT_KEYS_MISSING', `${path} does not exist; the database was made with key ${record?.key_id ?? '?'}`)
  const keyring = createKeyring(master.key)
  if (record === undefined || record.key_id !== master.id || !keyring.verify(PURPOSE, record.key_id, record.signature)) {
    throw new ParapetError('PPT_KEYS_MISSING', `${path} holds key ${master.id}; the database was made with key ${record?.key_id ?? '?'}`)
  }
  return { keyring, kek: kekFromMaster(master.key, `file:${path}`), id: master.id, created, path }
}
