import type { GuardRequest } from '../request/guard-request.js'

/** What would let through what a policy stopped. `weakens`: it also lets through what an attacker injects. */
export type CspSuggestion = { readonly directive: string; readonly source: string; readonly weakens: boolean }

/** Violations of one kind, counted. URLs are without query, fragment and credentials; every text is bounded and hostile. */
export type CspReport = {
  /** the page where it was seen first, origin and path */
  readonly document: string
  /** the directive that stopped it, such as `script-src-elem` */
  readonly directive: string
  /** what was stopped: origin and path of a URL, a scheme such as `data:`, or `inline`, `eval` and the like */
  readonly blocked: string
  readonly disposition: 'enforce' | 'report'
  /** origin and path of the script or style that asked for it */
  readonly source: string | undefined
  /** the first 40 characters of what was inline, where the policy asks for them */
  readonly sample: string | undefined
  readonly suggestion: CspSuggestion | undefined
  /** how often it was reported since it was last told */
  readonly count: number
  /** ms UTC */
  readonly firstAt: number
  readonly lastAt: number
}

/** What became of one body. */
export type CspCollected =
  | { readonly kind: 'taken'; readonly violations: number; readonly dropped: number }
  | { readonly kind: 'refused'; readonly reason: 'method' | 'media_type' | 'too_large' | 'malformed' | 'source_limit' | 'total_limit' }

/** What was let fall, by reason; what was told. */
export type CspCollectorStats = {
  readonly bodies: number
  readonly violations: number
  readonly told: number
  /** distinct violations that are kept now */
  readonly kept: number
  readonly dropped: Readonly<Record<CspDrop, number>>
}

/** Why a body or a violation in it was let fall. `too_many`: beyond what one body may hold. `table_full`: a kind more than are told apart. */
export type CspDrop =
  | 'method'
  | 'media_type'
  | 'too_large'
  | 'malformed'
  | 'source_limit'
  | 'total_limit'
  | 'extension'
  | 'foreign_document'
  | 'other_type'
  | 'too_many'
  | 'table_full'

/** Takes reports of browsers about the content security policy. */
export type CspCollector = {
  /** a whole body that has been read already */
  readonly take: (request: GuardRequest, body: Uint8Array) => CspCollected
  /** reads a body up to the bound, then {@link take}; for a stream of `node:http` or of a web `Request`. Never rejects */
  readonly collect: (request: GuardRequest, body: AsyncIterable<Uint8Array> | null) => Promise<CspCollected>
  /** tells what was counted since; for the end of the process */
  readonly flush: () => void
  readonly stats: () => CspCollectorStats
}
