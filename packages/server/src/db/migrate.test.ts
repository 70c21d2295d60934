import { afterAll, describe, expect, it } from 'vitest'
import { checkMigrations, migrate } from './migrate.js'
import type { Migration } from './migration.js'
import { MIGRATIONS } from './migrations/index.js'
import { createTestDatabase, type TestDatabase } from './test-database.js'

const opened: TestDatabase[] = []
const fresh = async (): Promise<TestDatabase> => {
  const database = await createTestDatabase({ migrated: false })
  opened.push(database)
  return database
}
afterAll(() => Promise.all(opened.map((database) => database.close())))

const one: Migration = { name: '0001-one', sql: 'CREATE TABLE one (id int); GRANT SELECT ON one TO parapet_app;' }
const two: Migration = { name: '0002-two', sql: 'CREATE TABLE two (id int);' }

describe('migrate', () => {
  it('applies every released step to an empty database and nothing the second time', async () => {
    const database = await fresh()
    expect(await migrate(database)).toEqual(MIGRATIONS.map((migration) => migration.name))
    expect(await migrate(database)).toEqual([])
  })

  it('applies only what is new, in order', async () => {
    const database = await fresh()
    expect(await migrate(database, [one])).toEqual(['0001-one'])
    expect(await migrate(database, [one, two])).toEqual(['0002-two'])
    await expect(database.pool.query('SELECT * FROM one')).resolves.toMatchObject({ rowCount: 0 })
  })

  it('refuses a step that was edited after it was applied', async () => {
    const database = await fresh()
    await migrate(database, [one])
    await expect(migrate(database, [{ ...one, sql: `${one.sql} -- edited` }])).rejects.toMatchObject({ code: 'PPT_DATABASE_VERSION' })
  })

  it('refuses a schema that is newer than this program', async () => {
    const database = await fresh()
    await migrate(database, [one, two])
    await expect(migrate(database, [one])).rejects.toMatchObject({
      code: 'PPT_DATABASE_VERSION',
      detail: expect.stringContaining('0002-two'),
    })
  })

  it('leaves nothing of a step that fails, and goes on from there when it is mended', async () => {
    const database = await fresh()
    const broken: Migration = { name: '0002-two', sql: 'CREATE TABLE two (id int); SELECT no_such_function();' }
    await expect(migrate(database, [one, broken])).rejects.toThrow(/no_such_function/)
    const { rows } = await database.owner().query<{ found: string | null }>(`SELECT to_regclass('parapet.two')::text AS found`)
    expect(rows[0]?.found).toBeNull()
    expect(await migrate(database, [one, two])).toEqual(['0002-two'])
  })

  it('lets one of several that start together do the work, once', async () => {
    const database = await fresh()
    const siblings = await Promise.all([database.sibling(), database.sibling(), database.sibling()])
    const answers = await Promise.all([database, ...siblings].map((each) => migrate(each, [one, two])))
    expect(answers.flat().toSorted()).toEqual(['0001-one', '0002-two'])
    await Promise.all(siblings.map((each) => each.close()))
  })

  it('finds gaps and bad names in the list before it touches the database', () => {
    expect(() => checkMigrations([two])).toThrow(/0002-two is out of order/)
    expect(() => checkMigrations([one, { ...two, name: '0003-three' }])).toThrow(/out of order/)
    expect(() => checkMigrations([{ ...one, name: 'first' }])).toThrow(TypeError)
  })
})

describe('the application role', () => {
  it('is neither superuser nor owner and cannot become either', async () => {
    const database = await fresh()
    await migrate(database)
    const { rows } = await database.pool.query<{ name: string; super: boolean }>(
      'SELECT current_user::text AS name, rolsuper AS super FROM pg_roles WHERE rolname = session_user',
    )
    expect(rows[0]).toEqual({ name: 'parapet_app', super: false })
    await expect(database.pool.query('SET ROLE parapet_owner')).rejects.toMatchObject({ code: '42501' })
    await expect(database.pool.query('CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: '42501' })
  })

  it.each([
    ['events', 'UPDATE events SET id = id'],
    ['events', 'DELETE FROM events'],
    ['events', 'TRUNCATE events'],
    ['decision_log', 'UPDATE decision_log SET at = 0'],
    ['decision_log', 'DELETE FROM decision_log'],
    ['decision_log', 'TRUNCATE decision_log'],
    ['event_keys', 'DELETE FROM event_keys'],
    ['alerts', 'DELETE FROM alerts'],
    ['decisions', 'DELETE FROM decisions'],
    ['log_heads', 'DELETE FROM log_heads'],
    ['log_heads', "INSERT INTO log_heads VALUES ('mine', 1)"],
    ['migrations', 'DELETE FROM migrations'],
  ])('may not rewrite %s: %s', async (_table, sql) => {
    const database = opened.at(-1) ?? (await fresh())
    await expect(database.pool.query(sql)).rejects.toMatchObject({ code: '42501' })
  })

  it('is not the only one who may not: the owner too is refused a change of what is append-only', async () => {
    const database = await fresh()
    await migrate(database)
    await database.owner().query(`INSERT INTO decision_log VALUES (1, 'd', 0, '{}', 0)`)
    await expect(database.owner().query('UPDATE decision_log SET at = 1')).rejects.toThrow(/append-only/)
    await expect(database.owner().query('DELETE FROM decision_log')).rejects.toThrow(/append-only/)
    await expect(database.owner().query('TRUNCATE decision_log')).rejects.toThrow(/append-only/)
  })

  it('may seal what an older version wrote, once, and cannot use that to rewrite anything', async () => {
    const database = await fresh()
    await migrate(database)
    await database.owner().query(`INSERT INTO decision_log VALUES (1, 'd', 0, '{}', 0), (2, 'e', 0, '{}', 1)`)
    const bodies = async (): Promise<unknown[]> =>
      (await database.pool.query<{ body: unknown }>('SELECT body FROM decision_log ORDER BY revision')).rows.map((row) => row.body)
    await database.pool.query(`SELECT seal_decision_log('{1,2}', ARRAY['{"sealed":1}', '{"sealed":2}'])`)
    expect(await bodies()).toEqual([{ sealed: 1 }, {}])
    await database.pool.query(`SELECT seal_decision_log('{1,2}', ARRAY['{"again":1}', '{"again":2}'])`)
    expect(await bodies()).toEqual([{ sealed: 1 }, {}])
    // the mark by itself gives nobody a right, nor the owner a second step
    await expect(
      database.pool.query(`SELECT set_config('parapet.sealing', 'yes', false); UPDATE decision_log SET form = 1`),
    ).rejects.toMatchObject({ code: '42501' })
    await expect(
      database.owner().query(`SELECT set_config('parapet.sealing', 'yes', false); UPDATE decision_log SET body = '{}'`),
    ).rejects.toThrow(/append-only/)
  })
})
