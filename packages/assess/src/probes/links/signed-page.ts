import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import type { Target } from '../../target/target.js'
import { isOk, type Seen } from '../seen/seen.js'
import { findLinks } from './find-links.js'

/** A declared kind of signed links. */
export type DeclaredLink = NonNullable<Target['signedLinks']>[number]

/** The links that its page shows to this visitor now; none when the page does not answer. */
export const linksFor = async (context: ProbeContext, client: ProbeClient, { page, pattern }: DeclaredLink): Promise<readonly string[]> => {
  const answer = await client.send({ path: page })
  if (answer.kind === 'none' || answer.status !== 200) return []
  return findLinks(answer.text, page, pattern, [...new Set([context.origin, context.publicOrigin])])
}

/** Why nothing can be said where the page shows no link. */
export const noLinks = ({ page, pattern }: Pick<DeclaredLink, 'page' | 'pattern'>): string =>
  `${page} shows account a no link that begins with ${pattern}; check page and pattern of this signed link`

/** Whether two answers are the same thing; where it differs from one time to the next (`stable` false), by kind and length. */
export const sameThing = (a: Seen, b: Seen, stable: boolean): boolean => {
  if (!isOk(a) || !isOk(b)) return false
  if (a.digest === b.digest && a.digest !== '') return true
  return (
    !stable && a.headers['content-type'] === b.headers['content-type'] && Math.abs(a.bytes - b.bytes) <= Math.max(a.bytes, b.bytes) / 10
  )
}
