import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite, rows } from './console-suite.js'
import { makeRespondWorld } from './fake-respond.js'
import { HOSTILE, makeDecision } from './fixtures.js'
import { makeEnforcer, makeMode, makePolicies, makePolicyPreview } from './respond-fixtures.js'

const { at } = consoleSuite()
const VIEWER = { id: 'v', name: 'vera', role: 'viewer' } as const
const together = (count: number) => Array.from({ length: count }, (_, index) => makeDecision(index, Date.now(), { batch: 'b' }))

describe('a decision', () => {
  it('is opened from the list with the keyboard and says why: alert, rule, events', async () => {
    const { page, complaints } = await at('/decisions')
    await rows(page).first().waitFor()
    await page.keyboard.type('jo')
    await page.waitForURL(/\/decisions\/decision-0$/)
    await page.getByRole('heading', { level: 1, name: '203.0.113.0 blocked at sign-in' }).waitFor()
    await page.getByText('203.0.113.0 failed 40 SSH sign-ins').waitFor()
    await page.getByText('version 1.2.0').waitFor()
    await page.getByRole('region', { name: 'Events' }).getByText('login succeeded').waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    await page.getByRole('region', { name: 'Why' }).getByRole('link').click()
    await page.waitForURL(/\/alerts\/alert-0000$/)
    expect(complaints).toEqual([])
  })

  it('says of each enforcer whether it is in force there, and why not', async () => {
    const { page } = await at('/decisions/decision-0')
    await page.getByText('In force at 1 of 5 enforcers, 1 not yet, 1 refused it, 1 only watches, 1 silent.').waitFor()
    const list = page.getByRole('list', { name: 'Enforcers' }).getByRole('listitem')
    expect(await list.count()).toBe(6)
    for (const [index, word] of ['In force', 'Waiting', 'Refused', 'Only watched', 'Not able', 'Silent'].entries())
      expect(await list.nth(index).innerText()).toContain(word)
    await list.nth(2).getByText('the kernel cannot tell a sign-in from a request').waitFor()
  })

  it('says that nothing carries it out while no enforcer has reported', async () => {
    const { page } = await at('/decisions/decision-0', { respond: makeRespondWorld(Date.now(), true) })
    await page.getByText('No enforcer has reported yet: nothing carries it out.').waitFor()
  })

  it('is taken back where it stands, and says so as it happens', async () => {
    const { page, plane } = await at('/decisions/decision-0')
    await page.locator('[data-live=live]').waitFor()
    await page.getByRole('button', { name: 'Undo: 203.0.113.0' }).click()
    await page.getByText('Taken back', { exact: true }).first().waitFor()
    await page.getByText('undone in the console').waitFor()
    await page.getByText('It does not bind any more.').waitFor()
    expect(plane.world.decisions.find(({ id }) => id === 'decision-0')?.lifted).toBeDefined()
  })

  it('frees a whole batch only after it has said what goes and what stays blocked all the same', async () => {
    const { page, plane } = await at('/decisions/decision-2', {
      decisions: [...together(5), makeDecision(40, Date.now(), { id: 'other', target: { kind: 'ip', value: '203.0.113.7' } })],
    })
    await page.locator('[data-live=live]').waitFor()
    await page.getByRole('region', { name: 'Made together' }).getByText('5 decisions').waitFor()
    await page.getByRole('button', { name: 'Undo all 5…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Undo all 5?' })
    await dialog.getByText('4 targets are free again at once, at every enforcer; 1 stays blocked by something else.').waitFor()
    const frees = dialog.getByRole('list', { name: 'What it frees' }).getByRole('listitem')
    expect(await frees.filter({ hasText: 'Stays' }).innerText()).toContain('203.0.113.7')
    expect(await frees.filter({ hasText: 'Free again' }).count()).toBe(4)
    expect(plane.world.requests.some(({ method, path }) => method === 'POST' && path.startsWith('/v1/decisions'))).toBe(false)
    await dialog.getByLabel('Reason').fill('our own load test')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('Undone: 5 decisions').waitFor()
    expect(plane.world.requests.findLast(({ path }) => path === '/v1/decisions/lift')?.body).toEqual({
      batch: 'b',
      reason: 'our own load test',
    })
    expect(plane.world.decisions.filter(({ lifted }) => lifted === undefined).map(({ id }) => id)).toEqual(['other'])
  })

  it('offers no undo of a lockdown beside the banner, and none to viewers', async () => {
    const { page } = await at('/decisions/decision-9', {
      operator: VIEWER,
      decisions: [...together(3), makeDecision(9, Date.now(), { action: 'lockdown', scope: 'all', target: { kind: 'all', value: '*' } })],
    })
    await page.getByRole('heading', { level: 1, name: 'Everybody locked down' }).waitFor()
    expect(await page.getByRole('button', { name: /^Undo/ }).count()).toBe(0)
    await page.goto(page.url().replace('decision-9', 'decision-0'))
    expect(await page.getByRole('button', { name: 'Undo all 3…' }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: /^Block/ }).count()).toBe(0)
  })

  it('leads to all decisions about its address, in the URL', async () => {
    const { page } = await at('/decisions/decision-0')
    await page.getByRole('link', { name: 'All about this address' }).click()
    await page.waitForURL(/\/decisions\?address=203\.0\.113\.0$/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.getByRole('link', { name: 'Lifted' }).click()
    await page.waitForURL(/tab=lifted&address=203\.0\.113\.0/)
    await page.getByText('No decision about this address here').waitFor()
    await page.getByRole('link', { name: 'All addresses again, not only 203.0.113.0' }).click()
    await eventually(() => rows(page).count()).toBe(1)
  })

  it('of somebody else stays out of a list that is about one address, and is in it when it is about that one', async () => {
    const { page, plane } = await at('/decisions?address=203.0.113.0')
    await page.locator('[data-live=live]').waitFor()
    await eventually(() => rows(page).count()).toBe(1)
    plane.emitDecision(makeDecision(70, Date.now(), { target: { kind: 'ip', value: '198.51.100.4' } }))
    plane.emitDecision(makeDecision(71, Date.now(), { target: { kind: 'ip', value: '203.0.113.0' } }))
    await page.locator('[data-row=decision-71]').waitFor()
    expect(await page.locator('[data-row=decision-70]').count()).toBe(0)
  })

  it('that is not there says so with its code', async () => {
    const { page } = await at('/decisions/none')
    await page.getByText('PPT_NOT_FOUND').waitFor()
  })
})

describe('a block', () => {
  it('says what it would have met with before it is made, and asks for nothing while the address is half written', async () => {
    const { page, plane } = await at('/decisions')
    await page.getByRole('button', { name: 'Block an address' }).click()
    const dialog = page.getByRole('dialog', { name: 'Block an address' })
    await dialog.getByLabel('Address or range').fill('203.0.113.0/')
    await page.waitForTimeout(500)
    expect(plane.world.requests.some(({ path }) => path === '/v1/decisions/preview')).toBe(false)
    await dialog.getByLabel('Address or range').pressSequentially('24')
    await dialog
      .getByText(/^It would have met 1.204 requests of 3 addresses in the last seven days\. 2 users signed in from there\.$/)
      .waitFor()
    await dialog.getByRole('list', { name: 'For example' }).getByText('m.okafor signed in from there').waitFor()
    expect(plane.world.requests.findLast(({ path }) => path === '/v1/decisions/preview')?.body).toMatchObject({
      target: { kind: 'cidr', value: '203.0.113.0/24' },
      action: 'deny',
      scope: 'login',
    })
    expect(plane.world.decisions.some(({ target }) => target.value === '203.0.113.0/24')).toBe(false)
  })

  it('is told beforehand that it would be refused, and is still the operator’s to make', async () => {
    const { page, plane } = await at('/decisions')
    plane.world.respond.decisionPreview = {
      ...plane.world.respond.decisionPreview,
      refused: 'An operator works from there.',
      examples: [HOSTILE.bidi],
    }
    await page.getByRole('button', { name: 'Block an address' }).click()
    const dialog = page.getByRole('dialog', { name: 'Block an address' })
    await dialog.getByLabel('Address or range').fill('203.0.113.9')
    await dialog.getByText('It would be refused: An operator works from there.').waitFor()
    await dialog.locator('.escape').first().waitFor()
    await dialog.getByRole('radio', { name: /^Slow down/ }).check()
    await dialog.getByRole('radio', { name: /^Everything/ }).check()
    await dialog.getByLabel('Reason').fill('scraper')
    await dialog.getByText('is slowed down for every request for 1 hour').waitFor()
    await dialog.getByRole('button', { name: 'Slow down', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(plane.world.requests.findLast(({ method, path }) => method === 'POST' && path === '/v1/decisions')?.body).toMatchObject({
      target: { kind: 'ip', value: '203.0.113.9' },
      action: 'throttle',
      scope: 'all',
    })
  })

  it('can be made at once when the preview fails: nobody waits for a number under attack', async () => {
    const { page, plane } = await at('/decisions')
    plane.world.respond.decisionPreviewFails = true
    await page.getByRole('button', { name: 'Block an address' }).click()
    const dialog = page.getByRole('dialog', { name: 'Block an address' })
    await dialog.getByLabel('Address or range').fill('203.0.113.9')
    await dialog.getByText('What it would have met with cannot be said').waitFor()
    await dialog.getByLabel('Reason').fill('now')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('Blocked: 203.0.113.9').waitFor()
  })
})

describe('the policies', () => {
  it('are listed as they are asked, with what is ready and what cannot be read', async () => {
    const { page, complaints } = await at('/policies')
    await rows(page).first().waitFor()
    const texts = await rows(page).allInnerTexts()
    expect(texts[0]).toContain('Blocks the address at sign-in for 15 minutes')
    expect(texts[0]).toContain('1 rule')
    expect(texts[1]).toContain('Broken')
    expect(texts[1]).toContain('did you mean action?')
    expect(texts[2]).toContain('Observed')
    await page.getByText('1 cannot be read.').waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('say what they do in words, how each rule is answered and what speaks against more', async () => {
    const { page } = await at('/policies')
    await rows(page).first().waitFor()
    await page.keyboard.type('jo')
    await page.waitForURL(/\/policies\/brute-force$/)
    const words = page.getByRole('region', { name: 'What it does' }).getByRole('listitem')
    await eventually(() => words.count()).toBe(3)
    const held = rows(page).filter({ hasText: 'One password tried on many accounts' })
    expect(await held.innerText()).toContain('It has been quiet for 3 days; 7 are wanted.')
    expect(await held.innerText()).toContain('set by grace')
    await rows(page).filter({ hasText: 'Known scanner' }).getByText('Nothing: quiet since 16 d ago').waitFor()
    await page.getByText('1 rule ready to enforce').waitFor()
  })

  it('are previewed on history: whom it would have hit, and who of them had signed in', async () => {
    const { page, plane } = await at('/policies/brute-force')
    await page.getByLabel('How far back').selectOption('3')
    await page.getByRole('button', { name: 'Preview', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('It would have acted on 41 addresses, 3 of which signed in.').waitFor()
    const examples = page.getByRole('table', { name: 'What it would have done' })
    await examples.getByText('signed in from there').waitFor()
    await examples.getByText('Over budget').waitFor()
    await examples.getByText('An operator worked from there 4 minutes before.').waitFor()
    expect(plane.world.requests.findLast(({ path }) => path === '/v1/policies/brute-force/preview')?.body).toEqual({
      mode: 'enforce',
      days: 3,
    })
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
  })

  it('promote a rule after a proof, and only when somebody has read what speaks against it', async () => {
    const { page, plane } = await at('/policies/brute-force')
    plane.world.detect.stepUp = true
    await page.getByRole('button', { name: 'Enforce: One password tried on many accounts' }).click()
    const dialog = page.getByRole('dialog', { name: 'Enforce from now on?' })
    await dialog.getByText('3 addresses of users who signed in would have been hit.').waitFor()
    await dialog.getByText('2 false positives were marked in the last 14 days.').waitFor()
    const enforce = dialog.getByRole('button', { name: 'Enforce', exact: true })
    expect(await enforce.isDisabled()).toBe(true)
    await dialog.getByLabel('Enforce it all the same').check()
    await enforce.click()
    const proof = page.getByRole('dialog', { name: 'Prove that it is you' })
    await proof.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await page.keyboard.press('Enter')
    await page.getByText('Enforced from now on: One password tried on many accounts').waitFor()
    await rows(page).filter({ hasText: 'One password tried' }).getByText('set by ada').waitFor()
    expect(plane.world.requests.filter(({ method }) => method === 'PUT').map(({ body }) => body)).toEqual([
      { mode: 'enforce', ruleId: 'web-login-spray' },
      { mode: 'enforce', ruleId: 'web-login-spray' },
    ])
    expect(plane.world.requests.findLast(({ path }) => path.endsWith('/preview'))?.body).toEqual({
      mode: 'enforce',
      days: 7,
      ruleId: 'web-login-spray',
    })
  })

  it('promote at once what is ready and would have hit nobody by mistake', async () => {
    const { page, plane } = await at('/policies/brute-force')
    plane.world.respond.policyPreview = makePolicyPreview(Date.now(), { signedIn: 0 })
    await page.getByRole('button', { name: 'Enforce: Known scanner by its user agent' }).click()
    const dialog = page.getByRole('dialog', { name: 'Enforce from now on?' })
    await dialog.getByText('none of which signed in').waitFor()
    expect(await dialog.getByRole('checkbox').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Enforce', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(
      plane.world.respond.policies.find(({ id }) => id === 'brute-force')?.rules.find(({ rule }) => rule.id === 'web-scanner-agent')?.mode,
    ).toBe('enforce')
  })

  it('are demoted without a preview: letting people in again must be easy', async () => {
    const { page, plane } = await at('/policies/brute-force')
    await page.getByRole('button', { name: 'Only observe all of it…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Only observe from now on?' })
    await dialog.getByText('nobody is refused any more').waitFor()
    await page.keyboard.press('Tab')
    await dialog.getByRole('button', { name: 'Observe', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(plane.world.requests.findLast(({ method }) => method === 'PUT')?.body).toEqual({ mode: 'observe' })
    expect(plane.world.requests.some(({ path }) => path.endsWith('/preview'))).toBe(false)
  })

  it('give a rule back to what the policy says', async () => {
    const { page, plane } = await at('/policies/brute-force')
    await page.getByRole('button', { name: 'as the policy says again' }).click()
    await page.getByText('As the policy says again: One password tried').waitFor()
    await eventually(() => page.getByText('set by').count()).toBe(0)
    expect(plane.world.requests.findLast(({ method }) => method === 'DELETE')?.body).toEqual({ ruleId: 'web-login-spray' })
  })

  it('show an own file against the built-in one, under each other and side by side, with words for what cannot be seen', async () => {
    const { page, complaints } = await at('/policies/brute-force')
    const changed = page.getByRole('region', { name: 'What is changed' })
    await changed.getByText('Against the built-in one: 2 added, 2 removed.').waitFor()
    const diff = changed.getByRole('region', { name: 'Your file against the built-in one' })
    expect(await diff.locator('[data-kind=added]').allInnerTexts()).toHaveLength(2)
    expect(await diff.locator('[data-kind=removed] .diff-word').first().innerText()).toBe('15')
    expect(await diff.locator('[data-kind=added] .diff-word').first().innerText()).toBe('30')
    expect(await diff.locator('[data-kind=removed]').first().textContent()).toContain('removed: ')
    const folded = await diff.locator('.diff-line').count()
    await diff.getByRole('button', { name: '10 lines the same in both' }).click()
    await eventually(() => diff.locator('.diff-line').count()).toBe(folded + 10)
    await changed.getByRole('button', { name: 'Side by side' }).click()
    // what is the same stands in both columns
    await eventually(() => diff.locator('.diff-line').filter({ hasText: 'id: brute-force' }).count()).toBe(2)
    expect(complaints).toEqual([])
  })

  it('that cannot be read say why, act on nothing and cannot be promoted', async () => {
    const { page } = await at('/policies/night')
    await page.getByText('It does nothing:').waitFor()
    expect(await page.getByRole('button', { name: 'Preview', exact: true }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: /^(?:Enforce|Only observe)/ }).count()).toBe(0)
    expect(await page.title()).not.toBe('owned')
    expect(await page.locator('main img, main script').count()).toBe(0)
  })

  it('let viewers read, and neither preview nor change anything', async () => {
    const { page } = await at('/policies/brute-force', { operator: VIEWER })
    await rows(page).first().waitFor()
    expect(await page.getByRole('button', { name: /^(?:Enforce|Observe|Only observe)/ }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'as the policy says again' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Preview', exact: true }).isDisabled()).toBe(true)
    await page.getByText('an admin can preview it').waitFor()
  })

  it('with hundreds of rules are still one page that can be worked on', async () => {
    const now = Date.now()
    const { page, plane } = await at('/nowhere')
    const [first] = makePolicies(now)
    if (first === undefined) throw new Error('no policy')
    plane.world.respond.policies = [{ ...first, rules: Array.from({ length: 600 }, (_, index) => makeMode(index, now)) }]
    await page.goto(`${plane.url}/policies/observe`)
    await rows(page).first().waitFor()
    expect(await page.getByRole('table', { name: 'Rules of this policy' }).getAttribute('aria-rowcount')).toBe('601')
  })
})

describe('the enforcers', () => {
  it('say first what is in trouble: what each holds, how late it is, what it cannot do', async () => {
    const { page, complaints } = await at('/enforcers')
    await page.getByText('5 of 6 enforcers not in step; 1 only watches.').waitFor()
    const list = page.getByRole('list', { name: 'Enforcers' }).locator('> li')
    expect(await list.first().innerText()).toContain('Trouble')
    const drift = list.filter({ hasText: 'Drift' })
    await drift.getByText(/^9.211 of 9.800$/).waitFor()
    await drift.getByText('It cannot slow down, challenge, require a second factor').waitFor()
    await drift.getByText('Put right 2 times').click()
    await drift.getByText('somebody flushed the ruleset').waitFor()
    await drift.getByText('1 decision not carried out').click()
    await drift.getByText('the kernel cannot tell a sign-in from a request').waitFor()
    const behind = list.filter({ hasText: 'Behind' })
    await behind.getByText(', 22 behind').waitFor()
    await behind.getByText('12.4 s').waitFor()
    await list.filter({ hasText: 'unknown directive' }).getByText('Only watches').waitFor()
    await list.filter({ hasText: 'Silent' }).getByText('84 wanted, nobody can look').waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(complaints).toEqual([])
    await drift.getByRole('link', { name: 'The decision' }).click()
    await page.waitForURL(/\/decisions\/decision-0$/)
  })

  it('change as they report, without a reload', async () => {
    const { page, plane } = await at('/enforcers')
    await page.getByText('5 of 6 enforcers not in step').waitFor()
    plane.world.respond.enforcers = [makeEnforcer(Date.now())]
    await page.getByText('1 enforcer, all in step.').waitFor()
  })

  it('are walked with the keyboard', async () => {
    const { page } = await at('/enforcers')
    await page.getByText('5 of 6').waitFor()
    await page.keyboard.type('jj')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe(
      await page.locator('main li[data-row]').nth(1).getAttribute('data-row'),
    )
  })

  it('say how the first one is added, each kind', async () => {
    const { page } = await at('/enforcers', { empty: true })
    await page.getByText('Nothing carries decisions out yet').waitFor()
    const ways = page.locator('[data-add]')
    for (const words of [
      'npm install @parapet/guard',
      'enforce.nftables.mode: observe',
      'enforce.nginx.mode: observe',
      'GET /v1/authorize',
      'GET /v1/feeds/…',
    ])
      expect(await ways.innerText()).toContain(words)
    await ways.getByRole('link', { name: 'Enrol an agent' }).click()
    await page.waitForURL(/\/sources$/)
  })
})
