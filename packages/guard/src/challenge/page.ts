import { escapeHtml } from '../errors/page.js'
import { PAGE_SCRIPT, SOLVER } from './solver.js'

/** What the page is made from. */
export type ChallengePage = {
  readonly token: string
  readonly seed: string
  readonly bits: number
  /** of this answer only */
  readonly nonce: string
  /** what the visitor gives to the operator when it does not work */
  readonly reference: string
  /** whom to write to, as the operator put it */
  readonly contact: string | undefined
}

const STYLE = `:root{color-scheme:light dark;--text:#1b1f24;--quiet:#57606a;--page:#fff;--line:#d0d7de;--mark:#0a5bd3}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--quiet:#9aa4af;--page:#0f1419;--line:#3a424c;--mark:#6cb0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:34rem;margin:0 auto;padding:clamp(2rem,14vh,8rem) 1.25rem 2rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;text-wrap:balance}
p{margin:0 0 1rem}
.quiet{color:var(--quiet);font-size:.9rem}
code{overflow-wrap:anywhere}
progress{display:block;width:100%;height:.6rem;margin:0 0 .75rem;accent-color:var(--mark)}
[hidden]{display:none}
button{font:inherit;padding:.5rem 1rem;min-height:2.75rem;border:1px solid var(--mark);border-radius:.4rem;background:transparent;color:var(--mark);cursor:pointer}
button:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
hr{border:0;border-top:1px solid var(--line);margin:1.5rem 0 1rem}
`

/** The policy of the page: its own script and style, one address to talk to, nothing else. */
export const challengePolicy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page that lets an unknown browser work before it goes on: one file, readable without JavaScript, no picture, no font, no tracker. */
export const challengePage = (page: ChallengePage): string => {
  const contact = page.contact === undefined ? 'the operator of this site' : escapeHtml(page.contact)
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' +
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>One moment, please</title>' +
    `<style nonce="${page.nonce}">${STYLE}</style></head><body><main><h1>One moment, please</h1>` +
    '<p>This site sees unusual traffic from your network. Your browser is asked to solve a small puzzle, which programs that flood sites ' +
    'do not take the time for. You need not do anything, and nothing about you is sent to anybody else.</p>' +
    `<div id="work" hidden data-token="${escapeHtml(page.token)}" data-seed="${escapeHtml(page.seed)}" data-bits="${page.bits}">` +
    '<progress id="bar" max="1" value="0" aria-label="Progress of the puzzle"></progress>' +
    '<p id="state" role="status"></p><p><button id="again" type="button" hidden>Try again</button></p></div>' +
    '<noscript><p><strong>JavaScript is off, so the puzzle cannot be solved.</strong> Turn it on for this site and load the page again.' +
    '</p></noscript>' +
    `<hr><p class="quiet">If this page does not go away, write to ${contact} and give this reference: <code>${escapeHtml(page.reference)}</code></p>` +
    `</main><script nonce="${page.nonce}">${SOLVER}${PAGE_SCRIPT}</script></body></html>`
  )
}
