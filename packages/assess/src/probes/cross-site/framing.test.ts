import { needs } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { inShort, runOn } from '../session/fixtures/run-probe.js'
import { sharedChromium } from './fixtures/chromium.js'
import { type FramedPage, framing, type FramingFacts } from './framing.js'

const { ok, note } = needs('chromium')
const chromium = sharedChromium()
const context = { browser: chromium.browser }
afterAll(chromium.close)

describe.skipIf(!ok)(`framing, on another site in Chromium${note}`, { timeout: 120_000 }, () => {
  it('passes where no page lets itself be framed, and shows what forbids it', async () => {
    const verdicts = await runOn(framing, [], { context })
    expect(inShort(framing, verdicts)).toEqual(['pass GET /', 'pass GET /sign-in', 'pass GET /notes'])
    expect(verdicts[0]).toMatchObject({ evidence: [{ headers: { 'content-security-policy': "frame-ancestors 'none'" } }] })
  })

  it('finds pages that are shown', async () => {
    const verdicts = await runOn(framing, ['frameable'], { context, target: { pages: { open: ['/', '/sign-in'] } } })
    expect(inShort(framing, verdicts)).toEqual(['fail medium GET /', 'fail medium GET /sign-in'])
  })
})

const page = (more: Partial<FramedPage> = {}): FramedPage => ({
  path: '/',
  status: 200,
  type: 'text/html',
  policy: { 'x-frame-options': 'DENY' },
  framed: false,
  ...more,
})
const facts = (more: Partial<FramedPage>, control = true): FramingFacts => ({ control, pages: [page(more)] })

describe('the judge of framing', () => {
  it.each<[string, FramingFacts, string]>([
    ['not shown', facts({}), 'pass'],
    ['shown', facts({ framed: true }), 'fail'],
    [
      'shown although a header says otherwise',
      facts({ framed: true, policy: { 'x-frame-options': 'ALLOW-FROM https://x.example' } }),
      'fail',
    ],
    ['a redirect to a page that is not shown', facts({ status: 303, type: '', policy: {} }), 'pass'],
    ['not shown, and nothing forbids it', facts({ policy: {} }), 'inconclusive'],
    ['Chromium shows no frame at all', facts({}, false), 'inconclusive'],
    ['limited', facts({ status: 429 }), 'inconclusive'],
    ['silent', facts({ status: 0 }), 'error'],
  ])('%s', (_, given, verdict) => {
    expect(framing.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })

  it('says that ALLOW-FROM does nothing', () => {
    const [verdict] = framing.judge(facts({ framed: true, policy: { 'x-frame-options': 'ALLOW-FROM https://x.example' } }))
    expect(verdict).toMatchObject({ says: expect.stringContaining('ALLOW-FROM') })
  })
})
