import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { framingPage } from './attack-pages.js'
import { browserOf, openProfile } from './browser.js'

/** One page in a frame of another site. */
export type FramedPage = {
  readonly path: string
  /** opened by itself: its status and type */
  readonly status: number
  readonly type: string
  /** the two headers that speak of frames, as they came */
  readonly policy: Readonly<Record<string, string>>
  /** the frame shows a document of the target */
  readonly framed: boolean
}
/** Facts of {@link framing}. */
export type FramingFacts = {
  /** a page of the other site itself was shown in the same frame: shows that frames work */
  readonly control: boolean
  readonly pages: readonly FramedPage[]
}

const MOST_OPEN = 5
const MOST_SIGNED_IN = 2
const PATIENCE_MS = 20_000
const POLL_MS = 40
const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const collect = async (context: ProbeContext): Promise<FramingFacts> => {
  const { pages, signIn } = context.target
  const open = [...new Set([...(pages?.open ?? []), signIn?.page])].filter((path) => path !== undefined).slice(0, MOST_OPEN)
  const chosen = [...new Set([...open, ...(pages?.signedIn ?? []).slice(0, MOST_SIGNED_IN)])]
  const site = await context.otherSite({
    '/inner': '<!doctype html><title>inner</title>',
    '/control': framingPage('/inner'),
    ...Object.fromEntries(chosen.map((path, at) => [`/${at}`, framingPage(context.origin + path)])),
  })
  const browser = await browserOf(context)
  const profile = await openProfile(browser, { bypassCSP: false })
  try {
    const page = await profile.newPage()
    const shows = async (url: string, home: string): Promise<boolean> => {
      try {
        await page.goto(url, { waitUntil: 'domcontentloaded' })
        const end = performance.now() + PATIENCE_MS
        for (;;) {
          const at = page.frame('framed')?.url() ?? ''
          if (at.startsWith(`${home}/`)) return true
          // what may not be framed becomes an error page of the browser
          if (at.startsWith('chrome-error:') || performance.now() > end) return false
          await nap(POLL_MS)
        }
      } catch {
        return false
      }
    }
    const client = context.client({ name: 'nobody' })
    const found: FramedPage[] = []
    const control = await shows(`${site.origin}/control`, site.origin)
    for (const [at, path] of chosen.entries()) {
      const answer = await client.send({ path })
      const headers = answer.kind === 'answer' ? answer.headers : new Map<string, string>()
      const policy = ['content-security-policy', 'x-frame-options'].flatMap((name) => {
        const value = headers.get(name)
        return value === undefined ? [] : [[name, value.slice(0, 1_000)] as const]
      })
      const type = (headers.get('content-type') ?? '').slice(0, 100)
      let framed = await shows(`${site.origin}/${at}`, context.origin)
      // nothing forbids it: a busy browser is looked at again
      if (!framed && policy.length === 0 && /html/i.test(type)) framed = await shows(`${site.origin}/${at}`, context.origin)
      found.push({ path, status: answer.kind === 'answer' ? answer.status : 0, type, policy: Object.fromEntries(policy), framed })
    }
    return { control, pages: found }
  } finally {
    await profile.close().catch(() => undefined)
  }
}

const judgeOne = ({ path, status, type, policy, framed }: FramedPage, control: boolean): ProbeVerdict => {
  const locator = `GET ${path}`
  const evidence = [
    {
      as: 'a page of another site',
      method: 'GET',
      url: path,
      status,
      headers: policy,
      note: framed ? 'shown in its frame' : 'not shown in its frame',
    },
  ]
  if (framed)
    return {
      verdict: 'fail',
      locator,
      says: `Another site shows ${path} in a frame of its page${policy['x-frame-options']?.toLowerCase().includes('allow-from') === true ? '; browsers do not know ALLOW-FROM' : ''}.`,
      evidence,
    }
  if (status === 0) return { verdict: 'error', locator, reason: 'the page gave no answer' }
  if (status === 429 || status === 503)
    return { verdict: 'inconclusive', locator, reason: `the target answered ${status}: it limits the kit`, evidence }
  if (!control)
    return { verdict: 'inconclusive', locator, reason: 'Chromium showed not even a page of the other site in a frame', evidence }
  if (Object.keys(policy).length === 0 && /html/i.test(type))
    return {
      verdict: 'inconclusive',
      locator,
      reason: 'it was not shown in a frame although no header forbids it; Chromium may not reach it from the other site: run it again',
      evidence,
    }
  return { verdict: 'pass', locator, control: 'a page of the other site was shown in the same frame, this one was not', evidence }
}

/** No other site shows these pages in its frames. Source: ASVS 5.0 V3.4.6, CWE-1021. */
export const framing: Probe = defineProbe<FramingFacts>({
  id: 'HDR-008',
  name: 'framing',
  family: 'cross-site',
  title: 'Other sites show these pages in a frame',
  severity: 'medium',
  kind: 'passive',
  cwe: 1021,
  asvs: ['3.4.6'],
  needs: ['pages.open', 'browser'],
  why: 'A page within a frame of an attacker is clicked by people who see something else.',
  fix: "Send Content-Security-Policy: frame-ancestors 'none' with every page, or 'self' where you frame your own.",
  pace: 'quiet',
  collect,
  judge: ({ control, pages }) => pages.map((page) => judgeOne(page, control)),
})
