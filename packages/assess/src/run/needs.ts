import type { Need } from '../probe.js'
import type { Target } from '../target/target.js'

/** What can be there beside the target file. */
export type Abilities = { readonly manyAddresses: boolean; readonly browser: () => Promise<boolean> }

const ABILITIES: Readonly<Record<'many-addresses' | 'browser', string>> = {
  'many-addresses':
    'the kit has one address only; run it on Linux against 127.0.0.1, or from where the trusted proxy stands with addresses: { kind: forwarded, header: x-forwarded-for }',
  browser: 'no Chromium was found; install one, and playwright-core, or give its path with --browser',
}

const isThere = (target: Target, path: string): boolean => {
  let value: unknown = target
  for (const key of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

/** Why a probe cannot be tried, with what to declare; undefined when all that it needs is there. */
export const missingNeed = async (needs: readonly Need[], target: Target, abilities: Abilities): Promise<string | undefined> => {
  const undeclared = needs.filter((need) => need !== 'many-addresses' && need !== 'browser' && !isThere(target, need))
  if (undeclared.length > 0)
    return `not declared: ${undeclared.join(', ')}; add ${undeclared.length === 1 ? 'it' : 'them'} to the target file`
  if (needs.includes('many-addresses') && !abilities.manyAddresses) return ABILITIES['many-addresses']
  if (needs.includes('browser') && !(await abilities.browser())) return ABILITIES.browser
  return undefined
}
