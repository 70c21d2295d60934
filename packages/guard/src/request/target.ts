/** Scheme and authority of a target in absolute form, as clients of forward proxies send it. Source: RFC 9112, section 3.2.2. */
const AUTHORITY = /^https?:\/\/[\w.\-:[\]]{1,300}(?=\/|$)/i

/**
 * What no client sends, and routers read each in its own way: spaces and controls (some are trimmed off), a fragment, and `//name@host`,
 * which the URL parser of Express and Koa takes for another host in some company.
 */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const ODD = /[\u0000-\u0020#\u007f\u00a0\ufeff]|^\/\/[^@/]+@/

/**
 * Whether all routers take the same path out of a request target: then what is judged here is what the application serves. Not so for a
 * target of another scheme, or one whose authority ends in `?`: Node passes them on, and each router has its own idea.
 */
export const isClearTarget = (target: string): boolean => {
  if (target.charCodeAt(0) === 47) return !ODD.test(target)
  // what is left of the other two forms: a path of its own, or none
  const rest = target.replace(AUTHORITY, '')
  return target === '*' || (rest !== target && !ODD.test(rest))
}
