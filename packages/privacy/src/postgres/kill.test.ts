import { systemClock } from '@parapet/core'
import { seededRandom } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenKeyset } from '../encryption/index.js'
import { createSealedCodec, type SealedCodec } from '../sealed/codec.js'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { ROTATED, SEALED } from './fixtures/columns.js'
import { killAll, runChild, startWriters } from './fixtures/kill.js'
import { type ColumnSealing, rotateColumns, scanKeyUse, sealColumn, type SealingDeps } from './index.js'

const SOAK = process.env['PARAPET_SOAK'] !== undefined
const ROWS = SOAK ? 1_000_000 : 20_000
const KILLS = 10
/** slow enough in the short run that every kill meets the work half done */
const RATE = SOAK ? '' : '6000'
const LONGEST = SOAK ? 2_500 : 250
const MINUTES = SOAK ? 20 : 3

const orgOf = (id: number): string => `org${id % 7}`

describe.skipIf(!postgresHere.ok)(`work on ${ROWS} rows that is killed ${KILLS} times while writers go on${postgresHere.note}`, () => {
  let place: TestPlace
  let deps: SealingDeps
  let keyset: OpenKeyset
  /** as an older version of the application has it open: it goes on sealing with the key before */
  let older: OpenKeyset
  const random = seededRandom(20_261_121)

  beforeAll(async () => {
    place = await createTestPlace()
    keyset = await place.keys.open()
    older = await place.keys.open()
    deps = { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: { kind: 'system', id: 'test' } }
  }, 60_000)
  afterAll(async () => {
    killAll()
    await place?.close()
  }, 60_000)

  const killedRuns = async (mode: string, kills: number): Promise<void> => {
    for (let kill = 0; kill < kills; kill++) {
      const { killed } = await runChild([mode, place.url, place.folder, RATE], 20 + random.integer(0, LONGEST))
      expect(killed, `kill ${kill} came while ${mode} was at work`).toBe(true)
    }
  }
  const codecOf = (open: OpenKeyset, table: string, column: string): SealedCodec => createSealedCodec(open, { table, column, type: 'text' })

  it(
    'rotates: nothing lost or doubled, everything under the new key',
    async () => {
      const expected = new Map<number, string>()
      await place.pool.query('create table cells (id bigint primary key, org text not null, body text, body_index text)')
      const seal = (open: OpenKeyset, id: number, value: string): (string | null)[] => [
        codecOf(open, 'cells', 'body').seal(value, [id], orgOf(id)) as string,
        open.blindIndex({ ...ROTATED.index, tenant: orgOf(id), table: 'cells', column: 'body' }).of(value),
      ]
      for (let from = 0; from < ROWS; from += 5000) {
        const ids = Array.from({ length: 5000 }, (_, i) => from + i)
        const cells = ids.map((id) => seal(keyset, id, `first ${id}`))
        for (const id of ids) expected.set(id, `first ${id}`)
        await place.pool.query('insert into cells select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])', [
          ids,
          ids.map(orgOf),
          cells.map(([body]) => body),
          cells.map(([, index]) => index),
        ])
      }
      const second = await place.keys.addKey()
      await keyset.refresh()
      // writers own their rows, so that each knows what it wrote last
      let [next, round] = [ROWS, 0]
      const write = async (open: OpenKeyset, owner: number): Promise<void> => {
        const id = random.integer(0, ROWS / 4) * 4 + owner
        const value = `written ${++round}`
        await place.pool.query('update cells set body = $2, body_index = $3 where id = $1', [id, ...seal(open, id, value)])
        expected.set(id, value)
        if (round % 5 !== 0) return
        const fresh = next++
        await place.pool.query('insert into cells values ($1, $2, $3, $4)', [fresh, orgOf(fresh), ...seal(open, fresh, `new ${fresh}`)])
        expected.set(fresh, `new ${fresh}`)
      }
      const writers = startWriters([() => write(older, 0), () => write(keyset, 1), () => write(older, 2)])
      await killedRuns('rotate', KILLS)
      // a last version of the application with the old key goes on for a while, then it is gone
      expect(await writers.stop()).toBeGreaterThan(50)
      const started = performance.now()
      const { said, code } = await runChild(['rotate', place.url, place.folder, ''])
      expect([code, said[1]]).toEqual([0, 'done'])
      if (SOAK) console.log(`last run of the rotation: ${Math.round(performance.now() - started)} ms, ${said.at(-1)}`)

      const rotation = rotateColumns({ columns: [ROTATED] }, deps)
      expect(await rotation.verify()).toMatchObject([{ values: expected.size, problemCount: 0, byKey: { [second]: expected.size } }])
      expect(await rotation.finish()).toMatchObject([{ state: 'finished', refused: 0 }])
      const scan = await scanKeyUse({ pool: place.pool, clock: systemClock })
      expect([scan.unread, scan.uses]).toEqual([[], { [second]: expected.size * 2 }])
      const { rows } = await place.pool.query<{ id: string; org: string; body: string }>('select id, org, body from cells')
      expect(rows).toHaveLength(expected.size)
      const codec = codecOf(keyset, 'cells', 'body')
      expect(rows.filter(({ id, org, body }) => codec.open(body, [id], org) !== expected.get(Number(id)))).toEqual([])
    },
    MINUTES * 60_000,
  )

  it(
    'seals: nothing lost, nothing left plain, with old, dual and new versions of the application writing',
    async () => {
      const expected = new Map<number, string | null>()
      await place.pool.query('create table people (id bigint primary key, org text not null, phone text not null)')
      await place.pool.query(`insert into people select i, 'org' || i % 7, '+43660' || i from generate_series(0, $1::int - 1) as i`, [ROWS])
      for (let id = 0; id < ROWS; id++) expected.set(id, `+43660${id}`)
      const index = (id: number, phone: string): string =>
        keyset.blindIndex({ ...SEALED.index, tenant: orgOf(id), table: 'people', column: 'phone_sealed' }).of(phone)
      const sealed = (id: number, phone: string): unknown => codecOf(keyset, 'people', 'phone_sealed').seal(phone, [id], orgOf(id))
      // the tables of the state and the sealed column must be there before writers of newer versions start
      const sealing: ColumnSealing = sealColumn(SEALED, deps)
      let [next, round] = [ROWS, 0]
      const pick = (owner: number): number => random.integer(0, ROWS / 4) * 4 + owner
      const old = async (): Promise<void> => {
        const [id, phone] = [pick(0), `+43699${++round}`]
        await place.pool.query('update people set phone = $2 where id = $1', [id, phone])
        expected.set(id, phone)
        if (round % 3 !== 0) return
        const fresh = next++
        await place.pool.query('insert into people (id, org, phone) values ($1, $2, $3)', [fresh, orgOf(fresh), phone])
        expected.set(fresh, phone)
      }
      const dual = async (): Promise<void> => {
        const [id, phone] = [pick(1), `+43688${++round % 50}`]
        await place.pool.query('update people set phone = $2, phone_sealed = $3, phone_index = $4 where id = $1', [
          id,
          phone,
          sealed(id, phone),
          index(id, phone),
        ])
        expected.set(id, phone)
      }
      const newest = async (): Promise<void> => {
        const [id, phone] = [pick(2), `+43677${++round}`]
        await place.pool.query('update people set phone_sealed = $2, phone_index = $3 where id = $1', [
          id,
          sealed(id, phone),
          index(id, phone),
        ])
        expected.set(id, phone)
      }
      const first = startWriters([old])
      await killedRuns('seal', 2)
      await sealing.start()
      const rest = startWriters([dual, newest])
      await killedRuns('seal', KILLS - 2)
      const started = performance.now()
      const { said, code } = await runChild(['seal', place.url, place.folder, ''])
      expect([code, said[1]]).toEqual([0, 'backfilled'])
      if (SOAK) console.log(`last run of the backfill: ${Math.round(performance.now() - started)} ms, ${said.at(-1)}`)
      // the old version and the one that writes both are gone before the cut
      expect((await first.stop()) + (await rest.stop())).toBeGreaterThan(50)
      const late = startWriters([newest])
      expect(await sealing.verify()).toMatchObject({ problemCount: 0, rows: expected.size })
      expect(await sealing.cutOver()).toMatchObject({ state: 'cut', left: 0 })
      await late.stop()

      const check = async (column: string): Promise<void> => {
        const { rows } = await place.pool.query<{ id: string; org: string; value: string | null }>(
          `select id, org, ${column} as value from people`,
        )
        expect(rows).toHaveLength(expected.size)
        const codec = codecOf(keyset, 'people', 'phone_sealed')
        const read =
          column === 'phone'
            ? (value: string | null) => value
            : (value: string | null, id: string, org: string) => codec.open(value, [id], org)
        expect(rows.filter(({ id, org, value }) => read(value, id, org) !== expected.get(Number(id)))).toEqual([])
      }
      await check('phone_sealed')

      // the way back is killed as well; what only the newest version wrote comes back as plain text
      for (let kill = 0; kill < 3; kill++) await runChild(['undo', place.url, place.folder, RATE], 20 + random.integer(0, LONGEST / 4))
      // whether a killed run came to its end is chance; afterwards there is nothing left to undo
      if ((await sealing.status()) !== undefined) await runChild(['undo', place.url, place.folder, ''])
      expect(await sealing.status()).toBeUndefined()
      await check('phone')
      expect((await place.pool.query('select * from people limit 1')).fields.map(({ name }) => name)).toEqual(['id', 'org', 'phone'])

      await sealing.start()
      await sealing.backfill()
      await sealing.verify()
      await sealing.cutOver()
      expect(await sealing.finish()).toMatchObject({ status: { state: 'finished' } })
      await check('phone_sealed')
      const scan = await scanKeyUse({ pool: place.pool, clock: systemClock })
      expect(scan.columns.find(({ column }) => column === 'public.people.phone_sealed')).toMatchObject({
        sealed: { [keyset.cipher.primaryKeyId]: expected.size },
        damaged: 0,
      })
    },
    MINUTES * 60_000,
  )
})
