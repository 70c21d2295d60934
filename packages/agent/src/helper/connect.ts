import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ParapetError } from '@parapet/core'
import { readLines } from './lines.js'
import type { HelperAnswers, HelperReply, HelperRequest } from './protocol.js'

/** Asks the helper; rejects with `PPT_HELPER` when it does not answer or says no, with its reason as detail. */
export type Helper = {
  ask: <Request extends HelperRequest>(request: Request) => Promise<HelperAnswers[Request['verb']]>
  close: () => Promise<void>
}

/** What {@link connectHelper} takes. */
export type HelperOptions = {
  /** where systemd listens for it */
  readonly socket: string
  /** the command that starts it as a child, speaking over its input and output: for an agent that runs as root without that socket */
  readonly command?: readonly [string, ...string[]] | undefined
}

const PROGRAM = fileURLToPath(new URL('../../bin/parapet-agent-helper.js', import.meta.url))
const TIMEOUT_MS = 30_000

/** How an agent that runs as root starts the helper by itself. */
export const helperCommand = (configFile: string): readonly [string, ...string[]] => [
  process.execPath,
  '--max-semi-space-size=2',
  '--optimize-for-size',
  PROGRAM,
  '--stdio',
  '--config',
  configFile,
]

type Waiting = { readonly take: (reply: HelperReply) => void; readonly fail: (error: Error) => void }
type Line = { readonly to: Writable; readonly end: () => void; readonly waiting: Waiting[] }

/** Opens a connection when it is first needed, and again after it broke. Requests go one after the other. */
export const connectHelper = ({ socket, command }: HelperOptions): Helper => {
  let line: Line | undefined
  let child: ChildProcess | undefined

  const attach = (from: Readable, to: Writable, end: () => void): Line => {
    const made: Line = { to, end, waiting: [] }
    const broken = (why: string): void => {
      if (line === made) line = undefined
      for (const one of made.waiting.splice(0)) one.fail(new ParapetError('PPT_HELPER', why))
      end()
    }
    readLines(
      from,
      (text) => {
        try {
          made.waiting.shift()?.take(JSON.parse(text) as HelperReply)
        } catch {
          broken('the helper answered with something else than an answer')
        }
      },
      () => broken('the answer of the helper is too long'),
    )
    from.on('error', (error) => broken(`the helper cannot be reached: ${error.message.slice(0, 200)}`))
    from.on('close', () => broken('the helper ended'))
    to.on('error', () => undefined)
    return made
  }
  const open = (): Line => {
    if (command !== undefined && !existsSync(socket)) {
      const [program, ...args] = command
      const started = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      child = started
      const made = attach(started.stdout, started.stdin, () => started.stdin.end())
      started.once('error', () => started.stdout.destroy())
      return made
    }
    const connection: Socket = createConnection(socket)
    return attach(connection, connection, () => connection.destroy())
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        line ??= open()
        const { to, end, waiting } = line
        const late = setTimeout(end, TIMEOUT_MS)
        waiting.push({
          take: (reply) => {
            clearTimeout(late)
            if (reply.ok) resolve(reply.value as never)
            else reject(new ParapetError('PPT_HELPER', reply.detail))
          },
          fail: (error) => {
            clearTimeout(late)
            reject(error)
          },
        })
        to.write(`${JSON.stringify(request)}\n`)
      }),
    close: async () => {
      line?.end()
      line = undefined
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child?.once('exit', resolve))
        const late = setTimeout(() => child?.kill('SIGKILL'), 2_000)
        await gone
        clearTimeout(late)
      }
    },
  }
}
