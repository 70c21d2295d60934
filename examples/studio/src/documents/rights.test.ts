import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'

/** Who asks, of a document of `probe-a` in the framework SOC 2. */
const PEOPLE = ['owner', 'viewer', 'stranger', 'admin', 'anonymous'] as const
type Who = (typeof PEOPLE)[number]

let studio: TestStudio
const browsers = new Map<Who, Browser>()
const as = (who: Who): Browser => browsers.get(who) ?? studio.browser()

beforeAll(async () => {
  studio = await startTestStudio()
  const emails = {
    owner: 'probe-a@studio.example',
    viewer: 'ben@studio.example',
    stranger: 'probe-b@studio.example',
    admin: 'probe-admin@studio.example',
  }
  for (const [who, email] of Object.entries(emails)) {
    const browser = studio.browser()
    if ((await browser.signIn(email)).status !== 303) throw new Error(`${email} cannot sign in`)
    browsers.set(who as Who, browser)
  }
  browsers.set('anonymous', studio.browser())
}, SETUP_MS)
afterAll(() => studio.stop())

const OPEN = { owner: 200, viewer: 200, stranger: 404, admin: 404, anonymous: 303 } as const
const OWNER = { owner: 303, viewer: 403, stranger: 404, admin: 404, anonymous: 303 } as const
const COMMENT = { owner: 303, viewer: 303, stranger: 404, admin: 404, anonymous: 303 } as const
const API = { owner: 200, viewer: 200, stranger: 404, admin: 404, anonymous: 401 } as const

type Route = {
  readonly name: string
  readonly ask: (browser: Browser) => Promise<{ readonly status: number }>
  readonly answers: Record<Who, number>
}
const id = (): string => studio.seeded.ids.document
const ROUTES: readonly Route[] = [
  { name: 'the page', ask: (browser) => browser.get(`/documents/${id()}`), answers: OPEN },
  {
    name: 'a change',
    ask: (browser) =>
      browser.post(
        `/documents/${id()}`,
        {
          title: 'Access control policy',
          framework: studio.seeded.ids.framework,
          status: 'draft',
          contact: 'auditor@north.example',
          body: 'x',
        } /* prettier-ignore */,
      ),
    answers: OWNER,
  },
  { name: 'a comment', ask: (browser) => browser.post(`/documents/${id()}/comments`, { text: 'Seen.' }), answers: COMMENT },
  { name: 'an attachment', ask: (browser) => browser.upload(`/documents/${id()}/attachments`, 'notes.txt', 'hello'), answers: OWNER },
  { name: 'the JSON', ask: (browser) => browser.json('GET', `/api/documents/${id()}`), answers: API },
  {
    name: 'a comment by the API',
    ask: (browser) => browser.json('POST', `/api/documents/${id()}/comments`, { text: 'Seen.' }),
    answers: { ...API, owner: 201, viewer: 201 },
  },
]

describe('a document', () => {
  it.each(ROUTES.flatMap((route) => PEOPLE.map((who) => [route.name, who, route.answers[who], route] as const)))(
    '%s is for %s: %i [ASVS 8.2.1, 8.2.2]',
    async (_name, who, expected, { ask }) => {
      const answer = await ask(as(who))
      expect(answer.status).toBe(expected)
    },
  )

  it('that one may not see answers like one that is not there', async () => {
    const made = studio.parts.guard.id.encode('doc', '7f9c24e8-3b1a-4f0d-9c55-0a1b2c3d4e5f')
    const bare = (text: string): string => text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'ID').replaceAll(/doc_\w+/g, 'DOC')
    const answers = await Promise.all(
      [made, studio.seeded.ids.document, 'doc_x', '1', '..%2f'].map((one) => as('stranger').get(`/documents/${one}`)),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${bare(text)}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(404)
  })

  it('stands in no list, count, search or API of who may not see it', async () => {
    const { document } = studio.seeded.ids
    for (const path of [
      '/',
      '/documents',
      '/documents?q=policy',
      '/documents?q=auditor@north.example',
      `/frameworks/${studio.seeded.ids.framework}`,
      '/api/documents',
    ]) {
      expect([path, (await as('owner').get(path)).text.includes(document) || path === '/']).toEqual([path, true])
      expect([path, (await as('stranger').get(path)).text.includes(document)]).toEqual([path, false])
    }
    expect(JSON.parse((await as('stranger').json('GET', '/api/documents')).text)).toMatchObject({ total: 1 })
  })

  it('is not handed over by naming another owner, id or framework in the form', async () => {
    const answer = await as('stranger').post('/documents', {
      title: 'Mine', framework: studio.seeded.ids.framework, status: 'draft', contact: '', body: '', owner_id: 'x', id: studio.seeded.ids.document,
    }) // prettier-ignore
    expect(answer.location).toMatch(/^\/documents\/doc_\w+\?done=document-created$/)
    expect(answer.location).not.toContain(studio.seeded.ids.document)
    const forged = { title: 'x', status: 'draft', contact: '', body: '', framework: studio.seeded.ids.document }
    expect((await as('stranger').post('/documents', forged)).status).toBe(400)
  })

  it('is lost with the right to its framework, at once', async () => {
    const ben = await studio.parts.people.byEmail('ben@studio.example')
    const rights = await studio.parts.people.rightsOf(ben?.id ?? '')
    await studio.parts.people.setRights(ben?.id ?? '', [])
    expect((await as('viewer').get(`/documents/${id()}`)).status).toBe(404)
    await studio.parts.people.setRights(ben?.id ?? '', rights)
    expect((await as('viewer').get(`/documents/${id()}`)).status).toBe(200)
  })
})

describe('areas', () => {
  it.each(['/admin', '/admin/people', '/admin/audit'])('%s is not there for who is no administrator [ASVS 8.2.1]', async (path) => {
    for (const who of ['owner', 'stranger'] as const) expect((await as(who).get(path)).status).toBe(404)
    expect((await as('anonymous').get(path)).location).toMatch(/^\/sign-in\?next=/)
    expect((await as('admin').get(path)).status).toBe(200)
  })

  it('every other page asks who it is', async () => {
    for (const path of ['/account', '/account/security', '/frameworks', '/documents', '/documents/new', '/step-up'])
      expect([path, (await as('anonymous').get(path)).location]).toEqual([path, `/sign-in?next=${encodeURIComponent(path)}`])
    for (const path of ['/api/me', '/api/documents']) expect((await as('anonymous').json('GET', path)).status).toBe(401)
  })
})

describe('search', () => {
  it('finds the sealed contact as a whole, in any case, and parts of titles', async () => {
    const found = async (q: string): Promise<number> =>
      (JSON.parse((await as('owner').json('GET', `/api/documents?q=${encodeURIComponent(q)}`)).text) as { total: number }).total
    expect(await found('auditor@north.example')).toBe(2)
    expect(await found(' Auditor@North.Example')).toBe(2)
    expect(await found('auditor@north')).toBe(0)
    expect(await found('INCIDENT')).toBe(1)
    for (const q of ['%', '_', "' or 1=1 --", '\\', 'x'.repeat(1_000)]) expect([q, await found(q)]).toEqual([q, 0])
  })
})
