import { createHash } from 'node:crypto'
import type { NoAnswer, ProbeAnswer, ProbeClient, ProbeRequest } from '../../client/types.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'

/** What a collector keeps of one request and its answer: plain JSON, bounded. */
export type Seen = {
  /** who asked */
  readonly as: string
  readonly method: string
  readonly url: string
  /** 0 when no answer came; `why` then says what happened */
  readonly status: number
  readonly why?: string
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
  /** the beginning of the body as text */
  readonly text: string
  /** of the body as far as the client kept it */
  readonly bytes: number
  /** SHA-256 of the body, base64url; empty for an empty one */
  readonly digest: string
  readonly waitMs: number
}

const KEEP = 24_000
const MOST_HEADERS = 80
const LONGEST_HEADER = 16_000

/** An answer, or that none came, as a fact. `keep`: characters of the body. */
export const seenOf = (
  as: string,
  request: { readonly method?: string; readonly path: string },
  answer: ProbeAnswer | NoAnswer,
  keep: number = KEEP,
): Seen => {
  const common = { as, method: request.method ?? 'GET', url: request.path.slice(0, 2_000), waitMs: Math.round(answer.waitMs) }
  if (answer.kind === 'none')
    return {
      ...common,
      status: 0,
      why: `${answer.why}: ${answer.detail.slice(0, 200)}`,
      headers: {},
      cookies: [],
      text: '',
      bytes: 0,
      digest: '',
    }
  return {
    ...common,
    status: answer.status,
    headers: Object.fromEntries([...answer.headers].slice(0, MOST_HEADERS).map(([name, value]) => [name, value.slice(0, LONGEST_HEADER)])),
    cookies: answer.setCookies.slice(0, 40).map((one) => one.slice(0, LONGEST_HEADER)),
    text: answer.text.slice(0, keep),
    bytes: answer.body.length,
    digest: answer.body.length === 0 ? '' : createHash('sha256').update(answer.body).digest('base64url'),
  }
}

/** Sends one request and keeps what came. */
export const see = async (client: Pick<ProbeClient, 'name' | 'send'>, request: ProbeRequest, keep?: number): Promise<Seen> => {
  const method = request.method ?? (request.form !== undefined || request.json !== undefined || request.body !== undefined ? 'POST' : 'GET')
  return seenOf(client.name, { method, path: request.path }, await client.send({ ...request, method }), keep)
}

/** Somebody unknown, who comes from another address every `every` requests, so that what is asked a lot meets no limit of the target. */
export const createCrowd = (
  context: { readonly client: (options?: { readonly name?: string }) => ProbeClient },
  name: string,
  every: number = 40,
): Pick<ProbeClient, 'name' | 'send'> => {
  let [client, sent] = [context.client({ name }), 0]
  return {
    name,
    send: (request) => {
      if (sent++ % every === every - 1) client = context.client({ name })
      return client.send(request)
    },
  }
}

/** 2xx with or without a body. */
export const isOk = (seen: Seen): boolean => seen.status >= 200 && seen.status < 300

/** Does the target hold the kit off? Then its answers say nothing. */
export const isLimited = (seen: Seen): boolean => seen.status === 429 || (seen.status === 503 && 'retry-after' in seen.headers)

/** Is the body HTML for a browser? Without a type and without `nosniff`, browsers guess. */
export const isHtml = (seen: Seen): boolean => {
  const type = (seen.headers['content-type'] ?? '').toLowerCase()
  if (type === '') return seen.headers['x-content-type-options'] === undefined && /^\s*<[!a-z]/i.test(seen.text.slice(0, 200))
  return type.includes('text/html') || type.includes('application/xhtml')
}

/** At most 300 characters of a text, from a little before `at`. */
export const excerptOf = (text: string, at = 0): string => {
  const start = Math.max(0, at - 60)
  return text.slice(start, start + 300)
}

/** What is shown of it as evidence; `around` is where in the body the excerpt begins, left out none is shown. */
export const exchangeOf = (
  seen: Seen,
  show: { readonly headers?: readonly string[]; readonly around?: number; readonly note?: string } = {},
): Exchange => {
  const shown = (show.headers ?? []).filter((name) => name in seen.headers)
  const note = show.note ?? seen.why
  return {
    as: seen.as,
    method: seen.method,
    url: seen.url.slice(0, 300),
    status: seen.status,
    ...(shown.length === 0 ? {} : { headers: Object.fromEntries(shown.map((name) => [name, (seen.headers[name] ?? '').slice(0, 400)])) }),
    ...(show.around === undefined ? {} : { excerpt: excerptOf(seen.text, show.around) }),
    ...(note === undefined ? {} : { note }),
  }
}

/** The verdict where an answer allows none: no answer is an `error`, a limit `inconclusive`. Undefined: it can be judged. */
export const unusable = (locator: string, seen: Seen): ProbeVerdict | undefined => {
  if (seen.status === 0)
    return {
      verdict: 'error',
      locator,
      reason: `${seen.method} ${seen.url.slice(0, 100)} as ${seen.as} got no answer (${seen.why ?? 'unknown'})`,
    }
  if (isLimited(seen))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the target answered ${seen.status} to ${seen.as}: it limits the kit. Run it again later, or let the kit appear at several addresses`,
      evidence: [exchangeOf(seen)],
    }
  return undefined
}

/** Did the target close the connection without an answer? Many refuse an odd request so. */
export const isCut = (seen: Seen): boolean => seen.status === 0 && (seen.why?.startsWith('reset') ?? false)

/** The first of many answers that allows no statement. Cut connections are refusals, unless most of them were cut. */
export const firstUnusable = (locator: string, answers: readonly Seen[]): ProbeVerdict | undefined => {
  const cut = answers.filter((seen) => isCut(seen))
  const odd = answers.filter((seen) => !isCut(seen) || cut.length * 2 > answers.length)
  return odd.map((seen) => unusable(locator, seen)).find((verdict) => verdict !== undefined)
}

/**
 * What a search that found nothing says: a pass, if something was asked for that does open. `opened` are files of the target that anybody may load,
 * `asked` all other answers, `searched` what was looked for.
 */
export const foundNothing = (home: Seen, opened: readonly Seen[], asked: readonly Seen[], searched: string): readonly ProbeVerdict[] => {
  const locator = '/'
  const broken = unusable(locator, home) ?? firstUnusable(locator, asked)
  if (broken !== undefined) return [broken]
  const control = [...opened, home].find((seen) => isOk(seen) && !isLimited(seen))
  if (control !== undefined) return [{ verdict: 'pass', locator, control: `${control.url} opened (${control.status}), and ${searched}` }]
  const reason = `neither / (${home.status}) nor a file opened: declare "pages.assets", files that anybody may load`
  return [{ verdict: 'inconclusive', locator, reason }]
}

/** Does these side by side, at most `lanes` at once, so that a slow target takes no longer than a probe may; results in the order given. */
export const sideBySide = async <T>(tasks: readonly (() => Promise<T>)[], lanes: number = 3): Promise<readonly T[]> => {
  const results = new Map<number, T>()
  const waiting = tasks.entries()
  const lane = async (): Promise<void> => {
    for (const [i, task] of waiting) results.set(i, await task())
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return tasks.flatMap((_, i) => (results.has(i) ? [results.get(i) as T] : []))
}

/** A word that occurs nowhere else, for made-up paths and markers: lower case letters and digits. */
export const madeUp = (random: (size: number) => Uint8Array): string => `ppt${Buffer.from(random(8)).toString('hex')}`
