import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { leaksIn } from './planted.js'

/** A program that a test started: what it has printed so far, and a way to wait for a line and to end it. */
export type Program = {
  readonly child: ChildProcess
  readonly pid: number
  output: () => string
  /** resolves with the first match in what was printed; rejects after `ms` or when the program ends */
  waitFor: (pattern: RegExp, ms?: number) => Promise<RegExpExecArray>
  /** sends a signal (TERM by default) and waits for the end; KILL after ten seconds. Throws when it printed a planted value or a password */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** The environment without settings of ours: what steers the tests would be an unknown setting to a server. */
const withoutOurs = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARAPET_')))

/** Starts a program and keeps its output. */
export const startProgram = (
  command: string,
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string; uid?: number; gid?: number } = {},
): Program => {
  const { env, ...rest } = options
  const child = spawn(command, [...args], { ...rest, env: { ...withoutOurs(), NO_COLOR: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-200_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  // a program that cannot be started ends like one that failed
  child.on('error', (error) => collect(Buffer.from(`\n${error.message}\n`)))
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    child,
    pid: child.pid ?? -1,
    output: () => text,
    waitFor: async (pattern, ms = 60_000) => {
      const deadline = Date.now() + ms
      for (;;) {
        const match = pattern.exec(text)
        if (match !== null) return match
        if (ended()) throw new Error(`${command} ended (${child.exitCode ?? child.signalCode}) before ${pattern}:\n${text}`)
        if (Date.now() > deadline) throw new Error(`${command} did not print ${pattern} within ${ms} ms:\n${text}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    stop: async (signal = 'SIGTERM') => {
      if (!ended()) {
        const exit = once(child, 'exit')
        child.kill(signal)
        const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
        await exit
        clearTimeout(timer)
      }
      const leaks = leaksIn(text)
      if (leaks.length > 0) throw new Error(`${command} printed ${leaks.join(', ')}`)
      return child.exitCode
    },
  }
}

/** Runs a short program to its end and returns what it printed; throws with its output when it fails. */
export const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Asks until the answer is not `undefined`; rejects after `ms`. */
export const eventually = async <T>(
  ask: () => Promise<T | undefined> | T | undefined,
  what: string,
  ms = 10_000,
  pause = 20,
): Promise<T> => {
  const deadline = Date.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
