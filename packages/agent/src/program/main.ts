import process from 'node:process'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ERRORS, isParapetError } from '@parapet/core'
import { type AgentIo, enrolAction, runAction, statusAction } from './actions.js'
import { CONFIG_FILE } from './paths.js'
import { type Ask, installAction, uninstallAction } from './install-actions.js'
import { releaseAction } from './release-action.js'
import { VERSION } from './version.js'

const USAGE = `Usage: parapet-agent COMMAND [options]

Reads the logs of this host, notices its changes, and tells the control plane.

  run [--config FILE] [--check]         read, detect and send until stopped
  enrol --server URL --token T          let this host in, once
        [--name N] [--pin sha256/...] [--trust-authorities]
  status                                how the agent of this host does
  release [--for 24h] [--end]           from the console of a host that locked you
                                        out: its firewall denies nobody, at once
  install --server URL --token T        set it up as a service (says first what
        [--yes] [--root DIR]            it will do)
  uninstall [--yes] [--purge]           take it away again

Options of all: --config FILE (${CONFIG_FILE}), --json, --help, --version

Exit codes:
  0  done
  1  status: the agent does not run
  2  the command or its input is not right
  3  it could not be completed
`

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })

/** The terminal of this process. */
export const processIo: AgentIo = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  stopped: stopSignal,
}

/** Asks on the terminal; a program that has none is never taken for a yes. */
export const askOnTerminal: Ask = async (question) => {
  if (!process.stdin.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-C and Ctrl-D close it without an answer
    const answer = await new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''))
      lines.question(`${question} [y/N] `, resolve)
    })
    return /^y(?:es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

/** Runs one command line of `parapet-agent` and gives the exit code. Never rejects. */
export const agentMain = async (argv: readonly string[], io: AgentIo = processIo): Promise<number> => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
        server: { type: 'string' },
        token: { type: 'string' },
        name: { type: 'string' },
        pin: { type: 'string' },
        'trust-authorities': { type: 'boolean' },
        yes: { type: 'boolean' },
        root: { type: 'string' },
        purge: { type: 'boolean' },
        for: { type: 'string' },
        end: { type: 'boolean' },
      },
    })
    const [command = '', ...rest] = positionals
    if (values.version === true) {
      io.out(VERSION)
      return 0
    }
    if (values.help === true) {
      io.out(USAGE)
      return 0
    }
    if (rest.length > 0) {
      io.err(`PPT_USAGE  ${command} takes no ${JSON.stringify(rest[0])}\n\n${USAGE}`)
      return 2
    }
    if (command === 'run') await runAction(values, io)
    else if (command === 'status') return statusAction(values, io) ? 0 : 1
    else if (command === 'release') await releaseAction(values, io)
    else if (command === 'install') await installAction({ ...values, trustAuthorities: values['trust-authorities'] }, io, askOnTerminal)
    else if (command === 'uninstall') await uninstallAction(values, io, askOnTerminal)
    else if (command === 'enrol') {
      if (values.server === undefined || values.token === undefined) {
        io.err(`PPT_USAGE  ${command} needs --server and --token, as the console shows them`)
        return 2
      }
      await enrolAction({ ...values, server: values.server, token: values.token, trustAuthorities: values['trust-authorities'] }, io)
    } else {
      io.err(USAGE)
      return 2
    }
    return 0
  } catch (error) {
    if (isParapetError(error)) {
      io.err(`${error.code}  ${error.message}\nfix  ${ERRORS[error.code].fix}`)
      return error.status < 500 || error.code.startsWith('PPT_CONFIG_') || error.code === 'PPT_FILE_UNREADABLE' ? 2 : 3
    }
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    io.err(`${isUsage ? 'PPT_USAGE' : 'PPT_INTERNAL'}  ${error instanceof Error ? error.message : String(error)}`)
    return isUsage ? 2 : 3
  }
}
