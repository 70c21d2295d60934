import type { ProbeRequest } from '../../client/types.js'
import type { RequestTemplate } from '../../target/target.js'

/** A request that a program should refuse calmly. */
export type Provocation = { readonly how: string; readonly request: ProbeRequest }

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`

/** Spoilt addresses, headers and bodies for a page that is read. */
export const pageProvocations = (path: string): readonly Provocation[] => {
  const below = path.endsWith('/') ? path : `${path}/`
  const post = (how: string, type: string, body: string, headers: Readonly<Record<string, string>> = {}): Provocation => ({
    how,
    request: { method: 'POST', path, body, headers: { 'content-type': type, ...headers } },
  })
  return [
    { how: 'a bad percent-encoding', request: { path: `${below}%` } },
    { how: 'cut UTF-8 in the path', request: { path: `${below}%E0%A4%A` } },
    { how: 'NUL in the path', request: { path: `${below}%00` } },
    { how: 'a quote in the path', request: { path: `${below}'` } },
    { how: 'a query of objects', request: { path: withQuery(path, 'a[b][c]=1&a=2&__x[0]=1&a[]=%ED%A0%80') } },
    { how: 'a bad encoding in the query', request: { path: withQuery(path, 'q=%E0%A4%A&page=NaN&id=%00') } },
    { how: 'a method it does not know', request: { method: 'PROPFIND', path } },
    { how: 'a spoilt cookie', request: { path, cookies: false, headers: { cookie: 'session=%E0%A4%A; sid=j:{; __Host-session=..' } } },
    { how: 'an impossible range', request: { path, headers: { range: 'bytes=9-1', accept: '*/garbage;q=x' } } },
    post('JSON that ends too early', JSON_TYPE, '{"a":'),
    post('an unknown character set', `${JSON_TYPE}; charset=utf-99`, '{}'),
    post('garbage said to be compressed', JSON_TYPE, 'garbage', { 'content-encoding': 'gzip' }),
    post('multipart without a boundary', 'multipart/form-data', 'x'),
  ]
}

/** Values that a parameter hardly expects, ready for an address. */
export const ODD_VALUES: readonly (readonly [string, string])[] = [
  ['a quote', '%27'],
  ['a double quote', '%22'],
  ['a backslash', '%5C'],
  ['a bracket after a quote', '%27%29'],
  ['cut UTF-8', '%E0%A4%A'],
  ['half a surrogate', '%ED%A0%80'],
  ['NUL', '%00'],
  ['a huge number', '99999999999999999999999999'],
  ['a number beyond all', '1e999'],
  ['less than nothing', '-1'],
  ['a pattern', '%28%5B%2A%2B%3F%25_'],
  ['a template', '%7B%7B7%2A7%7D%7D%24%7B7%7D'],
  ['a long text', 'A'.repeat(4_000)],
]

/** A parameter of an address with odd values, and as a list and an object. */
export const parameterProvocations = (path: string, parameter: string): readonly Provocation[] => {
  const name = encodeURIComponent(parameter)
  return [
    ...ODD_VALUES.map(([how, value]) => ({ how, request: { path: withQuery(path, `${name}=${value}`) } })),
    { how: 'a list instead of a text', request: { path: withQuery(path, `${name}=a&${name}=b`) } },
    { how: 'an object instead of a text', request: { path: withQuery(path, `${name}[a]=b&${name}[$gt]=`) } },
  ]
}

/** The last part of an object's address, replaced. */
export const idProvocations = (path: string): readonly Provocation[] => {
  const start = path.split('?', 1)[0]?.replace(/[^/]*$/, '') ?? '/'
  return [['NaN', 'NaN'], ['a list', '%5B%5D'], ['a UUID of zeros', '00000000-0000-0000-0000-000000000000'], ...ODD_VALUES]
    .filter(([, value]) => (value ?? '').length < 100)
    .map(([how, value]) => ({ how: `${how} as an id`, request: { path: `${start}${value}` } }))
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** What a body's values are replaced by, all of one kind at once. */
const WRONG: readonly (readonly [string, unknown])[] = [
  ['objects for texts', { $gt: '' }],
  ['lists for texts', [['x']]],
  ['nothing for texts', null],
  ['a huge number for texts', 1e300],
  ['quotes in texts', `'"\\`],
  ['NUL in texts', 'a\u0000b'],
  ['half a surrogate in texts', '\ud800'],
  ['a long text', 'A'.repeat(20_000)],
]

/** Keys of a template's body. */
const keysOf = (template: RequestTemplate): readonly string[] => {
  if (template.form !== undefined) return Object.keys(template.form)
  return template.json !== null && typeof template.json === 'object' ? Object.keys(template.json) : []
}

/** Spoilt bodies for an act that takes one. The kit’s own names never stand in them, so that no account is guessed at. */
export const bodyProvocations = (template: RequestTemplate): readonly Provocation[] => {
  const { path, method = 'POST' } = template
  const keys = keysOf(template).slice(0, 20)
  const raw = (how: string, type: string, body: string, headers: Readonly<Record<string, string>> = {}): Provocation => ({
    how,
    request: { method, path, body, headers: { 'content-type': type, ...headers } },
  })
  const form = (value: string): string => keys.map((key) => `${encodeURIComponent(key)}${value}`).join('&')
  return [
    raw('JSON that ends too early', JSON_TYPE, '{"a":'),
    raw('JSON that is a text', JSON_TYPE, '"text"'),
    raw('JSON that is nothing', JSON_TYPE, 'null'),
    raw('no body at all', JSON_TYPE, ''),
    raw('deep nesting', JSON_TYPE, nested(3_000)),
    raw('an unknown type', 'application/x-unknown', 'x=1'),
    raw('XML', 'application/xml', '<?xml version="1.0"?><a>'),
    raw('an unknown character set', `${JSON_TYPE}; charset=utf-99`, '{}'),
    raw('garbage said to be compressed', JSON_TYPE, 'garbage', { 'content-encoding': 'gzip' }),
    raw('multipart without a boundary', 'multipart/form-data', 'x'),
    raw('a form of objects', FORM_TYPE, form('[a][b]=c')),
    raw('a form of lists', FORM_TYPE, `${form('[]=a')}&${form('[]=b')}`),
    raw('a form with a bad encoding', FORM_TYPE, form('=%E0%A4%A')),
    raw('a form of quotes', FORM_TYPE, form('=%27%22')),
    raw('a form of NULs', FORM_TYPE, form('=%00')),
    raw('an empty form', FORM_TYPE, ''),
    ...WRONG.map(([how, value]) => raw(how, JSON_TYPE, JSON.stringify(Object.fromEntries(keys.map((key) => [key, value]))))),
  ]
}
