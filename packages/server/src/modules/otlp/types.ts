/** What an attribute or a body may hold, as both encodings give it. */
export type OtlpValue = string | number | boolean | null | readonly OtlpValue[] | { readonly [key: string]: OtlpValue }

/** Attributes by name. */
export type OtlpAttributes = ReadonlyMap<string, OtlpValue>

/** One record of OTLP with what it comes from. Times in ns since 1970; 0 when the record has none. Source: OpenTelemetry protocol 1.x, logs. */
export type OtlpRecord = {
  readonly resource: OtlpAttributes
  readonly timeNs: bigint
  readonly observedNs: bigint
  readonly severity: number
  readonly severityText: string
  readonly body: OtlpValue
  readonly attributes: OtlpAttributes
  readonly traceId: string
  readonly spanId: string
  readonly eventName: string
}

/** How deep values may nest; deeper ones are dropped as `null`. */
export const OTLP_DEPTH = 8
