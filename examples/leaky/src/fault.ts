import type { ServerOptions } from 'node:https'
import type { StudioParts } from '@parapet/example-studio'
import type { GuardOptions } from '@parapet/guard'
import type { Express } from 'express'

/** One deliberate fault: weakened options of the guard, handlers ahead of the studio, options of the server. */
export type Fault = {
  /** of the switch; the probe's name where that has only one fault */
  readonly name: string
  /** the probe that must find it */
  readonly probe: string
  /** what is planted, in one sentence */
  readonly says: string
  /** places in the finding's words: each of them must be found, and no other */
  readonly at: readonly string[]
  readonly guard?: (options: GuardOptions) => GuardOptions
  readonly before?: (app: Express, parts: StudioParts) => void
  readonly server?: ServerOptions
  /** other faults that this one is nothing without, by name: they are switched on with it */
  readonly takes?: readonly string[]
  /** why it cannot be found beside all others, and so belongs to the second set */
  readonly apart?: string
}
