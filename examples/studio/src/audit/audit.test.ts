import type { AccessEntry } from '@parapet/guard'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'

let studio: TestStudio
let owner: Browser
beforeAll(async () => {
  studio = await startTestStudio()
  owner = studio.browser({ address: '203.0.113.7' })
  await owner.signIn('probe-a@studio.example')
}, SETUP_MS)
afterAll(() => studio.stop())

type Row = Pick<AccessEntry, 'action' | 'outcome' | 'status'> & {
  readonly type: string
  readonly resource: string | null
  readonly address: string
  readonly email: string | null
}
/** What is recorded of one thing, oldest first. */
const recorded = async (resource: string): Promise<Row[]> =>
  (
    await studio.pool.query<Row>(
      'select action, type, resource, outcome, status, address from access_log where resource = $1 order by id',
      [resource],
    )
  ).rows
const lastOf = async (route: string): Promise<Row | undefined> =>
  (
    await studio.pool.query<Row>(
      'select action, type, resource, outcome, status from access_log where route = $1 order by id desc limit 1',
      [route],
    )
  ).rows[0]

describe('who saw what', () => {
  it('is recorded before the answer goes out: each view of a document, and by whom from where [ASVS 16.2.1, 16.3.2]', async () => {
    const { document } = studio.seeded.ids
    await owner.get(`/documents/${document}`)
    expect(await recorded(document)).toEqual([
      { action: 'view', type: 'documents', resource: document, outcome: 'success', status: 200, address: '203.0.113.7' },
    ])
    const stranger = studio.browser()
    await stranger.signIn('probe-b@studio.example')
    await stranger.get(`/documents/${document}`)
    await studio.browser().json('GET', `/api/documents/${document}`)
    expect((await recorded(document)).slice(1)).toMatchObject([
      { action: 'view', outcome: 'failure', status: 404 },
      { action: 'view', outcome: 'refused', status: 401 },
    ])
  })

  it('is recorded of attachments, changes, lists and acts of administrators', async () => {
    const { document, person } = studio.seeded.ids
    const page = await owner.get(`/documents/${document}`)
    const link = /href="(\/attachments\/([^"?]+)[^"]+)"/.exec(page.text) ?? []
    await owner.get((link[1] ?? '').replaceAll('&amp;', '&'))
    expect(await recorded(link[2] ?? '')).toMatchObject([{ action: 'view', type: 'attachments', status: 200 }])
    await owner.post(`/documents/${document}/comments`, { text: 'Seen.' })
    expect(await lastOf('/documents/:id/comments')).toMatchObject({ action: 'create', type: 'comments', outcome: 'success' })
    await owner.get('/documents?q=secret')
    expect(await lastOf('/documents')).toMatchObject({ action: 'view', type: 'documents', resource: null })
    const admin = studio.browser()
    await admin.signIn('probe-admin@studio.example')
    await admin.post(`/admin/people/${person}/rights`)
    expect(await lastOf('/admin/people/:id/rights')).toMatchObject({ type: 'rights', outcome: 'success' })
  })

  it('holds no query, no signature and no text of what was sent', async () => {
    await owner.get('/documents?q=a-search-for-somebody')
    await owner.post(`/documents/${studio.seeded.ids.document}/comments`, { text: 'a comment of few words' })
    const all = JSON.stringify((await studio.pool.query('select * from access_log')).rows)
    expect(all.length).toBeGreaterThan(500)
    for (const text of ['a-search-for-somebody', 'a comment of few words', 'signature']) expect(all).not.toContain(text)
  })

  it('is changed by nobody, not by the application either [ASVS 16.4.2]', async () => {
    for (const statement of ["update access_log set action = 'x'", 'delete from access_log', 'truncate access_log'])
      await expect(studio.pool.query(statement)).rejects.toThrow('append-only')
  })

  it('is shown to administrators with names instead of ids, by person, action and outcome', async () => {
    const admin = studio.browser()
    await admin.signIn('probe-admin@studio.example')
    const page = async (query: string): Promise<string> =>
      (await admin.get(`/admin/audit?${query}`)).text.replaceAll(/<select[^]*?<\/select>/g, '')
    const id = (await studio.parts.people.byEmail('probe-a@studio.example'))?.id ?? ''
    const his = await page(`actor=${studio.guard.id.encode('person', id)}`)
    expect(his).toContain('Access control policy')
    expect(his).toContain('<bdi>Test probe-a</bdi>')
    expect(his).not.toContain('<bdi>Test probe-b</bdi>')
    expect(await page('outcome=refused')).not.toContain('<bdi>Test probe-a</bdi>')
    expect(await page('action=create')).toContain('<bdi>Test probe-a</bdi>')
    for (const odd of ['actor=1', 'action=drop', 'page=-1', 'page=99999999', 'page=x', 'actor[]=1'])
      expect((await admin.get(`/admin/audit?${odd}`)).status).toBe(200)
  })

  it('that cannot be recorded is not shown', async () => {
    await studio.pool.query('alter table access_log rename to access_log_away')
    try {
      expect((await owner.get(`/documents/${studio.seeded.ids.document}`)).status).toBe(503)
    } finally {
      await studio.pool.query('alter table access_log_away rename to access_log')
    }
    expect((await owner.get(`/documents/${studio.seeded.ids.document}`)).status).toBe(200)
  })
})
