import { Counter, Gauge, type GaugeConfiguration, Histogram, Registry } from 'prom-client'

/** The numbers at `/metrics`. Names follow Prometheus: base units, `_total` for counters. */
export type Metrics = {
  readonly ingested: (outcome: 'accepted' | 'duplicate' | 'rejected', count: number) => void
  readonly ingestBytes: (bytes: number) => void
  readonly ingestRefused: (reason: 'backpressure' | 'malformed') => void
  /** messages of syslog that were not taken: `unknown_sender`, `backlog`, `refused` */
  readonly syslogDropped: (reason: string, count: number) => void
  readonly request: (route: string, method: string, status: number, seconds: number) => void
  readonly auditLost: () => void
  readonly decisions: (count: number) => void
  readonly alerts: (count: number) => void
  readonly text: () => Promise<string>
  readonly contentType: string
  readonly registry: Registry
}

/** Values that are read when somebody asks. */
export type MetricSources = {
  readonly lag: () => { readonly events: number; readonly ms: number }
  readonly streams: () => number
  readonly activeDecisions: () => Promise<number>
  /** what carries decisions out: kind, how it stands, and what it should hold and does */
  readonly enforcers: () => Promise<
    readonly { readonly kind: string; readonly state: string; readonly wanted: number; readonly held: number | null }[]
  >
  /** how far the tables are on their way to a new key */
  readonly resealing: () => Promise<{ readonly tablesLeft: number; readonly resealed: number; readonly refused: number }>
  readonly connections: () => { readonly total: number; readonly idle: number; readonly waiting: number }
}

/** A gauge registers itself; nobody needs to hold it. */
const gauge = <T extends string>(configuration: GaugeConfiguration<T>): Gauge<T> => new Gauge(configuration)

/** Creates the registry of this process; nothing is global, so that two servers in one test do not share numbers. */
export const createMetrics = (sources: MetricSources): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  const events = new Counter({
    name: 'parapet_ingest_events_total',
    help: 'Events that came in, by what became of them',
    labelNames: ['outcome'],
    registers,
  })
  const bytes = new Counter({ name: 'parapet_ingest_bytes_total', help: 'Bytes of event batches after decompression', registers })
  const refused = new Counter({
    name: 'parapet_ingest_refused_batches_total',
    help: 'Batches refused as a whole',
    labelNames: ['reason'],
    registers,
  })
  const dropped = new Counter({
    name: 'parapet_syslog_dropped_messages_total',
    help: 'Syslog messages that were not taken, by reason',
    labelNames: ['reason'],
    registers,
  })
  const requests = new Histogram({
    name: 'parapet_http_request_duration_seconds',
    help: 'Time to answer, by route',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  })
  const auditLost = new Counter({
    name: 'parapet_audit_lost_total',
    help: 'Acts whose audit entry could not be written; the log has them',
    registers,
  })
  const decisions = new Counter({ name: 'parapet_decisions_total', help: 'Decisions made or changed', registers })
  const alerts = new Counter({ name: 'parapet_alerts_total', help: 'Alerts fired and updated', registers })
  gauge({
    name: 'parapet_detection_lag_events',
    help: 'Stored events that detection has not seen',
    registers,
    collect() {
      this.set(sources.lag().events)
    },
  })
  gauge({
    name: 'parapet_detection_lag_seconds',
    help: 'Age of the oldest event that detection has not seen',
    registers,
    collect() {
      this.set(sources.lag().ms / 1_000)
    },
  })
  gauge({
    name: 'parapet_streams_open',
    help: 'Live streams',
    registers,
    collect() {
      this.set(sources.streams())
    },
  })
  gauge({
    name: 'parapet_decisions_active',
    help: 'Decisions in force',
    registers,
    async collect() {
      // a database that is away must not take the other numbers with it
      this.set(await sources.activeDecisions().catch(() => Number.NaN))
    },
  })
  gauge({
    name: 'parapet_enforcers',
    help: 'Enforcers that reported within a day, by kind and how they stand',
    labelNames: ['kind', 'state'],
    registers,
    async collect() {
      this.reset()
      for (const { kind, state } of await sources.enforcers().catch(() => [])) this.inc({ kind, state })
    },
  })
  gauge({
    name: 'parapet_enforcer_decisions_missing',
    help: 'Decisions that enforcers should hold and do not, by kind',
    labelNames: ['kind'],
    registers,
    async collect() {
      this.reset()
      for (const { kind, wanted, held } of await sources.enforcers().catch(() => []))
        this.inc({ kind }, held === null ? 0 : Math.max(0, wanted - held))
    },
  })
  gauge({
    name: 'parapet_reseal_tables_left',
    help: 'Tables in which values sealed with an older key may be left',
    registers,
    async collect() {
      this.set((await sources.resealing().catch(() => undefined))?.tablesLeft ?? Number.NaN)
    },
  })
  gauge({
    name: 'parapet_reseal_rows',
    help: 'Rows since the primary key last changed: brought under it, and such that do not open',
    labelNames: ['outcome'],
    registers,
    async collect() {
      const progress = await sources.resealing().catch(() => undefined)
      this.set({ outcome: 'resealed' }, progress?.resealed ?? Number.NaN)
      this.set({ outcome: 'refused' }, progress?.refused ?? Number.NaN)
    },
  })
  gauge({
    name: 'parapet_database_connections',
    help: 'Connections of the pool',
    labelNames: ['state'],
    registers,
    collect() {
      const { total, idle, waiting } = sources.connections()
      this.set({ state: 'busy' }, total - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  for (const outcome of ['accepted', 'duplicate', 'rejected']) events.inc({ outcome }, 0)
  return {
    ingested: (outcome, count) => events.inc({ outcome }, count),
    ingestBytes: (count) => bytes.inc(count),
    syslogDropped: (reason, count) => dropped.inc({ reason }, count),
    ingestRefused: (reason) => refused.inc({ reason }),
    request: (route, method, status, seconds) => requests.observe({ route, method, status: String(status) }, seconds),
    auditLost: () => auditLost.inc(),
    decisions: (count) => decisions.inc(count),
    alerts: (count) => alerts.inc(count),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    registry,
  }
}
