import type { ProbeClient, ProbeAnswer } from '../client/types.js'

/** What stays the same between two answers of one application: never what is made anew each time. */
type Marker = {
  readonly status: number
  readonly server: string
  readonly poweredBy: string
  readonly type: string
  readonly title: string
}

/** How the target was when it was asked. */
export type Health = { readonly kind: 'well'; readonly marker: Marker } | { readonly kind: 'unwell'; readonly reason: string }

const titleOf = (html: string): string => {
  const start = html.search(/<title[\s>]/i)
  if (start < 0) return ''
  const from = html.indexOf('>', start) + 1
  const end = html.indexOf('<', from)
  return html.slice(from, end < 0 ? from + 200 : Math.min(end, from + 200)).trim()
}

const markerOf = (answer: ProbeAnswer): Marker => ({
  status: answer.status,
  server: answer.headers.get('server') ?? '',
  poweredBy: answer.headers.get('x-powered-by') ?? '',
  type: (answer.headers.get('content-type') ?? '').split(';', 1)[0] ?? '',
  title: titleOf(answer.text),
})

const leadsAway = (location: string, origins: readonly string[], base: string): string | undefined => {
  if (!URL.canParse(location, base)) return 'an address that is none'
  const { origin } = new URL(location, base)
  return origins.includes(origin) ? undefined : 'another origin'
}

/**
 * Asks one page that anybody may see. Well is a target that answers completely with anything but a limit, an outage of its own or a way to
 * another origin.
 */
export const checkHealth = async (client: ProbeClient, path: string, origins: readonly string[]): Promise<Health> => {
  const unwell = (reason: string): Health => ({ kind: 'unwell', reason })
  const answer = await client.send({ path, timeoutMs: 5_000 })
  if (answer.kind === 'none') return unwell(`${path} was not answered: ${answer.detail}`)
  if (answer.cut)
    return unwell(`the answer to ${path} did not end properly, or is longer than 1 MiB; name a smaller page first in pages.open`)
  if (answer.status === 429) return unwell(`${path} is answered with 429: the target limits the kit; wait, or lift its limits for the test`)
  if (answer.status >= 500) return unwell(`${path} is answered with ${answer.status}`)
  const location = answer.headers.get('location')
  const away =
    location === undefined || answer.status < 300 || answer.status > 399 ? undefined : leadsAway(location, origins, origins[0] ?? '')
  if (away !== undefined) return unwell(`${path} redirects to ${away}; attack the origin that answers itself`)
  return { kind: 'well', marker: markerOf(answer) }
}

/** What is different between two answers that were both well; undefined when nothing is. */
export const changedSince = (before: Health, after: Health): string | undefined => {
  if (before.kind !== 'well') return undefined
  if (after.kind === 'unwell') return after.reason
  const keys = Object.keys(before.marker) as (keyof Marker)[]
  const changed = keys.filter((key) => before.marker[key] !== after.marker[key])
  return changed.length === 0
    ? undefined
    : `the target changed while it was tried (${changed.join(', ')} differ); run it again when it is left alone`
}
