import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'

let studio: TestStudio
let owner: Browser
let session: string
beforeAll(async () => {
  studio = await startTestStudio()
  owner = studio.browser()
  await owner.signIn('probe-a@studio.example')
  const id = (await studio.parts.people.byEmail('probe-a@studio.example'))?.id ?? ''
  session = (await studio.guard.sessions.list(id))[0]?.id ?? ''
}, SETUP_MS)
afterAll(() => studio.stop())

const page = (): string => `/documents/${studio.seeded.ids.document}`
const links = async (browser: Browser): Promise<string[]> =>
  [...(await browser.get(page())).text.matchAll(/href="(\/attachments\/[^"]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
const attach = (name: string, content: Uint8Array | string) => owner.upload(`${page()}/attachments`, name, content)

describe('what is attached', () => {
  it('comes back as a file, that no browser shows or guesses the type of', async () => {
    expect((await attach('Überblick 2026.csv', 'a,b\n1,2\n')).location).toContain('done=attached')
    const answer = await owner.get((await links(owner)).at(-1) ?? '')
    expect([answer.status, answer.text]).toEqual([200, 'a,b\n1,2\n'])
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="?berblick 2026.csv"; filename*=UTF-8''%C3%9Cberblick%202026.csv`,
    )
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['a page', 'page.html', '<script>alert(1)</script>'],
    ['a picture with script', 'picture.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['a page that says it is a picture', 'picture.png', '<script>alert(1)</script>'],
    ['a program that says it is text', 'notes.txt', new Uint8Array([77, 90, 0, 1, 2, 255])],
    ['nothing', 'empty.txt', ''],
    ['a name without an ending', 'notes', 'hello'],
    ['a name that is an own property of objects', 'x.__proto__', 'hello'],
  ])('is refused where it is %s', async (_what, name, content) => {
    const before = (await links(owner)).length
    expect((await attach(name, content)).status).toBe(400)
    expect((await links(owner)).length).toBe(before)
  })

  it('is refused over 5 MB, and the connection goes on', async () => {
    const answer = await attach('large.txt', 'x'.repeat(5 * 1_024 * 1_024 + 1))
    expect([answer.status, answer.text.includes('too large')]).toEqual([400, true])
    expect((await owner.get(page())).status).toBe(200)
  })

  it('has a name without folders, controls and direction marks [ASVS 5.3.2]', async () => {
    expect((await attach('../../etc/\u202Egnp.exe.txt', 'hello')).location).toContain('done=attached')
    const answer = await owner.get((await links(owner)).at(-1) ?? '')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=gnp.exe.txt')
  })

  it('is one file a form, and nothing but a form', async () => {
    const form = new FormData()
    for (const name of ['a.txt', 'b.txt']) form.append('file', new Blob(['x']), name)
    const body = new Uint8Array(await new Response(form).arrayBuffer())
    expect(body.length).toBeGreaterThan(100)
    expect((await owner.post(`${page()}/attachments`, { file: 'x' })).status).toBe(400)
    expect((await owner.json('POST', `${page()}/attachments`, { file: 'x' })).status).toBe(400)
  })
})

describe('a link to an attachment', () => {
  it('works in the session that it was shown in, and in no other of anybody [ASVS 8.2.2]', async () => {
    const [link = ''] = await links(owner)
    expect((await owner.get(link)).status).toBe(200)
    const again = studio.browser()
    await again.signIn('probe-a@studio.example')
    const viewer = studio.browser()
    await viewer.signIn('ben@studio.example')
    const stranger = studio.browser()
    await stranger.signIn('probe-b@studio.example')
    for (const browser of [again, viewer, stranger]) expect((await browser.get(link)).status).toBe(404)
    expect((await studio.browser().get(link)).location).toMatch(/^\/sign-in/)
    // who may see the document has links of his own
    expect((await viewer.get((await links(viewer))[0] ?? '')).status).toBe(200)
  })

  it('is worth nothing when anything of it is changed, or without its signature', async () => {
    const [link = '', other = ''] = await links(owner)
    const [path = '', signature = ''] = link.split('?')
    const changed = [
      path,
      `${path}?signature=`,
      `${link}x`,
      `${link}&x=1`,
      `${other.split('?')[0]}?${signature}`,
      link.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
    ]
    for (const one of changed) expect([one, (await owner.get(one)).status]).toEqual([one, 404])
  })

  it('ends by itself, and with the right to the document', async () => {
    const [link = ''] = await links(owner)
    const short = studio.guard.url.sign({ url: link.split('?')[0] ?? '', expiresInMs: 2_000, subject: session })
    expect((await owner.get(short)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect((await owner.get(short)).status).toBe(404)

    const viewer = studio.browser()
    await viewer.signIn('ben@studio.example')
    const [his = ''] = await links(viewer)
    const ben = (await studio.parts.people.byEmail('ben@studio.example'))?.id ?? ''
    const rights = await studio.parts.people.rightsOf(ben)
    await studio.parts.people.setRights(ben, [])
    expect((await viewer.get(his)).status).toBe(404)
    await studio.parts.people.setRights(ben, rights)
    expect((await viewer.get(his)).status).toBe(200)
  })
})
