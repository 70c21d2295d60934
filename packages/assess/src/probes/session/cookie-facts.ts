import type { NoAnswer, ProbeAnswer, ProbeClient, ProbeRequest } from '../../client/types.js'
import { parseSetCookie } from '../../client/jar.js'
import { inconclusive, type ProbeContext } from '../../probe.js'
import type { ProbeVerdict, Severity } from '../../verdict.js'
import { accountOf, enter, leave, ordinaryOf } from './visitors.js'

/** One `Set-Cookie` line as a fact; the value itself is not kept. */
export type CookieFact = {
  readonly name: string
  /** the request whose answer set it: `POST /sign-in` */
  readonly by: string
  /** of that answer */
  readonly status: number
  readonly secure: boolean
  readonly httpOnly: boolean
  /** as it was sent, in lower case; undefined when it was not */
  readonly sameSite: string | undefined
  /** its value looks like something that must not be known to others */
  readonly secret: boolean
}

/** What the target set on a way through the sign-in and some pages. */
export type CookieFacts = {
  readonly publicOrigin: string
  /** name of the session's cookie */
  readonly session: string
  readonly cookies: readonly CookieFact[]
}

/** Cookies of measuring and of taste: long, and no secret. */
const HARMLESS =
  /^(?:_ga|_gid|_gcl|_fbp|_pk_|_hj|ajs_|amplitude|mp_|optimizely|intercom|lang|locale|theme|consent|cookieconsent|tz|timezone)/i
const SHORTEST_SECRET = 16

/** Does the value look drawn by lot? Long, of many different characters, letters and digits, and not of a name that is known as harmless. */
export const looksSecret = (name: string, value: string): boolean => {
  if (value.length < SHORTEST_SECRET || HARMLESS.test(name)) return false
  return new Set(value).size >= 10 && /[a-z]/i.test(value) && /\d/.test(value) && !value.includes(' ')
}

/** Tokens against cross-site requests are read by scripts on purpose. */
export const isForScripts = (name: string): boolean => /csrf|xsrf/i.test(name)

/** A `Set-Cookie` line as a fact; undefined for one that deletes its cookie or is none. */
export const cookieFact = (
  line: string,
  by: { readonly request: string; readonly status: number },
  now: number,
): CookieFact | undefined => {
  const cookie = parseSetCookie(line)
  if (cookie === undefined || cookie.value === '') return undefined
  const { name, value, attributes } = cookie
  const age = Number(attributes.get('max-age') ?? Number.NaN)
  const expires = Date.parse(attributes.get('expires') ?? '')
  if (Number.isNaN(age) ? expires <= now : age <= 0) return undefined
  return {
    name: name.slice(0, 100),
    by: by.request,
    status: by.status,
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: attributes.get('samesite')?.toLowerCase().slice(0, 20),
    secret: looksSecret(name, value),
  }
}

/** A client that keeps what each answer sets. */
const listening = (
  client: ProbeClient,
  note: (by: { readonly request: string; readonly status: number }, lines: readonly string[]) => void,
): ProbeClient => ({
  ...client,
  send: async (request: ProbeRequest): Promise<ProbeAnswer | NoAnswer> => {
    const answer = await client.send(request)
    const method = request.method ?? (request.form === undefined && request.json === undefined ? 'GET' : 'POST')
    const path = request.path.split('?', 1)[0] ?? ''
    if (answer.kind === 'answer') note({ request: `${method} ${path.slice(0, 200)}`, status: answer.status }, answer.setCookies)
    return answer
  },
})

const MOST_PAGES = 8
const MOST_COOKIES = 100

/** Signs in, looks at some pages and gives the cookies that were set. Once a run: three probes judge them. */
export const collectCookies = (context: ProbeContext): Promise<CookieFacts> =>
  context.once('session cookies', async () => {
    const { signIn, pages } = context.target
    if (signIn?.cookie === undefined) throw inconclusive('the session cookie is not declared; add signIn.cookie')
    const cookies: CookieFact[] = []
    const who = ordinaryOf(context)
    const client = listening(context.client({ name: who }), (by, lines) => {
      for (const line of lines) {
        const fact = cookieFact(line, by, context.clock())
        if (fact !== undefined && cookies.length < MOST_COOKIES) cookies.push(fact)
      }
    })
    if (signIn.page !== undefined) await client.send({ path: signIn.page })
    await enter(context, client, accountOf(context, who))
    for (const path of [...(pages?.signedIn ?? []), ...(pages?.open ?? [])].slice(0, MOST_PAGES)) await client.send({ path })
    await leave(context, client)
    return { publicOrigin: context.publicOrigin, session: signIn.cookie, cookies }
  })

/** What is wrong with one cookie: a sentence without its name, and how grave that is for the session. */
export type CookieFault = { readonly says: string; readonly severity: Severity }

/**
 * Judges the session's cookie, and others that look like secrets as less grave. `fault` says what is wrong with one; undefined is well.
 * A cookie that is set several times is as good as the worst of them.
 */
export const judgeCookies = (
  facts: CookieFacts,
  fault: (cookie: CookieFact) => CookieFault | undefined,
  ignores: (name: string) => boolean = () => false,
): readonly ProbeVerdict[] => {
  const session = facts.cookies.filter(({ name }) => name === facts.session)
  if (session.length === 0)
    return [
      {
        verdict: 'inconclusive',
        locator: `cookie ${facts.session}`,
        reason: `signing in set ${facts.cookies.length === 0 ? 'no cookie' : `only ${[...new Set(facts.cookies.map(({ name }) => name))].slice(0, 5).join(', ')}`}; declare the session's cookie as signIn.cookie`,
      },
    ]
  const others = facts.cookies.filter(({ name, secret }) => name !== facts.session && secret && !ignores(name))
  return [...new Set([facts.session, ...others.map(({ name }) => name)])].map((name): ProbeVerdict => {
    const locator = `cookie ${name}`
    const all = [...session, ...others].filter((cookie) => cookie.name === name)
    const worst = all.map((cookie) => ({ cookie, found: fault(cookie) })).find(({ found }) => found !== undefined)
    if (worst?.found === undefined) return { verdict: 'pass', locator, control: `${all[0]?.by ?? ''} set it, and its attributes were read` }
    const { cookie, found } = worst
    const shown = [
      cookie.secure ? 'Secure' : '',
      cookie.httpOnly ? 'HttpOnly' : '',
      cookie.sameSite === undefined ? '' : `SameSite=${cookie.sameSite}`,
    ]
    const [method = 'GET', url = '/'] = cookie.by.split(' ', 2)
    return {
      verdict: 'fail',
      locator,
      says: `The cookie ${name} that ${cookie.by} sets ${found.says}.`,
      severity: name === facts.session ? found.severity : 'low',
      evidence: [
        {
          as: 'visitor',
          method,
          url,
          status: cookie.status,
          note: `Set-Cookie: ${name}=...; ${shown.filter((one) => one !== '').join('; ') || 'no attribute'}`,
        },
      ],
    }
  })
}
