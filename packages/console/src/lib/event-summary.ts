import type { FieldValue, SecurityEvent } from '@parapet/core'

const show = (value: FieldValue | undefined): string =>
  value === undefined || value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value)

/** One event in a line, as an operator says it: what was tried, on what, with what result. The text is still hostile. */
export const summarize = (event: SecurityEvent): { readonly what: string; readonly outcome: 'success' | 'failure' | 'unknown' } => {
  const status = event['http.response.status_code']
  const outcome = event['event.outcome'] ?? (typeof status === 'number' ? (status < 400 ? 'success' : 'failure') : 'unknown')
  const method = event['http.request.method']
  const path = event['url.original'] ?? event['url.path']
  if (path !== undefined && event['event.category'] !== 'authentication') {
    const query = event['url.original'] === undefined && event['url.query'] !== undefined ? `?${event['url.query']}` : ''
    return { what: `${show(method)} ${path}${query}${status === undefined ? '' : ` → ${status}`}`.trim(), outcome }
  }
  const reason = show(event['event.reason']).replaceAll('_', ' ')
  const words = [
    show(event['event.action']).replaceAll('-', ' ') || show(event['event.category']) || 'event',
    outcome === 'unknown' ? '' : outcome === 'success' ? 'succeeded' : 'failed',
  ]
  return { what: words.filter(Boolean).join(' ') + (reason === '' ? '' : ` (${reason})`), outcome }
}
