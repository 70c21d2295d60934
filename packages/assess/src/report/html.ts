import { createHash } from 'node:crypto'
import type { Exchange, Severity } from '../verdict.js'
import { STYLE } from './html-style.js'
import { SEVERITIES, type AttackReport, type Finding, type Statement } from './types.js'

/** Beside colour and word: some readers tell neither colours apart nor read fast. */
const SHAPES: Readonly<Record<Severity, string>> = { critical: '◆', high: '▲', medium: '■', low: '●', info: '○' }

/** Markup of ours: only {@link page} makes it, so that text of a target cannot pass for it. */
type Markup = { readonly markup: string }
type Part = Markup | string | number | undefined | false | readonly Part[]

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it may stand in HTML: entities for what is markup, and escapes for what would hide or reorder it. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
    .replaceAll(/(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)

const render = (part: Part): string => {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part))
  return 'markup' in part ? part.markup : part.map(render).join('')
}

const page = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  markup: strings.map((text, i) => text + render(parts[i])).join(''),
})

const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
const took = (ms: number): string => (ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`)

const badge = (severity: Severity): Markup => page`<p class="badge"><span aria-hidden="true">${SHAPES[severity]}</span> ${severity}</p>`

const exchange = ({ as, method, url, status, headers, excerpt, note }: Exchange): Markup =>
  page`<li>
    <div class="line">
      <span class="who">${as}</span> <code>${method} ${url}</code> <span aria-hidden="true">→</span>
      <span class="status">${status === 0 ? 'no answer' : status}</span>
    </div>
    ${note === undefined ? undefined : page`<p class="small">${note}</p>`}
    ${
      headers === undefined || Object.keys(headers).length === 0
        ? undefined
        : page`<ul class="headers">
            ${Object.entries(headers).map(([name, value]) => page`<li>${name}: <code>${value}</code></li>`)}
          </ul>`
    }
    ${excerpt === undefined || excerpt === '' ? undefined : page`<pre>${excerpt}</pre>`}
  </li>`

const evidence = (list: readonly Exchange[] | undefined): Markup | undefined =>
  list === undefined || list.length === 0
    ? undefined
    : page`<details>
        <summary>Evidence: ${plural(list.length, 'exchange')}</summary>
        <ol class="exchanges">
          ${list.map(exchange)}
        </ol>
      </details>`

const finding = (one: Finding): Markup =>
  page`<article class="card ${one.severity}">
    ${badge(one.severity)}
    <h3>${one.title}</h3>
    <p class="where">at <code>${one.locator}</code></p>
    <p>${one.description}</p>
    <p class="small">${one.why}</p>
    <p class="fix"><b>Fix.</b> ${one.fix}</p>
    ${evidence(one.evidence)}
    <p class="marks">
      <span>${one.id}</span><span>${one.probe}</span><span>CWE-${one.cwe}</span>${
        one.asvs.length === 0 ? undefined : page`<span>ASVS ${one.asvs.join(', ')}</span>`
      }<span class="mono">${one.fingerprint}</span>
    </p>
  </article>`

/** Statements that say the same are one: eleven probes that miss one account are one thing to do. */
const byReason = (statements: readonly Statement[]): readonly { readonly because: string; readonly probes: readonly string[] }[] => {
  const groups = new Map<string, Set<string>>()
  for (const { because, probe } of statements) groups.set(because, (groups.get(because) ?? new Set<string>()).add(probe))
  return [...groups].map(([because, probes]) => ({ because, probes: [...probes] }))
}

const untried = (word: string, statements: readonly Statement[]): readonly Markup[] =>
  byReason(statements).map(
    ({ because, probes }) =>
      page`<article class="card untried">
        <p class="badge"><span aria-hidden="true">◌</span> ${word}</p>
        <h3>${probes.join(', ')}</h3>
        <p>${because}</p>
      </article>`,
  )

const probesOf = (statements: readonly { readonly probe: string }[]): number => new Set(statements.map(({ probe }) => probe)).size

const heldTable = (held: readonly Statement[]): Markup =>
  page`<div class="card pass">
    <table>
      <thead>
        <tr>
          <th scope="col">Probe</th>
          <th scope="col">At</th>
          <th scope="col">How it would have shown</th>
        </tr>
      </thead>
      <tbody>
        ${held.map(
          ({ probe, locator, because }) =>
            page`<tr>
              <td><b>${probe}</b></td>
              <td><code>${locator}</code></td>
              <td>${because}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`

const headline = (report: AttackReport, open: number): { readonly tone: string; readonly title: string; readonly text: string } => {
  if (report.state === 'failed') return { tone: 'found', title: 'The target could not be judged', text: report.reason ?? '' }
  if (report.total_findings > 0) {
    const worst = SEVERITIES.find((severity) => report.findings_by_severity[severity] > 0) ?? 'info'
    return { tone: 'open', title: `${plural(report.total_findings, 'finding')}, the gravest ${worst}`, text: report.reason ?? '' }
  }
  if (open > 0)
    return {
      tone: 'open',
      title: 'Nothing found in what could be judged',
      text: `${plural(open, 'probe')} made no statement or ${open === 1 ? 'was' : 'were'} not tried: what they look for may be there.`,
    }
  return { tone: 'held', title: 'Nothing found', text: 'Every probe made its statement.' }
}

const section = (title: string, count: number, body: Part): Markup | undefined =>
  count === 0
    ? undefined
    : page`<section>
        <h2>${title} <span class="count">${count}</span></h2>
        ${body}
      </section>`

const CONSENT: Readonly<Record<AttackReport['consent'], string>> = {
  loopback: 'this machine',
  private: 'a private address',
  token: 'token of the host',
}

/**
 * The report as one page without scripts, links to elsewhere or anything to load: to read, to mail, to print. Everything that came from the
 * target is escaped, and the page's own policy allows nothing but its style.
 */
export const renderHtml = (report: AttackReport): string => {
  const unsure = report.statements.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'error')
  const skipped = report.statements.filter(({ verdict }) => verdict === 'skipped')
  const held = report.statements.filter(({ verdict }) => verdict === 'pass')
  const open = probesOf([...unsure, ...skipped])
  const { tone, title, text } = headline(report, open)
  const note = report.state === 'failed' ? 'Why' : report.state === 'partial' ? 'Not complete' : undefined
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`
  const tile = (kind: string, shape: string, count: number, word: string): Markup =>
    page`<li class="tile ${kind}${count === 0 ? ' none' : ''}">
      <b>${count}</b><span><span class="shape" aria-hidden="true">${shape}</span> ${word}</span>
    </li>`
  const whole = page`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>Attack report: ${report.target}</title>
        <style>${{ markup: STYLE }}</style>
      </head>
      <body>
        <header>
          <p class="brand">Parapet attack report</p>
          <h1>${title}</h1>
          <p class="target"><code>${report.target}</code></p>
          <dl class="facts">
            <div>
              <dt>Begun</dt>
              <dd>${report.scan_date.slice(0, 16).replace('T', ' ')} UTC</dd>
            </div>
            <div>
              <dt>Took</dt>
              <dd>${took(report.took_ms)}</dd>
            </div>
            <div>
              <dt>Sent</dt>
              <dd>${plural(report.requests, 'request')}</dd>
            </div>
            <div>
              <dt>Probes</dt>
              <dd>${report.probes.length}</dd>
            </div>
            <div>
              <dt>Consent</dt>
              <dd>${CONSENT[report.consent]}</dd>
            </div>
          </dl>
          ${text === '' ? undefined : page`<p class="verdict ${tone}">${note === undefined ? undefined : page`<strong>${note}</strong>`} ${text}</p>`}
          <ul class="tiles">
            ${SEVERITIES.map((severity) => tile(severity, SHAPES[severity], report.findings_by_severity[severity], severity))}
            ${tile('untried', '◌', open, 'not judged')}${tile('pass', '✓', probesOf(held), 'held')}
          </ul>
        </header>
        <main>
          ${section('Findings', report.total_findings, report.findings.map(finding))}
          ${section('Without a statement', probesOf(unsure), [
            page`<p class="small">These were tried, and what came back allows no statement. What they look for may be there.</p>`,
            ...untried('no statement', unsure),
          ])}
          ${section('Not tried', probesOf(skipped), [
            page`<p class="small">These need something that was not declared or is not there. What they look for may be there.</p>`,
            ...untried('not tried', skipped),
          ])}
          ${section('Held', probesOf(held), heldTable(held))}
        </main>
        <footer>
          <p>
            Run <span class="mono">${report.run_id}</span>. A report says what was tried on one day with some accounts; it proves the
            presence of faults, not their absence. Passwords, secrets and personal data are masked.
          </p>
        </footer>
      </body>
    </html> `
  return whole.markup
}
