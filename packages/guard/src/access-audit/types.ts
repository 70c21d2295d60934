/** What was done to a resource. */
export type AccessAction = 'create' | 'view' | 'edit' | 'delete'

/**
 * One access, for the record: who did what to which thing, from where, with what result. Times in ms UTC. `id` of the resource is left out
 * for a whole collection, and masked where it looks like a secret.
 */
export type AccessEntry = {
  /** the id of the request, by which it is found in events and logs */
  readonly id: string
  readonly at: number
  readonly actor: { readonly kind: 'subject'; readonly id: string; readonly session: string } | { readonly kind: 'anonymous' | 'unknown' }
  readonly action: AccessAction
  readonly resource: { readonly type: string; readonly id?: string }
  /** `refused` by the guard or by the application (401, 403, 429), `failure` for any other status of 400 or more */
  readonly outcome: 'success' | 'failure' | 'refused'
  readonly status: number
  readonly method: string
  /** the pattern, never the path */
  readonly route: string
  readonly address?: string
  readonly userAgent?: string
  /** why the guard refused */
  readonly reason?: string
}

/** Where accesses are recorded, in batches, oldest first; append-only. Rejects when it did not take them. */
export type AccessSink = { readonly record: (entries: readonly AccessEntry[]) => Promise<void> }

/** How the record itself is. */
export type AccessAuditStats = {
  readonly recorded: number
  readonly waiting: number
  /** lost because the queue was full or the sink refused for too long */
  readonly dropped: number
  readonly failed: number
}
