import type { Alert, Clock, ExceptionPreview, RuleException, RuleTestResult, StoredEvent } from '@parapet/core'
import { ParapetError, SECOND } from '@parapet/core'
import type { DetectionEngine } from '../detection/index.js'

/** An engine for a trial; `excepted`: matches that exceptions left out. */
export type TrialEngine = Pick<DetectionEngine, 'process'> & { readonly stats: () => { readonly excepted: number } }

/** Events that one trial looks at, alerts that it gives back, and the time it may take, ms. */
const LIMITS = { events: 200_000, alerts: 500, ms: 20 * SECOND, page: 1_000 } as const

/** Rules tried on what is stored; nothing is kept and nobody is told. One trial at a time. Errors: `PPT_NOT_FOUND`, `PPT_BACKPRESSURE`. */
export type Trials = {
  readonly test: (ruleId: string, since: number) => Promise<RuleTestResult>
  /** `examples` are the alerts that would be left out, newest first. */
  readonly preview: (
    exception: Pick<RuleException, 'ruleId' | 'match'>,
    since: number,
  ) => Promise<Omit<ExceptionPreview, 'examples'> & { readonly examples: readonly Alert[] }>
}

/** What trials are made of. */
export type TrialDeps = {
  readonly clock: Clock
  readonly events: {
    readonly after: (sequence: number, limit: number) => Promise<readonly StoredEvent[]>
    /** the last sequence before a moment of receipt, ms UTC */
    readonly before: (receivedAt: number) => Promise<number>
    readonly head: () => Promise<number>
  }
  readonly createTrial: (ruleId: string, exceptions: readonly RuleException[]) => TrialEngine | undefined
  readonly enrich?: ((event: StoredEvent['event']) => StoredEvent['event']) | undefined
  /** exceptions that are in force for a rule */
  readonly exceptions: (ruleId: string) => Promise<readonly RuleException[]>
  readonly limits?: Partial<Record<keyof typeof LIMITS, number>>
}

/** One engine with the latest state of every alert it gave. */
type Run = { readonly engine: TrialEngine; readonly alerts: Map<string, Alert> }

const isSame = (one: Alert, other: Alert): boolean =>
  one.rule.id === other.rule.id &&
  one.scope.kind === other.scope.kind &&
  one.scope.value === other.scope.value &&
  one.first <= other.last &&
  other.first <= one.last

/** Creates the trials. */
export const createTrials = (deps: TrialDeps): Trials => {
  const limits = { ...LIMITS, ...deps.limits }
  let busy = false

  const start = (ruleId: string, exceptions: readonly RuleException[]): Run => {
    const engine = deps.createTrial(ruleId, exceptions)
    if (engine === undefined) throw new ParapetError('PPT_NOT_FOUND', 'there is no such rule, or it cannot run')
    return { engine, alerts: new Map() }
  }
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy) throw Object.assign(new ParapetError('PPT_BACKPRESSURE', 'another rule is being tried'), { retryAfterSeconds: 5 })
    busy = true
    try {
      return await work()
    } finally {
      busy = false
    }
  }
  /** The newest events since a moment, within the bounds, in order. */
  const walk = async (since: number, onEvent: (event: StoredEvent) => void): Promise<{ events: number; whole: boolean }> => {
    const [first, head] = await Promise.all([deps.events.before(since), deps.events.head()])
    const until = performance.now() + limits.ms
    let position = Math.max(first, head - limits.events)
    const fromStart = position === first
    let events = 0
    while (position < head) {
      const page = await deps.events.after(position, limits.page)
      const last = page.at(-1)
      if (last === undefined) break
      for (const stored of page) {
        if (stored.sequence > head) break
        events++
        onEvent(deps.enrich === undefined ? stored : { ...stored, event: deps.enrich(stored.event) })
      }
      position = last.sequence
      if (performance.now() > until) return { events, whole: false }
    }
    return { events, whole: fromStart }
  }
  const feed = (run: Run, { event, id }: StoredEvent): void => {
    for (const { alert } of run.engine.process(event, id)) run.alerts.set(alert.id, alert)
  }
  const newestFirst = (run: Run): Alert[] => [...run.alerts.values()].toSorted((a, b) => b.last - a.last)

  return {
    test: (ruleId, since) =>
      alone(async () => {
        const started = performance.now()
        const run = start(ruleId, await deps.exceptions(ruleId))
        const { events, whole } = await walk(since, (event) => feed(run, event))
        const alerts = newestFirst(run)
        return {
          since,
          events,
          alerts: alerts.slice(0, limits.alerts),
          whole: whole && alerts.length <= limits.alerts,
          ms: Math.round(performance.now() - started),
        }
      }),
    preview: ({ ruleId, match }, since) =>
      alone(async () => {
        const held = await deps.exceptions(ruleId)
        const now = deps.clock()
        const tried: RuleException = {
          id: 'tried',
          ruleId,
          match,
          until: Number.MAX_SAFE_INTEGER,
          reason: '',
          by: { id: '', name: '' },
          createdAt: now,
        }
        const without = start(ruleId, held)
        const withIt = start(ruleId, [...held, tried])
        const { events, whole } = await walk(since, (event) => {
          feed(without, event)
          feed(withIt, event)
        })
        const left = newestFirst(withIt)
        const all = newestFirst(without)
        // an alert that begins with another event has another id, and is there all the same
        const silenced = all.filter((alert) => !left.some((other) => other.id === alert.id || isSame(alert, other)))
        return {
          since,
          alerts: all.length,
          silenced: silenced.length,
          events,
          eventsLeftOut: Math.max(0, withIt.engine.stats().excepted - without.engine.stats().excepted),
          examples: silenced.slice(0, 20),
          whole,
        }
      }),
  }
}
