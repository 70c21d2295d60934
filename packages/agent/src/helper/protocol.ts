import type { NftOperation, NftSets } from '@parapet/respond/enforcers'

/**
 * What may be asked of the helper, one JSON text a line; nothing else is understood. It answers in the order of the questions.
 * `nft.apply`: one transaction. `nft.look`: is the table whole? `nft.read`: all that is held. `nft.remove`: the table goes.
 * `nginx.apply`: these ranges become the include, nginx is tested and reloaded; all as it was when that does not work.
 */
export type HelperRequest =
  | { readonly verb: 'nft.apply'; readonly operations: readonly NftOperation[] }
  | { readonly verb: 'nft.look' }
  | { readonly verb: 'nft.read' }
  | { readonly verb: 'nft.remove' }
  | {
      readonly verb: 'nginx.apply'
      readonly denied: readonly string[]
      readonly signIn: readonly string[]
      readonly allowed: readonly string[]
      /** in a lockdown: nobody but these, until that time, ms UTC */
      readonly only: { readonly ranges: readonly string[]; readonly until: number } | null
    }

/** What was done, and what was left out because this host protects it. */
export type NftApplied = { readonly refused: readonly string[]; readonly ms: number }
/** What the kernel holds; null without a table of ours, or where its rules are not those that were made. */
export type NftHeld = { readonly sets: NftSets | null }
/** `whole`: the table, its rules and its sets are those that were made. */
export type NftLook = { readonly whole: boolean }
/** How a program ended; `detail` is what it said, at most 2 KiB. */
export type ProgramRun = { readonly ok: boolean; readonly detail: string }

/** What came of an include; `generation` is what `$parapet_generation` says once it runs. */
export type NginxApplied = ProgramRun & { readonly generation: string }

/** What each verb answers with. */
export type HelperAnswers = {
  readonly 'nft.apply': NftApplied
  readonly 'nft.look': NftLook
  readonly 'nft.read': NftHeld
  readonly 'nft.remove': Record<string, never>
  readonly 'nginx.apply': NginxApplied
}

/** One line of the helper's answers. */
export type HelperReply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string }

/** The longest line either way, bytes: a hundred thousand elements. */
export const MOST_LINE = 16_777_216
