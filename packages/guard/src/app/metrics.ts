import type { Guard } from './types.js'

const line = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text.replaceAll(/[^\w.-]/g, '_')}"`)
  return `parapet_guard_${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`
}

/** The counters of a guard as Prometheus reads them, for a route of the application that only the operator reaches. */
export const guardMetrics = (guard: Pick<Guard, 'status'>): string => {
  const status = guard.status()
  const { counts, events, limiter, notices } = status
  const lines: string[] = []
  const family = (name: string, kind: 'counter' | 'gauge', help: string, rows: readonly string[]): void => {
    if (rows.length > 0) lines.push(`# HELP parapet_guard_${name} ${help}`, `# TYPE parapet_guard_${name} ${kind}`, ...rows)
  }
  const byLabel = (name: string, label: string, values: Readonly<Record<string, number>>): string[] =>
    Object.entries(values).map(([key, value]) => line(name, value, { [label]: key }))

  family('requests_total', 'counter', 'Requests judged.', [line('requests_total', counts.requests)])
  family('allowed_total', 'counter', 'Requests that went on.', [line('allowed_total', counts.allowed)])
  family('refused_total', 'counter', 'Requests refused, by reason.', byLabel('refused_total', 'reason', counts.refused))
  family('observed_total', 'counter', 'Requests that would have been refused.', byLabel('observed_total', 'reason', counts.observed))
  family('degraded_total', 'counter', 'Requests that a store could not answer for.', byLabel('degraded_total', 'part', counts.degraded))
  family('events_total', 'counter', 'Events, by what became of them.', [
    line('events_total', events.sent, { state: 'sent' }),
    line('events_total', events.dropped, { state: 'dropped' }),
    line('events_total', events.rejected, { state: 'rejected' }),
  ])
  family('events_waiting', 'gauge', 'Events that wait to be sent.', [line('events_waiting', events.waiting)])
  family('decisions', 'gauge', 'Decisions held.', [line('decisions', status.decisions)])
  family('decisions_unsupported', 'gauge', 'Kinds of decisions that this guard cannot do.', [
    line('decisions_unsupported', status.unsupported.length),
  ])
  family(
    'control_plane_up',
    'gauge',
    '1 while decisions arrive.',
    status.controlPlane === 'off' ? [] : [line('control_plane_up', status.controlPlane === 'live' ? 1 : 0)],
  )
  family('limiter_keys', 'gauge', 'Clients and users counted in this process.', [line('limiter_keys', limiter.keys)])
  family('notices_total', 'counter', 'Notices, by what became of them.', byLabel('notices_total', 'state', notices))
  const access = status.accessAudit
  if (access !== undefined)
    family('access_records_total', 'counter', 'Access records, by what became of them.', [
      line('access_records_total', access.recorded, { state: 'recorded' }),
      line('access_records_total', access.dropped, { state: 'dropped' }),
    ])
  return `${lines.join('\n')}\n`
}
