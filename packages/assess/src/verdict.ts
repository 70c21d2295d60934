/** How grave a finding is. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** What is shown of one request and its answer: masked, bounded, without the body of what was sent. */
export type Exchange = {
  /** who sent it, in the probe's words: `anna`, `nobody`, `attacker at 198.51.100.7` */
  readonly as: string
  readonly method: string
  /** path and query */
  readonly url: string
  /** 0 when no answer came; then `note` says why */
  readonly status: number
  /** the few headers that matter for what was found */
  readonly headers?: Readonly<Record<string, string>>
  /** an excerpt of the answer, at most 300 characters */
  readonly excerpt?: string
  readonly note?: string
}

/** What one probe says of one place. A place (`locator`) is a route, a parameter or a cookie: never a line number or a time. */
export type ProbeVerdict =
  | {
      readonly verdict: 'fail'
      readonly locator: string
      /** what is wrong, in one sentence that names the place */
      readonly says: string
      readonly evidence: readonly Exchange[]
      /** when this place is less or more grave than the probe as a whole */
      readonly severity?: Severity
    }
  /** `control`: what was seen to work, by which the probe would have noticed the fault. Without one there is no pass. */
  | { readonly verdict: 'pass'; readonly locator: string; readonly control: string; readonly evidence?: readonly Exchange[] }
  /** it was tried, and the answers allow no statement: limited, changed in between, control did not work */
  | { readonly verdict: 'inconclusive'; readonly locator: string; readonly reason: string; readonly evidence?: readonly Exchange[] }
  /** it could not be tried to the end: no answer, garbage, the kit itself failed */
  | { readonly verdict: 'error'; readonly locator: string; readonly reason: string }
  /** it was not tried: something that it needs was not declared or is not there */
  | { readonly verdict: 'skipped'; readonly locator: string; readonly reason: string }
