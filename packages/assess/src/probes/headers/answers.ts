import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import type { Exchange, ProbeVerdict, Severity } from '../../verdict.js'
import { findAssets } from '../seen/assets.js'
import { createCrowd, exchangeOf, isLimited, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'

/** Which kind of answer: the home page, other pages, those of a signed-in user, what does not exist, what went wrong, files, the API. */
export type AnswerKind = 'home' | 'page' | 'signed-in' | 'missing' | 'error' | 'asset' | 'api'

/** The answers whose headers are judged. `https`: `behind` means that the kit stands where the proxy stands, which may add headers of its own. */
export type HeaderFacts = {
  readonly https: 'yes' | 'behind' | 'no'
  /** origins of the target itself */
  readonly origins: readonly string[]
  readonly answers: readonly { readonly kind: AnswerKind; readonly seen: Seen }[]
  readonly notes: readonly string[]
}

const KEEP = 120_000

const collectAll = async (context: ProbeContext): Promise<HeaderFacts> => {
  const { target, origin, publicOrigin, random } = context
  const nobody = createCrowd(context, 'an anonymous visitor')
  const [answers, notes]: [HeaderFacts['answers'][number][], string[]] = [[], []]
  const ask = async (
    kind: AnswerKind,
    asker: Pick<ProbeClient, 'name' | 'send'>,
    request: Parameters<typeof see>[1],
    keep = KEEP,
  ): Promise<void> => {
    const seen = await see(asker, request, keep)
    answers.push({ kind: kind === 'page' && (seen.headers['content-type'] ?? '').includes('json') ? 'api' : kind, seen })
  }
  await ask('home', nobody, { path: '/' })
  for (const path of new Set([...(target.pages?.open ?? []).slice(0, 6), target.signIn?.page]))
    if (path !== undefined && path !== '/') await ask('page', nobody, { path })
  try {
    if (target.accounts?.a !== undefined && target.signIn !== undefined) {
      const owner = await context.signedIn('a', { name: 'account a' })
      for (const path of new Set([...(target.pages?.signedIn ?? []).slice(0, 6), target.signIn.proof]))
        await ask('signed-in', owner, { path })
    }
  } catch (error) {
    notes.push(`account a could not sign in (${error instanceof Error ? error.message.slice(0, 160) : 'unknown'})`)
  }
  const missing = madeUp(random)
  await ask('missing', nobody, { path: `/${missing}` }, 2_000)
  await ask('missing', nobody, { path: `/api/${missing}`, headers: { accept: 'application/json' } }, 2_000)
  await ask('error', nobody, { path: '/%E0%A4%A' }, 2_000)
  for (const path of new Set([target.signIn?.request.path, target.writes?.[0]?.request.path]))
    if (path !== undefined)
      await ask('error', nobody, { method: 'POST', path, body: '{"a":', headers: { 'content-type': 'application/json' } }, 2_000)
  for (const path of (await findAssets(context, nobody)).assets.slice(0, 4)) await ask('asset', nobody, { path }, 200)
  const https = !publicOrigin.startsWith('https:') ? 'no' : origin.startsWith('https:') ? 'yes' : 'behind'
  return { https, origins: [origin, publicOrigin], answers, notes }
}

/** Asks for the pages, files and errors whose headers twelve probes judge, once in a run. */
export const collectAnswers = (context: ProbeContext): Promise<HeaderFacts> => context.once('headers/answers', () => collectAll(context))

/** What a header of one answer does wrong. Complaints of one `key` are told once, with the places where they hold. */
export type Complaint = { readonly key: string; readonly says: string; readonly severity?: Severity }

/** Which answers are judged, and how; see {@link judgeAnswers}. */
export type Reading = {
  readonly header: string
  /** in words: `pages`, `answers` */
  readonly what: string
  readonly of: (answer: HeaderFacts['answers'][number]) => boolean
  readonly complain: (seen: Seen, kind: AnswerKind) => readonly Complaint[]
  /** further headers for the evidence */
  readonly show?: readonly string[]
}

const places = (seen: readonly Seen[]): string => {
  const urls = [...new Set(seen.map(({ url }) => url.slice(0, 80)))]
  return urls.length === 1 ? (urls[0] ?? '') : `${urls.slice(0, 3).join(', ')}${urls.length > 3 ? ` and ${urls.length - 3} more` : ''}`
}

const findingOf = ({ header, show = [] }: Reading, { key, says, severity }: Complaint, at: readonly Seen[]): ProbeVerdict => {
  const evidence: readonly Exchange[] = at.slice(0, 2).map((seen) => exchangeOf(seen, { headers: [header, ...show] }))
  const locator = `${at[0]?.url ?? '/'} ${header}${key === '' ? '' : ` (${key})`}`
  return { verdict: 'fail', locator, says: `${says}, on ${places(at)}`, evidence, ...(severity === undefined ? {} : { severity }) }
}

/** A verdict a complaint, its locator the first place and the header; a pass names how many answers were read. */
export const judgeAnswers = (facts: HeaderFacts, reading: Reading): readonly ProbeVerdict[] => {
  const { header, what, of, complain } = reading
  const read = facts.answers.filter((answer) => answer.seen.status > 0 && !isLimited(answer.seen) && of(answer))
  const complaints = new Map<string, { complaint: Complaint; at: Seen[] }>()
  for (const { kind, seen } of read)
    for (const complaint of complain(seen, kind)) {
      const before = complaints.get(complaint.key)
      if (before === undefined) complaints.set(complaint.key, { complaint, at: [seen] })
      else before.at.push(seen)
    }
  if (complaints.size > 0) return [...complaints.values()].map(({ complaint, at }) => findingOf(reading, complaint, at))
  if (read.length === 0) {
    const broken = facts.answers.map(({ seen }) => unusable(header, seen)).find((verdict) => verdict !== undefined)
    return [
      broken ?? {
        verdict: 'inconclusive',
        locator: header,
        reason: `none of ${facts.answers.length} answers is one of the ${what} that this is about: declare "pages.open"`,
      },
    ]
  }
  const note = facts.notes.length === 0 ? '' : `; ${facts.notes.join('; ')}`
  return [{ verdict: 'pass', locator: header, control: `${read.length} ${what} were read: ${places(read.map(({ seen }) => seen))}${note}` }]
}

/** Pages that a browser shows: HTML with 2xx. */
export const isPage = ({ kind, seen }: HeaderFacts['answers'][number]): boolean =>
  ['home', 'page', 'signed-in'].includes(kind) && isOk(seen) && /text\/html|xhtml/i.test(seen.headers['content-type'] ?? '')
