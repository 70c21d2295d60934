import type { ProbeClient } from '../../client/types.js'
import { inconclusive, type ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import { fillRequest } from '../../target/fill.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isLimited, isOk, see, type Seen, unusable } from '../seen/seen.js'

/** Characters of an answer that session probes keep. */
const KEEP = 300

/** Whose sessions are tried: account `b` where there is one, so that those of `a` stay with the probes that need its things. */
export const ordinaryOf = (context: ProbeContext): 'a' | 'b' => (context.target.accounts?.b === undefined ? 'a' : 'b')

/** The account behind a role; rejects with `Inconclusive` when it is not declared. */
export const accountOf = (context: ProbeContext, who: 'a' | 'b'): Account => {
  const account = context.target.accounts?.[who]
  if (account === undefined) throw inconclusive(`account ${who} is not declared; add accounts.${who} to the target file`)
  return account
}

/** All cookies of a visitor as they are now. */
export const cookiesOf = (client: ProbeClient): Readonly<Record<string, string>> =>
  Object.fromEntries(client.cookies.names().map((name) => [name, client.cookies.get(name) ?? '']))

/**
 * Another visitor at the same address and with the same program, who holds these cookies: what a copied cookie is worth where nothing
 * else gives the copy away.
 */
export const twinOf = (
  context: ProbeContext,
  client: ProbeClient,
  name: string,
  cookies: Readonly<Record<string, string>>,
): ProbeClient => {
  const twin = context.client({ name, ...(client.address === undefined ? {} : { address: client.address }) })
  for (const [key, value] of Object.entries(cookies)) twin.cookies.set(key, value)
  return twin
}

/** Asks the page that only the signed-in may see. */
export const askProof = (context: ProbeContext, client: ProbeClient): Promise<Seen> => {
  const proof = context.target.signIn?.proof
  if (proof === undefined) throw inconclusive('how to tell who is signed in is not declared; add signIn.proof to the target file')
  return see(client, { path: proof }, KEEP)
}

/** What an answer to `proof` says: `unknown` where a limit, an outage or silence stands in the way. */
export const standingOf = (seen: Seen): 'in' | 'out' | 'unknown' => {
  if (isOk(seen)) return 'in'
  return seen.status === 0 || isLimited(seen) || seen.status >= 500 ? 'unknown' : 'out'
}

/** Asks the same as nobody, once a run: where that opens too, it does not tell who is signed in. */
export const askNobody = (context: ProbeContext): Promise<Seen> =>
  context.once('proof as nobody', () => askProof(context, context.client({ name: 'nobody' })))

/** The verdict where `proof` opens for nobody, or gave nobody an answer; undefined when it tells people apart. */
export const uselessProof = (locator: string, nobody: Seen): ProbeVerdict | undefined =>
  unusable(locator, nobody) ??
  (isOk(nobody)
    ? {
        verdict: 'inconclusive',
        locator,
        reason: `${nobody.url} opens for nobody too, so it does not tell who is signed in: declare another signIn.proof`,
        evidence: [exchangeOf(nobody)],
      }
    : undefined)

/** Signs a visitor in who may carry something already. Rejects with `Inconclusive` unless the sign-in ends well. */
export const enter = async (context: ProbeContext, client: ProbeClient, account: Account): Promise<void> => {
  let end = await context.signIn(client, account)
  if (end.kind === 'factor') end = await context.finish(client, account)
  if (end.kind !== 'in')
    throw inconclusive(`a declared account could not be signed in (${end.kind}); check its name and password, and signIn.proof`)
}

/** Signs a visitor out where the target says how, so that the sessions of an account do not pile up; what is answered does not matter. */
export const leave = async (context: ProbeContext, client: ProbeClient): Promise<void> => {
  const template = context.target.signIn?.signOut
  if (template !== undefined) await client.send(fillRequest(template, {}))
}
