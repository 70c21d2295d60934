import { describe, expect, it } from 'vitest'
import { brief, seen } from '../seen/fixtures/run-probe.js'
import type { Seen } from '../seen/seen.js'
import { adminAccess } from './admin-access.js'
import { anonymousAccess } from './anonymous-access.js'
import { crossUserObject } from './cross-user-object.js'
import { directoryListing } from './directory-listing.js'
import { dotfiles } from './dotfiles.js'
import { pathTraversal } from './path-traversal.js'
import { sequentialIds } from './sequential-ids.js'

const OWN = '<p>Payroll of forty people in Malmö and Lund</p>'
const MISSING = seen(404, '<p>There is nothing at this address</p>')
const LATE = seen(0, '', { why: 'timeout: no answer' })
const CUT = seen(0, '', { why: 'reset: closed' })
const owner = (rest: Partial<Seen> = {}, status = 200, text = OWN): Seen => seen(status, text, { as: 'account a', ...rest })

describe('the judge of pages', () => {
  const page = (own: Seen, ...strangers: readonly Seen[]): unknown => ({
    bases: [MISSING],
    pages: [{ path: '/pay', owner: own, strangers }],
  })
  it.each([
    ['a refusal', owner(), [seen(403, 'no')], 'pass'],
    ['a redirect', owner(), [seen(302)], 'pass'],
    ['the page', owner(), [seen(200, OWN)], 'fail'],
    ['the page behind a refusal of the first stranger', owner(), [seen(403, 'no'), seen(200, OWN)], 'fail'],
    ['the page although the first stranger was limited', owner(), [seen(429), seen(200, OWN)], 'fail'],
    ['a limit', owner(), [seen(429)], 'inconclusive'],
    ['a limit of the owner', owner({}, 429), [seen(403, 'no')], 'inconclusive'],
    ['silence', owner(), [LATE], 'error'],
    ['silence towards the owner', { ...LATE, as: 'account a' }, [seen(403, 'no')], 'error'],
    ['a failure', owner(), [seen(500, 'failed')], 'inconclusive'],
    ['an owner who is refused himself', owner({}, 403), [seen(403, 'no')], 'inconclusive'],
    ['an owner who is led away', owner({}, 302, ''), [seen(302)], 'inconclusive'],
    ['an owner who sees that there is nothing', owner({}, 200, MISSING.text), [seen(404, MISSING.text)], 'inconclusive'],
    ['something else altogether', owner(), [seen(200, '<p>Welcome to our office, have a look around</p>')], 'inconclusive'],
    ['a second stranger who is let through to nothing', owner(), [seen(403, 'no'), seen(500, 'failed')], 'inconclusive'],
  ] satisfies [string, Seen, Seen[], string][])('with %s', (_, own, strangers, verdict) => {
    expect(brief(anonymousAccess.judge(page(own, ...strangers)))).toEqual([`${verdict} /pay`])
    expect(brief(adminAccess.judge(page(own, ...strangers)))).toEqual([`${verdict} /pay`])
  })

  it('tells for a control who opened it and what each other was', () => {
    expect(anonymousAccess.judge(page(owner(), seen(302), seen(404, MISSING.text, { as: 'account b' })))[0]).toMatchObject({
      control: 'account a opened it (200); nobody was redirected (302); account b was refused (404)',
    })
  })
})

describe('the judge of objects', () => {
  const as = (one: Seen, name: string): Seen => ({ ...one, as: name })
  const stranger = (get: Seen, head: Seen = seen(404), missing: Seen = MISSING): unknown => ({
    get: as(get, 'account b'),
    head,
    missing,
    bases: [],
  })
  const facts = (own: Seen, ...strangers: readonly unknown[]): unknown => ({
    troubles: [],
    objects: [{ place: '/d/', owner: { ...own, url: '/d/7' }, ownerMissing: MISSING, strangers }],
  })
  it.each([
    ['a refusal', facts(owner(), stranger(seen(404, MISSING.text))), ['pass /d/']],
    ['the object', facts(owner(), stranger(seen(200, OWN))), ['fail /d/']],
    ['the object by the second stranger', facts(owner(), stranger(seen(404)), stranger(seen(200, OWN))), ['fail /d/']],
    ['an owner without it', facts(owner({}, 404, MISSING.text), stranger(seen(404))), ['inconclusive /d/']],
    ['a limit', facts(owner(), stranger(seen(429))), ['inconclusive /d/']],
    ['silence', facts(owner(), stranger(LATE)), ['error /d/']],
    ['a failure', facts(owner(), stranger(seen(500))), ['inconclusive /d/']],
    ['403 for what is there and 404 for what is not', facts(owner(), stranger(seen(403, 'no'))), ['fail /d/ (existence)', 'pass /d/']],
    ['redirects for both', facts(owner(), stranger(seen(302), seen(302), seen(302))), ['pass /d/']],
    [
      'the length by HEAD',
      facts(owner({ bytes: 5_000 }), stranger(seen(404), seen(200, '', { headers: { 'content-length': '5000' } }))),
      ['fail /d/ (HEAD)', 'pass /d/'],
    ],
    [
      'a HEAD that says nothing',
      facts(owner({ headers: { etag: 'x' } }), stranger(seen(404), seen(200, '', { headers: { etag: 'y' } }))),
      ['pass /d/'],
    ],
  ])('with %s', (_, given, expected) => {
    expect(brief(crossUserObject.judge(given))).toEqual(expected)
  })

  it('takes a place for sound only when each of its objects is', () => {
    const object = (get: Seen): unknown => ({ place: '/d/', owner: owner(), ownerMissing: MISSING, strangers: [stranger(get)] })
    const all = (...gets: readonly Seen[]): unknown => ({ troubles: [], objects: gets.map((get) => object(get)) })
    expect(brief(crossUserObject.judge(all(seen(404), seen(200, OWN))))).toEqual(['fail /d/'])
    expect(brief(crossUserObject.judge(all(seen(404), seen(429))))).toEqual(['inconclusive /d/'])
    expect(brief(crossUserObject.judge(all(seen(404), seen(404))))).toEqual(['pass /d/'])
  })

  it('tells what was not found', () => {
    expect(crossUserObject.judge({ troubles: [{ name: 'document', reason: 'none there' }], objects: [] })).toEqual([
      { verdict: 'inconclusive', locator: 'document', reason: 'none there' },
    ])
  })
})

describe('the judge of ids', () => {
  it.each([
    [['1', '2'], 'fail'],
    [['doc_Zk3vTq9LmX0aPe7RwYbc', 'doc_QpLmn28fHvBtYx61GaWe'], 'pass'],
    [['1'], 'inconclusive'],
    [[], 'inconclusive'],
  ])('of %j', (ids, verdict) => {
    expect(sequentialIds.judge({ now: 0, kinds: [{ name: 'x', place: '/x/', ids }] })[0]?.verdict).toBe(verdict)
  })
})

describe('the judge of folders', () => {
  const NGINX = '<title>Index of /a/</title><h1>Index of /a/</h1><hr><pre><a href="../">../</a><a href="x.js">x.js</a></pre>'
  const facts = (home: Seen, asset: Seen | undefined, ...folders: readonly Seen[]): unknown => ({
    home,
    assets: asset === undefined ? [] : [asset],
    folders: folders.map((one) => ({ folder: '/a/', known: ['x.js'], seen: one })),
  })
  it.each([
    ['a listing', facts(seen(200, 'home'), seen(200, 'x'), seen(200, NGINX)), 'fail'],
    ['a listing behind a refusal', facts(seen(200, 'home'), seen(200, 'x'), seen(403, NGINX)), 'pass'],
    ['refusals', facts(seen(200, 'home'), seen(200, 'x'), seen(404)), 'pass'],
    ['no file but a home page', facts(seen(200, 'home'), undefined, seen(404)), 'pass'],
    ['nothing that opens', facts(seen(404), seen(404), seen(404)), 'inconclusive'],
    ['a home page that only leads on, and no file', facts(seen(302), undefined, seen(404)), 'inconclusive'],
    ['a limit', facts(seen(200, 'home'), seen(200, 'x'), seen(429)), 'inconclusive'],
    ['a listing, limits elsewhere', facts(seen(200, 'home'), seen(200, 'x'), seen(429), seen(200, NGINX)), 'fail'],
    ['a wait', facts(seen(200, 'home'), seen(200, 'x'), seen(404), seen(404), LATE), 'error'],
    ['one connection that was cut', facts(seen(200, 'home'), seen(200, 'x'), seen(404), seen(404), CUT), 'pass'],
    ['a target that is gone', facts(LATE, undefined, CUT), 'error'],
  ])('with %s', (_, given, verdict) => {
    expect(directoryListing.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})

describe('the judge of hidden files', () => {
  const ENV = 'SECRET=abc\n'
  const plain = { 'content-type': 'text/plain' }
  const env = (status: number, text: string, headers: Record<string, string> = plain): Seen => seen(status, text, { url: '/.env', headers })
  const facts = (file: Seen, anything: readonly Seen[] = [MISSING], backup?: Seen): unknown => ({
    home: seen(200, 'home'),
    asset: seen(200, 'asset'),
    anything,
    files: [file],
    backups: backup === undefined ? [] : [{ file: seen(200, 'asset'), backup }],
  })
  it.each([
    ['settings', facts(env(200, ENV)), 'fail'],
    ['settings behind a refusal', facts(env(403, ENV)), 'pass'],
    ['a page at that place', facts(env(200, '<html>SECRET=abc</html>', { 'content-type': 'text/html' })), 'pass'],
    ['something else at that place', facts(env(200, 'hello')), 'pass'],
    ['the same for made-up names', facts(env(200, ENV), [seen(200, ENV, { headers: plain })]), 'pass'],
    ['a copy of a served file', facts(env(404, ''), [MISSING], seen(200, 'asset', { url: '/a.js~', headers: plain })), 'fail'],
    [
      'source beside a served file',
      facts(env(404, ''), [MISSING], seen(200, "const x = require('express')", { url: '/a.js.bak', headers: plain })),
      'fail',
    ],
    [
      'another text beside a served file',
      facts(env(404, ''), [MISSING], seen(200, 'not this one', { url: '/a.js~', headers: plain })),
      'pass',
    ],
    ['a limit', facts(env(429, '')), 'inconclusive'],
  ])('with %s', (_, given, verdict) => {
    expect(dotfiles.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})

describe('the judge of paths that climb', () => {
  const PASSWD = 'root:x:0:0:root:/root:/bin/bash\n'
  const asset = seen(200, 'asset', { url: '/a/x.js' })
  const facts = (tries: readonly Seen[], rest: { asset?: Seen; after?: Seen; honest?: readonly Seen[] } = {}): unknown => ({
    asset,
    after: asset,
    honest: [],
    ...rest,
    tries: tries.map((one) => ({ place: '/a/', how: 'plain', seen: one })),
  })
  it.each([
    ['the accounts of the machine', facts([seen(404), seen(200, PASSWD)]), 'fail'],
    ['the package.json', facts([seen(200, '{"name":"x","dependencies":{}}')]), 'fail'],
    ['the accounts in a refusal', facts([seen(404, PASSWD)]), 'pass'],
    ['a page about the accounts', facts([seen(200, PASSWD)], { honest: [seen(200, PASSWD)] }), 'pass'],
    ['refusals', facts([seen(404), seen(400)]), 'pass'],
    ['a connection that was cut', facts([seen(404), seen(400), CUT]), 'pass'],
    ['a limit', facts([seen(404), seen(429)]), 'inconclusive'],
    ['a wait', facts([seen(404), seen(404), LATE]), 'error'],
    ['a file that does not open', facts([seen(404)], { asset: seen(404) }), 'inconclusive'],
    ['a file that is another one afterwards', facts([seen(404)], { after: seen(200, 'other') }), 'inconclusive'],
    ['a target that is gone afterwards', facts([seen(404)], { after: LATE }), 'inconclusive'],
  ])('with %s', (_, given, verdict) => {
    expect(pathTraversal.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})
