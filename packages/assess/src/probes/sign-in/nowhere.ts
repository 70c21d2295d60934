import type { ProbeContext } from '../../probe.js'
import { fillRequest, type Blanks } from '../../target/fill.js'
import type { RequestTemplate } from '../../target/target.js'
import { madeUp, see, type Seen } from '../seen/seen.js'
import { lookOfBody, lookOfHead } from './looks.js'

/**
 * The same request to a path beside it that does not exist. A target that answers it in the same way takes anything, and nothing follows
 * from what it takes.
 */
export const askNowhere = async (context: ProbeContext, template: RequestTemplate, blanks: Blanks): Promise<Seen> => {
  const request = fillRequest(template, blanks)
  const path = (request.path.split(/[?#]/, 1)[0] ?? '/').replace(/\/$/, '')
  return see(
    context.client({ name: 'a visitor of a page that does not exist' }),
    { ...request, path: `${path === '' ? '/' : `${path}-`}${madeUp(context.random)}` },
    8_000,
  )
}

/** Is this the answer that the target gives anywhere? */
export const isLikeNowhere = (nowhere: Seen, seen: Seen, typed: readonly string[]): boolean =>
  nowhere.status === seen.status &&
  `${lookOfHead(nowhere, typed)} ${lookOfBody(nowhere, typed)}` === `${lookOfHead(seen, typed)} ${lookOfBody(seen, typed)}`
