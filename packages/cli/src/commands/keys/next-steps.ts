import type { Keyset, KeysetKey } from '@parapet/privacy/encryption'

/** What comes next with a key. */
export type NextStep = {
  readonly key: number
  /** one sentence without its full stop */
  readonly say: string
  readonly command: string
  /** ms UTC: not before */
  readonly from?: number
}

/** What a keyset waits for. */
export type StepOptions = {
  /** how long a key is pending, or disabled, before the next step; ms */
  readonly settleMs: number
  /** `parapet keys rotate` brings values under the primary key here */
  readonly canReseal: boolean
  /** the options that name the keyset, as they were given, with a blank before each */
  readonly flags: string
}

const pendingStep = ({ id, since }: KeysetKey, { settleMs, flags }: StepOptions): NextStep => ({
  key: id,
  say: `key ${id} may seal once every process has had time to read it`,
  command: `parapet keys promote${flags}`,
  from: since + settleMs,
})

const enabledStep = ({ id }: KeysetKey, primary: number | undefined, { canReseal, flags }: StepOptions): NextStep =>
  canReseal
    ? { key: id, say: `key ${id} still opens older values; bring them under key ${primary ?? '?'}`, command: `parapet keys rotate${flags}` }
    : { key: id, say: `key ${id} still opens older values; scan says when none is left`, command: `parapet keys scan${flags}` }

const disabledStep = ({ id, since }: KeysetKey, { settleMs, flags }: StepOptions): NextStep => ({
  key: id,
  say: `key ${id} opens nothing any more; enable takes that back, destroy is for ever`,
  command: `parapet keys destroy ${id}${flags}`,
  from: since + settleMs,
})

/** What comes next with each key of a keyset, the most urgent first. Nothing comes next for a primary or a destroyed key. */
export const nextSteps = (keyset: Keyset, options: StepOptions): readonly NextStep[] => {
  const primary = keyset.keys.find(({ status }) => status === 'primary')?.id
  const pending = keyset.keys.filter(({ status }) => status === 'pending').map((key) => pendingStep(key, options))
  const enabled = keyset.keys.filter(({ status }) => status === 'enabled').map((key) => enabledStep(key, primary, options))
  const disabled = keyset.keys.filter(({ status }) => status === 'disabled').map((key) => disabledStep(key, options))
  return [...pending, ...enabled, ...disabled]
}
