import type { ProbeContext } from '../../probe.js'
import type { ProbeRequest } from '../../client/types.js'

/** One way to claim another address. */
export type Forgery = { readonly name: string; readonly headers: NonNullable<ProbeRequest['headers']> }

/** Headers that some proxy somewhere writes, and some application somewhere believes whoever sent them. */
const SINGLE = [
  'X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP', 'Client-IP', 'X-Cluster-Client-IP', 'Fastly-Client-IP',
  'Fly-Client-IP', 'X-Azure-ClientIP', 'X-Appengine-User-IP', 'X-Originating-IP', 'X-Remote-IP', 'X-Remote-Addr', 'X-Forwarded',
  'Forwarded-For', 'X-Original-Forwarded-For', 'X-Envoy-External-Address', 'CF-Pseudo-IPv4', 'X-ProxyUser-IP',
] as const // prettier-ignore

/** An address that nobody has: of 240.0.0.0/4, which is reserved. Source: RFC 1112, section 4. */
export const forgedAddress = (context: Pick<ProbeContext, 'random'>): string => {
  const [a = 0, b = 0, c = 0, d = 0] = context.random(4)
  return `${240 + (a % 15)}.${b}.${c}.${1 + (d % 254)}`
}

/** The name of the forgery with every header in it. */
export const ALL_AT_ONCE = 'all headers at once'

/** All forgeries, each with an address of its own, so that none meets the budget of another. */
export const forgeries = (context: Pick<ProbeContext, 'random'>): readonly Forgery[] => {
  const one = (): string => forgedAddress(context)
  return [
    { name: 'X-Forwarded-For', headers: { 'x-forwarded-for': one() } },
    { name: 'X-Forwarded-For (several entries)', headers: { 'x-forwarded-for': `${one()}, 10.0.0.1, 127.0.0.1` } },
    { name: 'X-Forwarded-For (two lines)', headers: { 'x-forwarded-for': [one(), one()] } },
    { name: 'X-Forwarded-For (many entries)', headers: { 'x-forwarded-for': Array.from({ length: 40 }, one).join(', ') } },
    { name: 'X-Forwarded-For (no address)', headers: { 'x-forwarded-for': `unknown-${one()}` } },
    {
      name: 'X-Forwarded-For (IPv6)',
      headers: { 'x-forwarded-for': `2001:db8:${(context.random(1)[0] ?? 0).toString(16)}::${(context.random(1)[0] ?? 0).toString(16)}` },
    },
    { name: 'Forwarded', headers: { forwarded: `for=${one()};proto=https` } },
    { name: 'Forwarded (two hops)', headers: { forwarded: `for=${one()}, for="[2001:db8::1]:4711"` } },
    ...SINGLE.map((name) => ({ name, headers: { [name.toLowerCase()]: one() } })),
    {
      name: ALL_AT_ONCE,
      headers: {
        'x-forwarded-for': one(),
        forwarded: `for=${one()}`,
        ...Object.fromEntries(SINGLE.map((name) => [name.toLowerCase(), one()])),
      },
    },
  ]
}

/** The few that most applications know, for tries that cost more. */
export const commonForgeries = (context: Pick<ProbeContext, 'random'>): readonly Forgery[] => {
  const names = new Set([
    'X-Forwarded-For',
    'X-Forwarded-For (two lines)',
    'Forwarded',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Client-IP',
  ])
  return forgeries(context).filter(({ name }) => names.has(name))
}
