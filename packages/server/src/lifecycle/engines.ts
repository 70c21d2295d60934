import type { RuleException, SecurityEvent } from '@parapet/core'
import { builtinRules, createEngine, createEnricher, type RuleSet, SHARDS } from '@parapet/detect'
import { createGeo } from '@parapet/guard/geo'
import { builtinPolicies, respond } from '@parapet/respond'
import type { Logger } from 'pino'
import type { DetectionDeps } from '../modules/detection/index.js'
import { createPolicyBook, type PolicyBook } from '../modules/policies/index.js'
import { createRuleBook, readOwnRules, type RuleBook, type RuleSettings, type TrialEngine } from '../modules/rules/index.js'

/** The rules and policies that this server runs with. */
export type Engines = Pick<DetectionDeps, 'policies' | 'respond' | 'enrich'> &
  Required<Pick<DetectionDeps, 'createEngine' | 'revision' | 'onChange'>> & {
    readonly rulesRespond: NonNullable<DetectionDeps['rulesRespond']>
    /** all rules as they are now */
    readonly book: () => RuleBook
    /** all policies as they are now */
    readonly policyBook: () => PolicyBook
    /** looks whether the operator's own policies have changed, and puts them into force */
    readonly reloadPolicies: () => Promise<void>
    /** puts into force what operators switched off and excepted */
    readonly apply: (settings: RuleSettings) => void
    /** looks whether the operator's own rules or databases of places have changed, and puts them into force */
    readonly reload: () => Promise<void>
    /** stops looking at the databases of places */
    readonly close: () => void
    /** an engine that tries one rule, also one that is switched off, on events that are told to nobody; undefined for one that there is not */
    readonly createTrial: (ruleId: string, exceptions: readonly RuleException[]) => TrialEngine | undefined
  }

/** Where the operator's own rules and policies are, which databases tell the places of addresses, and what all rules may remember together, MiB. */
export type EngineOptions = {
  readonly rulesDir?: string | undefined
  readonly policiesDir?: string | undefined
  readonly geo?: readonly string[] | undefined
  readonly stateMegabytes?: number | undefined
}

/** groups in each part: their bytes are the bound that counts */
const GROUPS = 1_000_000

const describeSettings = ({ off, exceptions }: RuleSettings): string =>
  JSON.stringify([[...off].toSorted(), exceptions.map(({ id }) => id).toSorted()])

/**
 * Reads the rules and policies that come with Parapet, and the operator's own. What is wrong with one is logged, the others run.
 * Errors: `PPT_CONFIG_INVALID` for a geo database that cannot be read.
 */
export const loadEngines = async (log: Pick<Logger, 'warn' | 'info'>, options: EngineOptions = {}): Promise<Engines> => {
  const [builtin, policySources] = await Promise.all([builtinRules(), builtinPolicies()])
  // the same files, in their own folder: read with the same bounds
  let ownPolicies = await readOwnRules(options.policiesDir, undefined)
  let policyBook = createPolicyBook(policySources, ownPolicies?.sources, ownPolicies?.problems)
  const tellPolicies = (): void => {
    for (const problem of policyBook.problems) log.warn(problem, 'a policy cannot run')
    log.info({ policies: policyBook.policies.length }, 'policies are loaded')
  }
  tellPolicies()
  let own = await readOwnRules(options.rulesDir, undefined)
  let book = createRuleBook([...builtin, ...(own?.sources ?? [])], own?.problems)
  let settings: RuleSettings = { off: new Set(), exceptions: [] }
  let running: RuleSet = book.forEngine(settings.off)
  let revision = 0
  const listeners = new Set<() => void>()
  const changed = (): void => {
    running = book.forEngine(settings.off)
    revision++
    for (const listener of listeners) listener()
  }
  const tellProblems = (): void => {
    for (const problem of book.problems) log.warn(problem, 'a rule cannot run')
    log.info({ rules: book.rules.length }, 'rules are loaded')
  }
  tellProblems()
  const geo =
    options.geo === undefined || options.geo.length === 0
      ? undefined
      : createGeo({ path: options.geo, reloadMs: 0, onProblem: (problem) => log.warn(problem, 'a database of places cannot be read') })
  const limits =
    options.stateMegabytes === undefined ? {} : { bytes: Math.floor((options.stateMegabytes * 1_048_576) / SHARDS), groups: GROUPS }
  let enricher = geo === undefined ? undefined : createEnricher(geo)

  return {
    createEngine: ({ owns }) => createEngine({ rules: running, exceptions: settings.exceptions, owns, limits }),
    policies: () => policyBook.policies,
    policyBook: () => policyBook,
    reloadPolicies: async () => {
      const fresh = await readOwnRules(options.policiesDir, ownPolicies?.mark ?? '')
      if (fresh === undefined) return
      ownPolicies = fresh
      policyBook = createPolicyBook(policySources, fresh.sources, fresh.problems)
      tellPolicies()
    },
    respond,
    rulesRespond: { get: (id) => book.get(id)?.respond },
    revision: () => revision,
    onChange: (fn) => {
      listeners.add(fn)
      return () => void listeners.delete(fn)
    },
    ...(enricher === undefined ? {} : { enrich: (event: SecurityEvent) => enricher?.(event) ?? event }),
    book: () => book,
    apply: (next) => {
      if (describeSettings(next) === describeSettings(settings)) return
      settings = next
      changed()
    },
    reload: async () => {
      // an enricher remembers places: a newer database takes a new one
      if (geo !== undefined && (await geo.refresh())) enricher = createEnricher(geo)
      const fresh = await readOwnRules(options.rulesDir, own?.mark ?? '')
      if (fresh === undefined) return
      own = fresh
      book = createRuleBook([...builtin, ...fresh.sources], fresh.problems)
      tellProblems()
      changed()
    },
    close: () => geo?.close(),
    createTrial: (ruleId, exceptions) => {
      const rules = book.alone(ruleId)
      return rules === undefined ? undefined : createEngine({ rules, exceptions })
    },
  }
}
