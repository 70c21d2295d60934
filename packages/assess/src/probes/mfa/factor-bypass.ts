import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { attempt, attemptCode, attemptShown, endText, type Attempt } from '../sign-in/attempts.js'
import { likeness, readPage, SAME } from '../seen/page.js'
import { exchangeOf, isLimited, isOk, see, type Seen } from '../seen/seen.js'
import { takeCoded } from './codes.js'

/** One page, asked for by nobody, after the first step, and after the second. */
type Page = { readonly path: string; readonly nobody: Seen; readonly half: Seen; readonly whole?: Seen }
type Facts = { readonly first: Attempt; readonly second?: Attempt; readonly pages: readonly Page[] }

const MOST_PAGES = 12

const judgePage = ({ path, nobody, half, whole }: Page): ProbeVerdict => {
  const evidence = [nobody, half, ...(whole === undefined ? [] : [whole])].map((seen) => exchangeOf(seen, { headers: ['location'] }))
  for (const seen of [nobody, half, ...(whole === undefined ? [] : [whole])]) {
    if (seen.status === 0) return { verdict: 'error', locator: path, reason: `${path} got no answer as ${seen.as} (${seen.why ?? ''})` }
    if (isLimited(seen))
      return { verdict: 'inconclusive', locator: path, reason: `${path} was limited as ${seen.as}; run it again later`, evidence }
  }
  if (whole === undefined || !isOk(whole)) {
    return {
      verdict: 'inconclusive',
      locator: path,
      reason: `${path} does not open after the second step either, so that nothing follows from it`,
      evidence,
    }
  }
  const [open, mine, full] = [readPage(nobody.text), readPage(half.text), readPage(whole.text)]
  if (isOk(nobody) && likeness(open, full) >= SAME) {
    return { verdict: 'inconclusive', locator: path, reason: `${path} shows everybody the same: it cannot tell who is signed in`, evidence }
  }
  // 2xx alone is no proof: the page may ask for the code in its own place
  if (isOk(half) && likeness(mine, full) >= SAME) {
    return { verdict: 'fail', locator: path, says: `${path} opens after the password alone, before the second step`, evidence }
  }
  if (isOk(half) && (!isOk(nobody) || likeness(mine, open) < SAME)) {
    return {
      verdict: 'inconclusive',
      locator: path,
      reason: `${path} shows something else after the password alone: look at what it is`,
      evidence,
    }
  }
  return {
    verdict: 'pass',
    locator: path,
    control: `${path} opened after the second step (${whole.status}), and neither before it (${half.status}) nor for nobody (${nobody.status})`,
    evidence,
  }
}

/** Gives the right password, leaves the second step out, and asks for what only who is signed in may see. */
export const factorBypass: Probe = defineProbe<Facts>({
  id: 'AUT-017',
  name: 'factor-bypass',
  family: 'mfa',
  title: 'The second step can be left out',
  severity: 'critical',
  kind: 'intrusive',
  cwe: 304,
  asvs: ['6.3.3', '6.3.4'],
  needs: ['signIn', 'signIn.factor', 'accounts.mfa'],
  why: 'A session that begins before the code makes the code a page that an attacker skips: the password is all he needs.',
  fix: 'Start the session after the last step only, and keep the first step’s cookies back; between them hold nothing but a pending sign-in (afterFirstFactor and complete of createMfa).',
  pace: 'quiet',
  collect: async (context) => {
    const account = await takeCoded(context)
    const visitor = context.client({ name: 'somebody with the password alone' })
    const first = await attempt(context, visitor, account)
    if (first.end.kind !== 'factor') return { first, pages: [] }
    const { signIn, pages } = context.target
    const paths = [...new Set([signIn?.proof ?? '/', ...(pages?.signedIn ?? [])])].slice(0, MOST_PAGES)
    const nobody = context.client({ name: 'nobody' })
    const seen: { path: string; nobody: Seen; half: Seen; whole?: Seen }[] = []
    for (const path of paths) seen.push({ path, nobody: await see(nobody, { path }), half: await see(visitor, { path }) })
    // a browser of its own: what was asked for in between may have ended the pending sign-in
    const owner = context.client({ name: 'owner, after both steps' })
    const begun = await attempt(context, owner, account)
    const second = begun.end.kind === 'factor' ? await attemptCode(context, owner, account) : begun
    if (second.end.kind === 'in') for (const page of seen) page.whole = await see(owner, { path: page.path })
    return { first, second, pages: seen }
  },
  judge: ({ first, second, pages }) => {
    const locator = 'second step'
    if (first.end.kind === 'in') {
      const says = 'the password alone signed in to an account whose sign-in should ask for a code'
      const proof = first.proof === undefined ? [] : [exchangeOf(first.proof, { note: 'the proof, without a code' })]
      return [{ verdict: 'fail', locator, says, evidence: [...attemptShown(first), ...proof] }]
    }
    if (first.end.kind === 'no-answer') return [{ verdict: 'error', locator, reason: `the first step got ${endText(first.end)}` }]
    if (first.end.kind !== 'factor') {
      const reason = `the right password did not lead to the second step (${endText(first.end)}): check accounts.mfa`
      return [{ verdict: 'inconclusive', locator, reason, evidence: attemptShown(first) }]
    }
    const found = pages.map(judgePage).filter((one) => one.verdict === 'fail')
    if (found.length > 0) return found
    if (second === undefined || second.end.kind !== 'in') {
      const reason = `both steps did not sign in (${second === undefined ? 'not tried' : endText(second.end)}), so that it is not known what the pages look like then: check the totp of the account`
      return [{ verdict: 'inconclusive', locator, reason, evidence: second === undefined ? [] : attemptShown(second) }]
    }
    return pages.map(judgePage)
  },
})
