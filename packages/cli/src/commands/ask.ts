import { createInterface } from 'node:readline'
import { Interrupted, usageError } from '../errors.js'
import { escapeText } from '../output/escape.js'
import type { Terminal } from '../output/terminal.js'

/** Asks on the terminal for a line, without blanks around it; Ctrl-D answers nothing. Throws {@link Interrupted} for Ctrl-C. */
export const askLine = ({ stdin, stderr }: Pick<Terminal, 'stdin' | 'stderr'>, prompt: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdin, output: stderr })
    lines.once('SIGINT', () => {
      reject(new Interrupted())
      lines.close()
    })
    // the first answer counts: after a line, closing says nothing any more
    lines.once('close', () => {
      stderr.write('\n')
      resolve('')
    })
    lines.question(prompt, (line) => {
      lines.removeAllListeners('close')
      lines.close()
      resolve(line.trim())
    })
  })

/** Asks before something of weight is done; true for `y` and `yes`. Throws `PPT_USAGE` when nobody can be asked. */
export const askYes = async (terminal: Terminal, question: string): Promise<boolean> => {
  if (!terminal.stdin.isTTY || !terminal.interactive.err) throw usageError('nobody can be asked here: say --yes when you are sure')
  return /^y(?:es)?$/i.test(await askLine(terminal, `${escapeText(question)} [y/N] `))
}
