import { likeness, readPage, SAME, tellingWords, wordsIn } from '../seen/page.js'
import { isOk, type Seen } from '../seen/seen.js'

/** What a stranger got where the owner saw something. `unclear`: an answer that shows nothing of it and is no refusal either. */
export type Opening =
  | { readonly kind: 'open'; readonly words: readonly string[] }
  | { readonly kind: 'closed'; readonly how: string }
  | { readonly kind: 'unclear'; readonly why: string }

/** Fewer telling words than this say too little to compare by them. */
const FEWEST = 3

/** Does the owner himself see something here: neither a page to sign in nor one that says there is nothing? By `bases`, such as the not-found page. */
export const ownerSees = (owner: Seen, bases: readonly Seen[]): boolean => {
  if (!isOk(owner) || owner.bytes === 0) return false
  const page = readPage(owner.text)
  return !bases.some((base) => base.bytes > 0 && (base.digest === owner.digest || likeness(readPage(base.text), page) >= SAME))
}

/**
 * Compares by content, not by status: a soft 404 and a sign-in page with 200 are refusals, a redirect that carries the page is not.
 * `bases` are pages that anybody sees (not found, sign-in, home): their words prove nothing.
 */
export const openingOf = (owner: Seen, stranger: Seen, bases: readonly Seen[]): Opening => {
  const known = bases.some((base) => base.digest === stranger.digest)
  if (stranger.bytes > 0 && stranger.digest === owner.digest && !known) return { kind: 'open', words: [] }
  const [own, page] = [readPage(owner.text), readPage(stranger.text)]
  const telling = tellingWords(
    own,
    bases.map((base) => readPage(base.text)),
  )
  const shared = wordsIn(page, telling)
  // a refusal may name the thing in a word or two; the thing itself it must not hold
  const share = isOk(stranger) ? 0.3 : 0.6
  if (telling.length >= FEWEST && shared.length >= Math.max(FEWEST, Math.ceil(telling.length * share)))
    return { kind: 'open', words: shared.slice(0, 5) }
  if (stranger.status >= 300 && stranger.status < 400) return { kind: 'closed', how: `redirected (${stranger.status})` }
  if (stranger.status >= 400 && stranger.status < 500) return { kind: 'closed', how: `refused (${stranger.status})` }
  if (stranger.status >= 500) return { kind: 'unclear', why: `the target failed with ${stranger.status}` }
  if (page.password && !own.password) return { kind: 'closed', how: `asked to sign in (${stranger.status})` }
  if (known || bases.some((base) => base.bytes > 0 && likeness(readPage(base.text), page) >= SAME))
    return { kind: 'closed', how: `shown the page that anybody gets (${stranger.status})` }
  return { kind: 'unclear', why: `the answer was ${stranger.status}, neither a refusal nor what the owner sees` }
}
