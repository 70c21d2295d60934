import { createInterface } from 'node:readline/promises'
import { usageError } from '../errors.js'
import { escapeText } from '../output/escape.js'
import type { Terminal } from '../output/terminal.js'

/** Asks before something of weight is done; true for `y` and `yes`. Throws `PPT_USAGE` when nobody can be asked. */
export const askYes = async (terminal: Terminal, question: string): Promise<boolean> => {
  const { stdin, stderr } = terminal
  if (!stdin.isTTY || !terminal.interactive.err) throw usageError('nobody can be asked here: say --yes when you are sure')
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${escapeText(question)} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
