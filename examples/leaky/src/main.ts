import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { startStudio } from '@parapet/example-studio'
import { chooseFaults, createLeaky, type FaultChoice, serverOptionsOf } from './leaky.js'
import { stayOnLoopback } from './loopback.js'

const red = (text: string): string => (process.stdout.isTTY ? `\u001b[1;41;97m${text}\u001b[0m` : text)

/** `LEAKY=all`, `LEAKY=apart`, or names with commas between; all by default. */
const choiceOf = (text: string | undefined): FaultChoice => {
  const given = (text ?? 'all').trim()
  return given === 'all' || given === 'apart' ? given : given.split(',').map((name) => name.trim())
}

try {
  const choice = choiceOf(process.env['LEAKY'])
  const faults = chooseFaults(choice)
  process.stdout.write(
    `${red(` LEAKY: this application has ${faults.length} faults on purpose. Nobody but you may ever reach it. `)}\n` +
      `${faults.map(({ name, says }) => `  ${name.padEnd(22)} ${says}`).join('\n')}\n`,
  )
  const env = { STUDIO_DATA_DIR: join(homedir(), '.parapet-leaky'), SAMPLES: 'attack', PORT: '3066', ...process.env }
  const { close } = await startStudio(stayOnLoopback(env), {
    create: (options) => createLeaky(options, choice),
    server: serverOptionsOf(faults),
  })
  const stop = (): void => void close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stderr.write(`The leaky studio does not start. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
