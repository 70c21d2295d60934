import { asGuardRequest, type RequestLike } from '../request/guard-request.js'

/** Characters of an Accept header that are looked at. */
const LONGEST = 2_048

/**
 * Whether a page is the better answer: `text/html` asked for by name, and at least as much as JSON. What asks for anything (`*`) gets
 * JSON, as programs do. Source: RFC 9110, section 12.5.1.
 */
export const prefersHtml = (like: RequestLike): boolean => {
  const accept = asGuardRequest(like).header('accept')
  if (accept === undefined || accept.length > LONGEST || !accept.includes('text/html')) return false
  let [html, json] = [0, 0]
  for (const range of accept.split(',', 40)) {
    const [type = '', ...parameters] = range.split(';', 5).map((part) => part.trim().toLowerCase())
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = given === undefined ? 1 : Number(given.slice(2))
    const q = weight >= 0 && weight <= 1 ? weight : 0
    if (type === 'text/html') html = Math.max(html, q)
    else if (type === 'application/json' || type === 'application/problem+json') json = Math.max(json, q)
  }
  return html > 0 && html >= json
}
