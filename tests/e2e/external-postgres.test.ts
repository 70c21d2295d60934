import { join } from 'node:path'
import { freePort, needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, createPlace, createSource, parapet, startControlPlane } from './support/control-plane.js'
import { eventually, startProgram } from './support/processes.js'

const external = needs('root', 'postgres')

describe.skipIf(!external.ok)(`a control plane on a PostgreSQL of its user's own${external.note}`, () => {
  const place = createPlace('external')
  let postgres: SystemPostgres

  beforeAll(async () => {
    postgres = await startSystemPostgres(join(place.path, 'cluster'))
  }, 60_000)

  afterAll(async () => {
    await postgres?.stop()
    place.remove()
  }, 30_000)

  it('migrates, takes events, detects, and finds everything again after a restart', async () => {
    const port = await freePort()
    const dataDir = join(place.path, 'data')
    const env = { DATABASE_URL: postgres.url }
    const first = await startControlPlane({ dataDir, port, env })
    const { admin: token, source } = await createSource(first.url, dataDir)
    const now = Date.now()
    const failures = Array.from({ length: 6 }, (_, i) => ({
      '@timestamp': now - 6_000 + i * 1_000,
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'source.ip': '198.18.7.7',
      'user.name': 'alice',
    }))
    expect(await api(`${first.url}/v1/events`, { token: source, body: failures })).toMatchObject({ accepted: 6, duplicates: 0 })
    const alerts = (url: string): Promise<{ items: { targets: string[] }[] }> => api(`${url}/v1/alerts`, { token })
    await eventually(async () => ((await alerts(first.url)).items.length > 0 ? true : undefined), 'an alert')
    expect(await first.stop()).toBe(0)

    const second = await startControlPlane({ dataDir, port, env })
    const kept = await alerts(second.url)
    expect(kept.items.some((alert) => alert.targets.includes('198.18.7.7'))).toBe(true)
    expect(await second.stop()).toBe(0)
  }, 90_000)

  it('runs its queries as a role that is neither superuser nor owner', () => {
    const roles = postgres.query("select rolsuper::text || ' ' || rolbypassrls::text from pg_roles where rolname like 'parapet%app%'")
    expect(roles).toContain('false false')
    const owned = postgres.query(
      "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema') and tableowner like 'parapet%app%'",
    )
    expect(owned.trim()).toBe('0')
  })

  it('says which setting is wrong when nobody answers there', async () => {
    const program = startProgram(process.execPath, [parapet, 'serve'], {
      env: {
        DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
        PARAPET_DATA_DIR: join(place.path, 'other'),
        PARAPET_PORT: String(await freePort()),
      },
    })
    await program.waitFor(/PPT_DATABASE_UNAVAILABLE/, 30_000)
    expect(await program.stop()).not.toBe(0)
  }, 60_000)
})
