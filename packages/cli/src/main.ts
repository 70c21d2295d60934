import process from 'node:process'
import { createTerminal } from './output/terminal.js'
import { runProgram } from './program.js'

/** The command, as `bin/parapet.js` starts it. Sets the exit code instead of exiting, so that everything printed arrives. */
export const main = async (argv: readonly string[] = process.argv.slice(2)): Promise<void> => {
  if (argv.includes('--no-color')) process.env['NO_COLOR'] = '1'
  process.exitCode = await runProgram(argv, createTerminal(process), process.env)
  // an input that was not read to its end would keep the process alive
  process.stdin.destroy()
}
