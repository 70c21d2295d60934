import { randomBytes } from 'node:crypto'
import { kekFromMaster } from '@parapet/privacy/encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'
import { prepareDatabase } from './prepare.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

/** All rows of all tables as text, as a stolen dump has them. */
const dump = async (): Promise<string> => {
  const { rows } = await studio.pool.query<{ name: string }>(
    "select format('%I', table_name) as name from information_schema.tables where table_schema = 'public'",
  )
  const texts = await Promise.all(
    rows.map(async ({ name }) => JSON.stringify((await studio.pool.query(`select t::text from ${name} t`)).rows)),
  )
  return texts.join('\n')
}

describe('a dump of the database', () => {
  it('holds no mail address, telephone number, contact, attachment, password or secret in plain', async () => {
    const browser = studio.browser()
    await browser.post('/sign-up', { email: 'waiting@studio.example', name: 'Wanda', password: 'slow trains between two lakes' })
    await browser.signIn('probe-a@studio.example')
    await browser.upload(`/documents/${studio.seeded.ids.document}/attachments`, 'secret.txt', 'the plan of the vault')
    await studio.mailTo('waiting@studio.example', /Confirm/)
    const text = await dump()
    // it is the real thing: what is not sealed is there
    for (const there of ['Anna Berg', 'Access control policy', 'secret.txt', 'ppt1.']) expect(text).toContain(there)
    for (const plain of [
      '@studio.example',
      '@north.example',
      '90182012',
      'the plan of the vault',
      Buffer.from('the plan of the vault').toString('hex'),
      'slow trains',
      'a long sentence',
      ...studio.seeded.people.flatMap(({ totp = [] }) => totp),
    ])
      expect([plain, text.includes(plain)]).toEqual([plain, false])
    for (const cookie of browser.cookies.values()) expect(text).not.toContain(cookie)
  })

  it('takes no plain text past the plugin', async () => {
    for (const statement of [
      "update people set email = 'eve@evil.example'",
      "update people set phone = '1'",
      "update documents set contact = 'x@y.example'",
    ])
      await expect(studio.pool.query(statement)).rejects.toThrow('check constraint')
  })

  it('yields nothing when a value is moved into another row', async () => {
    const { rows } = await studio.pool.query<{ id: string; phone: string }>('select id, phone from people order by id limit 2')
    const [first, second] = rows
    await studio.pool.query('update people set phone = $1 where id = $2', [first?.phone, second?.id])
    await expect(studio.parts.people.byId(second?.id ?? '')).rejects.toMatchObject({ code: 'PPT_SEALED_INVALID' })
  })
})

describe('the keys', () => {
  it('are made with a new database only: one that lost them stops', async () => {
    await studio.pool.query('create table kept as select * from parapet_keysets; delete from parapet_keysets')
    const kek = kekFromMaster(randomBytes(32), 'file:/test')
    await expect(prepareDatabase(studio.pool, kek, false, () => undefined)).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING' })
    await studio.pool.query('insert into parapet_keysets select * from kept')
    // and another key for the keys opens none of them
    await expect(prepareDatabase(studio.pool, kek, false, () => undefined)).rejects.toMatchObject({ code: 'PPT_KEK' })
  })
})
