import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { socketDirFor } from './db/bundled/socket-dir.js'
import { type RunningPostgres, startPostgres } from './postgres-entry.js'

const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-postgres-')))
const running: RunningPostgres[] = []
afterAll(async () => {
  for (const { stop } of running) await stop()
  rmSync(socketDirFor(dataDir, process.getuid?.() ?? -1, process.env), { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
})

const start = async (): Promise<RunningPostgres> => {
  const postgres = await startPostgres({ name: 'shop', dataDir })
  running.push(postgres)
  return postgres
}

describe('a PostgreSQL for a small program', { timeout: 120_000 }, () => {
  it('is a database of its own, owned and without a superuser, that is there again after a stop', async () => {
    const first = await start()
    expect(first.dataDir).toBe(dataDir)
    const pool = new Pool(first.connection)
    await pool.query('create table things as select 1 as id')
    const { rows } = await pool.query(
      "select current_database() as name, current_setting('is_superuser') as super, current_setting('listen_addresses') as tcp",
    )
    expect(rows).toEqual([{ name: 'shop', super: 'off', tcp: '' }])
    await expect(startPostgres({ name: 'shop', dataDir })).rejects.toMatchObject({ code: 'PPT_DATA_DIR_LOCKED' })
    await pool.end()
    await first.stop()

    const again = new Pool((await start()).connection)
    expect((await again.query('select id from things')).rows).toEqual([{ id: 1 }])
    await again.end()
  })

  it.each(['', 'Shop', 'shop-1', 'x; drop table users', '../shop'])('takes no name such as %j', async (name) => {
    await expect(startPostgres({ name, dataDir })).rejects.toThrow('startPostgres.name')
  })
})
