import type { LogSource } from '../log-source.js'
import type { YamlMap, YamlNode } from '../yaml-tree.js'

/** One comparison of a selection as written: `field|modifier: value`. The field of a keyword is ''. */
export type Item = {
  readonly field: string
  readonly modifiers: readonly string[]
  readonly value: YamlNode
  readonly line: number
}

/** What the conditions of a step may look at in a rule. */
export type RuleFacts = { readonly map: YamlMap; readonly source: LogSource; readonly correlation: boolean }

/** What a step does. Steps over items give the items that take one's place: several are alternatives, none drops it. */
export type StepAct =
  | { readonly kind: 'item'; readonly apply: (item: Item) => readonly Item[] }
  | { readonly kind: 'field'; readonly map: (name: string) => readonly string[] | undefined }
  | { readonly kind: 'source'; readonly source: LogSource }
  | { readonly kind: 'condition'; readonly selection: YamlMap; readonly negated: boolean }
  | { readonly kind: 'failure'; readonly message: string }

/** One transformation of a pipeline, with the conditions under which it is made. */
export type PipelineStep = {
  readonly act: StepAct
  readonly rule: (facts: RuleFacts) => boolean
  readonly item: (item: Item) => boolean
  readonly field: (name: string) => boolean
}

/** A processing pipeline that was read. */
export type Pipeline = {
  readonly name: string
  readonly priority: number
  readonly steps: readonly PipelineStep[]
  readonly taxonomies: readonly string[]
}
