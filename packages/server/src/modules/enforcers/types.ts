import type { Decision, DecisionConfirmation, EnforcerReport, EnforcerView, PersonRef } from '@parapet/core'

/** What enforcers say they hold, and what is made of it. */
export type Enforcers = {
  /**
   * Keeps the newest report of each enforcer. Enforcers within the server, such as forward-auth and feeds, call it too, with
   * {@link SERVER_SOURCE} and no address. Errors: `PPT_CONFLICT` when a source has too many, `PPT_DATABASE_UNAVAILABLE`.
   */
  readonly take: (source: PersonRef, reports: readonly EnforcerReport[], address?: string) => Promise<void>
  /** All that reported within a day, with their state now. */
  readonly list: () => Promise<readonly EnforcerView[]>
  /** Where decisions are in force, in their order. */
  readonly confirm: (decisions: readonly Decision[]) => Promise<readonly (readonly DecisionConfirmation[])[]>
  /** Tells people of those that are not in step for longer than a moment, once; answers how many it told of. Forgets those of long ago. */
  readonly watch: () => Promise<number>
  /** where agents and guards reported from within the last hour: their way to the server is never cut */
  readonly addresses: () => Promise<readonly string[]>
}

/** The source of enforcers that are part of the server itself. */
export const SERVER_SOURCE: PersonRef = { id: 'server', name: 'Parapet' }
