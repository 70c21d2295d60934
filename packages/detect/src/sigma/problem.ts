import type { YamlNode } from './yaml-tree.js'

/**
 * A rule file given to the compiler: its name (for messages) and its text. `readAhead`: its documents as `readYaml` gives them, without
 * examples, which are then read from the text when somebody asks for them.
 */
export type RuleSource = { readonly file: string; readonly text: string; readonly readAhead?: readonly YamlNode[] }

/** Why a rule cannot run, and where. `line` counts from 1. The other rules of the file run. */
export type RuleProblem = { readonly file: string; readonly line: number; readonly ruleId?: string; readonly reason: string }

/** Thrown while one rule is read; the compiler turns it into a {@link RuleProblem}. */
export class RuleFault extends Error {
  readonly line: number

  constructor(line: number, reason: string) {
    super(reason)
    this.name = 'RuleFault'
    this.line = line
  }
}

/** Text of a rule file as it may stand in a message: one line, bounded. */
export const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
