import { describe, expect, it } from 'vitest'
import type { Probe } from '../../probe.js'
import { brief, runProbe, seen } from '../seen/fixtures/run-probe.js'
import { adminAccess } from './admin-access.js'
import { anonymousAccess } from './anonymous-access.js'
import { crossUserObject } from './cross-user-object.js'
import { directoryListing } from './directory-listing.js'
import { dotfiles } from './dotfiles.js'
import { OFFICE, type OfficeFault, openOffice } from './fixtures/office.js'
import { openingOf, ownerSees } from './opened.js'
import { pathTraversal } from './path-traversal.js'
import { sequentialIds } from './sequential-ids.js'

const against = async (probe: Probe, ...faults: readonly OfficeFault[]): Promise<readonly string[]> =>
  brief(await runProbe(probe, OFFICE, await openOffice(...faults)))

describe('pages of signed-in users, asked for by nobody', () => {
  it('passes redirects and refusals because the owner opened the page', async () => {
    const verdicts = await runProbe(anonymousAccess, OFFICE, await openOffice())
    expect(brief(verdicts)).toEqual(['pass /documents', 'pass /me'])
    expect(verdicts[0]).toMatchObject({ control: 'account a opened it (200); an anonymous visitor was redirected (303)' })
  })

  it('passes an application that answers everything with 200 and a sign-in form', async () => {
    expect(await against(anonymousAccess, 'soft-refusals')).toEqual(['pass /documents', 'pass /me'])
  })

  it('finds the page that shows itself, with both answers as evidence', async () => {
    const [found] = await runProbe(anonymousAccess, OFFICE, await openOffice('open-page'))
    expect(found).toMatchObject({ verdict: 'fail', locator: '/documents', severity: 'high' })
    expect(found?.verdict === 'fail' && found.evidence.map(({ as, status }) => `${as} ${status}`)).toEqual([
      'account a 200',
      'an anonymous visitor 200',
    ])
  })

  it('finds a redirect that carries the page in its body', async () => {
    expect(await against(anonymousAccess, 'redirect-with-body')).toEqual(['fail /documents', 'pass /me'])
  })

  it('says nothing of a page that the owner does not open, or where the target limits the kit', async () => {
    expect(await against(anonymousAccess, 'broken-owner')).toEqual(['inconclusive /documents', 'pass /me'])
    expect(await against(anonymousAccess, 'limits')).toEqual(['inconclusive /documents', 'pass /me'])
  })
})

describe('pages of administrators', () => {
  it.each([
    [[], ['pass /admin']],
    [['soft-refusals'], ['pass /admin']],
    [['open-admin'], ['fail /admin']],
    [['admin-for-users'], ['fail /admin']],
    [['limits'], ['inconclusive /admin']],
  ] satisfies [OfficeFault[], string[]][])('with %j gives %j', async (faults, expected) => {
    expect(await against(adminAccess, ...faults)).toEqual(expected)
  })

  it('calls it critical for nobody and high for a user', async () => {
    expect((await runProbe(adminAccess, OFFICE, await openOffice('open-admin')))[0]).toMatchObject({ severity: 'critical' })
    expect((await runProbe(adminAccess, OFFICE, await openOffice('admin-for-users')))[0]).toMatchObject({ severity: 'high' })
  })
})

describe('objects of one user, asked for by another', () => {
  it.each([
    [[], ['pass /documents/:id']],
    [['soft-refusals'], ['pass /documents/:id']],
    [['other-users-object'], ['fail /documents/:id']],
    [['nobody-object'], ['fail /documents/:id']],
    [['head-object'], ['fail /documents/:id (HEAD)', 'pass /documents/:id']],
    [['existence'], ['fail /documents/:id (existence)', 'pass /documents/:id']],
    [['limits'], ['inconclusive documents', 'inconclusive documents by API']],
    [['broken-owner'], ['inconclusive documents', 'pass /documents/:id']],
  ] satisfies [OfficeFault[], string[]][])('with %j gives %j', async (faults, expected) => {
    expect(await against(crossUserObject, ...faults)).toEqual(expected)
  })

  it('calls the object critical, the leak of its length medium, and of its existence info', async () => {
    const severities = async (fault: OfficeFault): Promise<unknown> =>
      (await runProbe(crossUserObject, OFFICE, await openOffice(fault))).map((one) => (one.verdict === 'fail' ? one.severity : one.verdict))
    expect(await severities('other-users-object')).toEqual([undefined])
    expect(await severities('head-object')).toEqual(['medium', 'pass'])
    expect(await severities('existence')).toEqual(['info', 'pass'])
  })

  it('asks for a declared path without a list, and for what "pattern" is missing', async () => {
    const declared = (objects: (typeof OFFICE)['objects']): typeof OFFICE => ({ ...OFFICE, objects: objects ?? [] })
    const path = '/documents/doc_Zk3vTq9LmX0aPe7RwYbc'
    expect(brief(await runProbe(crossUserObject, declared([{ name: 'one', path }]), await openOffice()))).toEqual([`pass ${path}`])
    const [asked] = await runProbe(crossUserObject, declared([{ name: 'one', list: '/documents' }]), await openOffice())
    expect(asked).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('declare "pattern"') })
  })

  it('says so when account a cannot open what it is said to own', async () => {
    const target = { ...OFFICE, objects: [{ name: 'gone', path: '/documents/doc_nothingThereAtAll12' }] }
    expect((await runProbe(crossUserObject, target, await openOffice()))[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('declare one that it owns'),
    })
  })
})

describe('ids in addresses', () => {
  it('passes typed encrypted ids, finds numbers, and wants two of them', async () => {
    expect(await against(sequentialIds)).toEqual(['pass /documents/', 'pass /documents/:id'])
    expect(await against(sequentialIds, 'numbers')).toEqual(['fail /documents/', 'fail /documents/:id'])
    const one = { ...OFFICE, objects: [{ name: 'one', path: '/documents/101' }] }
    expect(brief(await runProbe(sequentialIds, one, await openOffice('numbers')))).toEqual(['inconclusive /documents/'])
  })
})

describe('folders', () => {
  it('finds the one that lists its files, and passes when none does', async () => {
    expect(await against(directoryListing, 'listing')).toEqual(['fail /files/'])
    expect(await against(directoryListing)).toEqual(['pass /'])
    expect(await against(directoryListing, 'soft-refusals')).toEqual(['pass /'])
  })

  it('gives no pass where the kit is held off', async () => {
    expect(await against(directoryListing, 'limits')).toEqual(['inconclusive /'])
    expect(await against(dotfiles, 'limits')).toEqual(['inconclusive /'])
    expect((await against(pathTraversal, 'limits')).every((one) => one.startsWith('inconclusive'))).toBe(true)
  })
})

describe('files that nobody meant to serve', () => {
  it('finds settings, a repository and an editor’s copy, and shows none of their content', async () => {
    const verdicts = await runProbe(dotfiles, OFFICE, await openOffice('leftovers'))
    expect(brief(verdicts)).toEqual(['fail /.env', 'fail /.git/HEAD', 'fail /files/app.js~'])
    expect(verdicts[0]).toMatchObject({ severity: 'critical', says: '/.env is served to anybody: settings with their secrets' })
    expect(JSON.stringify(verdicts)).not.toContain('postgres://')
  })

  it('passes a target that has none, and one whose every page is there with 200', async () => {
    expect(await against(dotfiles)).toEqual(['pass /'])
    expect(await against(dotfiles, 'soft-refusals')).toEqual(['pass /'])
  })
})

describe('paths that climb', () => {
  it('finds the file above the folder, by the spelling that is decoded, and passes else', async () => {
    const verdicts = await runProbe(pathTraversal, OFFICE, await openOffice('climb'))
    expect(brief(verdicts)).toEqual(['pass /', 'fail /files/'])
    expect(verdicts[1]).toMatchObject({ says: expect.stringContaining('encoded slash') })
    expect(await against(pathTraversal)).toEqual(['pass /', 'pass /files/'])
  })

  it('wants a file that opens', async () => {
    const target = { ...OFFICE, pages: { assets: ['/files/gone.js'] } }
    expect((await runProbe(pathTraversal, target, await openOffice()))[0]).toMatchObject({ verdict: 'inconclusive' })
  })
})

describe('what a stranger got', () => {
  const OWN = seen(200, '<p>Payroll of forty people in Malmö and Lund</p>', { as: 'a' })
  const MISSING = seen(404, '<p>There is nothing at this address</p>')
  it.each([
    ['the page itself', seen(200, OWN.text), 'open'],
    ['the page with another time in it', seen(200, `${OWN.text} 12:00`), 'open'],
    ['the page under 403', seen(403, `${OWN.text} denied`), 'open'],
    ['a part of the page', seen(200, '<p>Payroll of forty people</p>'), 'open'],
    ['a form to sign in', seen(200, '<input type=password> Sign in'), 'closed'],
    ['the not-found page with 200', seen(200, MISSING.text), 'closed'],
    ['a redirect', seen(302), 'closed'],
    ['a refusal that names the page', seen(403, '<p>Payroll is not for you</p>'), 'closed'],
    ['another page altogether', seen(200, '<p>Welcome to our office, have a look around</p>'), 'unclear'],
    ['a failure', seen(500, 'failed'), 'unclear'],
    ['an empty page', seen(200), 'unclear'],
  ])('%s is judged by its content', (_, stranger, expected) => {
    expect(openingOf(OWN, stranger, [MISSING]).kind).toBe(expected)
  })

  it('compares pictures and downloads byte by byte', () => {
    const picture = seen(200, '\u0000\ufffd\u0001', { headers: { 'content-type': 'image/png' } })
    expect(openingOf(picture, { ...picture, as: 'b' }, [MISSING]).kind).toBe('open')
    expect(openingOf(picture, seen(404, MISSING.text), [MISSING]).kind).toBe('closed')
  })

  it('takes no page for a control that the owner gets as if it were not there', () => {
    expect(ownerSees(OWN, [MISSING])).toBe(true)
    expect(ownerSees(seen(200, MISSING.text), [MISSING])).toBe(false)
    expect(ownerSees(seen(302, OWN.text), [MISSING])).toBe(false)
    expect(ownerSees(seen(200, ''), [])).toBe(false)
  })
})
