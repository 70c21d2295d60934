import { usageError } from '../../errors.js'
import { escapeText } from '../../output/escape.js'
import type { Terminal } from '../../output/terminal.js'
import { askLine } from '../ask.js'

/** Has the name typed before something that cannot be undone. Throws `PPT_USAGE` when something else was, or nobody can be asked. */
export const confirmName = async (terminal: Terminal, name: string, means: readonly string[]): Promise<void> => {
  const { stdin, errorColors } = terminal
  if (!stdin.isTTY || !terminal.interactive.err) throw usageError('nobody can be asked here: say --yes when you are sure')
  for (const line of means) terminal.notice(errorColors.bold(escapeText(line)))
  const typed = await askLine(terminal, `Type ${escapeText(name)} to go on: `)
  if (typed !== name) throw usageError('that is not the name; nothing was changed')
}
