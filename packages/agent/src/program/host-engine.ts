import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { builtinRules, compileRules, createEngine, type Engine, type EngineEntry, type RuleSource } from '@parapet/detect'
import { hostRules } from '../pipeline/host-rules.js'
import { readEngineState, writeEngineState } from './checkpoint.js'

/** The rules at work on this host. */
export type HostEngine = {
  readonly engine: Engine
  readonly rules: { readonly running: number; readonly problems: number }
  /** notes what changed, and writes all of it */
  keep: () => void
}

const MOST_FILES = 20_000

const ownRules = (folder: string): RuleSource[] => {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted()
      .slice(0, MOST_FILES)
      .filter((name) => statSync(join(folder, name)).size <= 4_194_304)
      .map((name) => ({ file: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }))
  } catch (error) {
    throw new ParapetError('PPT_FILE_UNREADABLE', folder, { cause: error })
  }
}

/** Builds the engine of the rules that one host decides, and goes on from what was kept. Throws `PPT_FILE_UNREADABLE`. */
export const createHostEngine = async (stateDir: string, rulesDir: string | null): Promise<HostEngine> => {
  const sources = [...(await builtinRules()), ...(rulesDir === null ? [] : ownRules(rulesDir))]
  const { rules, problems } = compileRules(sources)
  const local = hostRules(rules)
  const engine = createEngine({ rules: local })
  const nameOf = ({ shard, key }: EngineEntry): string => `${shard}|${key}`
  const entries = new Map(readEngineState(stateDir).map((entry) => [nameOf(entry), entry]))
  engine.restore(entries.values())
  return {
    engine,
    rules: { running: local.rules.length, problems: problems.length },
    keep: () => {
      for (const entry of engine.takeDirty()) {
        if (entry.state === null) entries.delete(nameOf(entry))
        else entries.set(nameOf(entry), entry)
      }
      writeEngineState(stateDir, [...entries.values()])
    },
  }
}
