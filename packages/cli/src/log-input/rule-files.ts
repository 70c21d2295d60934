import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ParapetError } from '@parapet/core'
import type { RuleProblem, RuleSet, RuleSource } from '@parapet/detect'
import { escapeText, foldText } from '../output/escape.js'
import { plural } from '../output/format.js'
import type { Terminal } from '../output/terminal.js'

/** The line of `--pipeline` in every help. */
export const PIPELINE_HELP = 'a processing pipeline (YAML) for these rules: other field names, placeholders; may be given again'

const MAX_FILES = 20_000
const MAX_FILE = 4 * 1_048_576

const unreadable = (path: string, cause: unknown): ParapetError =>
  new ParapetError('PPT_FILE_UNREADABLE', `${path}${cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''}`, {
    cause,
  })

/** The rule files of a directory and those below it, or the one file that is named. Throws `PPT_FILE_UNREADABLE`. */
export const readRuleFiles = async (path: string): Promise<RuleSource[]> => {
  try {
    const info = await stat(path)
    const names = info.isDirectory()
      ? (await readdir(path, { recursive: true }))
          .filter((name) => /\.ya?ml$/.test(name))
          .toSorted()
          .map((name) => join(path, name))
      : [path]
    if (names.length > MAX_FILES) throw new ParapetError('PPT_RULE_INVALID', `${path} holds more than ${MAX_FILES} rule files`)
    const sources: RuleSource[] = []
    for (const file of names) {
      if ((await stat(file)).size > MAX_FILE) throw new ParapetError('PPT_RULE_INVALID', `${file} is larger than 4 MiB`)
      sources.push({ file, text: await readFile(file, 'utf8') })
    }
    return sources
  } catch (error) {
    throw error instanceof ParapetError ? error : unreadable(path, error)
  }
}

/** The rules a command runs: those that come with Parapet (unless left out) and those of the named places. */
export const loadRules = async (options: {
  builtin: boolean
  places: readonly string[]
  /** files of processing pipelines */
  pipelines?: readonly string[] | undefined
}): Promise<{ rules: RuleSet; problems: RuleProblem[] }> => {
  const { builtinRules, compileRules } = await import('@parapet/detect')
  const own = await readAll(options.places)
  return compileRules([...(options.builtin ? await builtinRules() : []), ...own], { pipelines: await readAll(options.pipelines ?? []) })
}

/** The files of several places, one after the other. Throws `PPT_FILE_UNREADABLE`. */
export const readAll = async (places: readonly string[]): Promise<RuleSource[]> => {
  const sources: RuleSource[] = []
  for (const place of places) sources.push(...(await readRuleFiles(place)))
  return sources
}

/** Says on standard error which rules cannot run and why; the others run. */
export const noticeProblems = (terminal: Terminal, problems: readonly RuleProblem[]): void => {
  const { yellow, dim } = terminal.errorColors
  for (const { file, line, ruleId, reason } of problems.slice(0, 50)) {
    const id = ruleId === undefined ? '' : dim(`  (${escapeText(ruleId)})`)
    terminal.notice(`${yellow('PPT_RULE_INVALID')}  ${foldText(`${file}:${line}: ${reason}`)}${id}`)
  }
  if (problems.length > 50) terminal.notice(`and ${plural(problems.length - 50, 'more rule')} that cannot run`)
}
