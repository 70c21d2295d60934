import type { DescribedError, DescribedRequest, ErrorProblem } from './types.js'

/** Text as it may stand in HTML, in attributes too. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:12vh auto;padding:0 1.25rem}' +
  'h1{font-size:1.6rem;line-height:1.25;text-wrap:balance}dt{font-weight:600}dd{margin:0 0 .5rem}code,pre{font-size:.9rem;overflow-wrap:anywhere}' +
  'pre{overflow-x:auto;border:1px solid;border-radius:.4rem;padding:.75rem}.wide{max-width:70rem}'

const REFERENCE = /^urn:uuid:/

const list = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.length === 0
    ? '<p>None.</p>'
    : `<dl>${pairs.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd><code>${escapeHtml(value)}</code></dd>`).join('')}</dl>`

const errorHtml = (error: DescribedError, heading: string): string =>
  `<h2>${heading}</h2><pre tabindex="0" role="region" aria-label="${heading}">${escapeHtml(`${error.type}: ${error.message}${error.stack.map((frame) => `\n    ${frame}`).join('')}`)}</pre>` +
  (error.errors ?? []).map((each) => errorHtml(each, 'Together with')).join('') +
  (error.cause === undefined ? '' : errorHtml(error.cause, 'Caused by'))

const requestHtml = (request: DescribedRequest): string =>
  `<h2>Request</h2><p><code>${escapeHtml(`${request.method} ${request.path}`)}</code></p>` +
  `<h2>Query</h2>${list(Object.entries(request.query))}<h2>Parameters</h2>${list(Object.entries(request.parameters))}` +
  `<h2>Headers</h2>${list(Object.entries(request.headers))}`

/**
 * A page for a person: what happened in a sentence and the reference to give to whoever runs the site. Without a nonce it goes without a
 * style of its own, and follows the browser's dark or light all the same. Every text is escaped.
 */
export const errorPage = (problem: ErrorProblem, nonce?: string): string => {
  const { title, status, detail, time, development } = problem
  const style = nonce === undefined || !/^[\w+/=-]{16,130}$/.test(nonce) ? '' : `<style nonce="${nonce}">${STYLE}</style>`
  const more =
    development === undefined
      ? ''
      : errorHtml(development.error, 'Error') + (development.request === undefined ? '' : requestHtml(development.request))
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>${escapeHtml(title)}</title>${style}</head>` +
    `<body${development === undefined ? '' : ' class="wide"'}><main><h1>${escapeHtml(title)}</h1>` +
    (detail === undefined ? '' : `<p>${escapeHtml(detail)}</p>`) +
    `<dl><dt>Status</dt><dd>${status}</dd><dt>Reference</dt><dd><code>${escapeHtml(problem.instance.replace(REFERENCE, ''))}</code></dd>` +
    `<dt>Time</dt><dd><time datetime="${escapeHtml(time)}">${escapeHtml(time)}</time></dd></dl>${more}</main></body></html>`
  )
}
