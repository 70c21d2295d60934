import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ParapetError } from '@parapet/core'
import { enrolAction, type EnrolActionOptions, type AgentIo } from './actions.js'
import { CONFIG_FILE } from './paths.js'
import { AGENT_USER, planInstall, planStart, planUninstall, type Step, userOf } from './install.js'

/** A question that a person answers with yes or no; false when nobody can be asked. */
export type Ask = (question: string) => Promise<boolean>

const PROGRAM = fileURLToPath(new URL('../../bin/parapet-agent.js', import.meta.url))
const HELPER = fileURLToPath(new URL('../../bin/parapet-agent-helper.js', import.meta.url))

/** Says what will be done, and asks. Throws `PPT_USAGE` when the answer was not yes. */
const agree = async (title: string, steps: readonly string[], yes: boolean, io: Pick<AgentIo, 'out'>, ask: Ask): Promise<void> => {
  io.out(title)
  for (const step of steps) io.out(`  - ${step}`)
  if (!yes && !(await ask('Do this?'))) throw new ParapetError('PPT_USAGE', 'nothing was changed; say --yes when nobody can be asked')
}

const doAll = (steps: readonly Step[]): void => {
  for (const { act } of steps) act()
}

const needRoot = (root: string): void => {
  if (root === '/' && process.getuid?.() !== 0)
    throw new ParapetError('PPT_USAGE', 'installing on this host needs root; --root DIR writes below a folder instead')
}

/** Sets the agent up as a service, and enrols it when a server is named. Says first what it will do. */
export const installAction = async (
  options: Partial<EnrolActionOptions> & { readonly root?: string | undefined; readonly yes?: boolean | undefined },
  io: Pick<AgentIo, 'out'>,
  ask: Ask,
): Promise<void> => {
  const { server, token, root = '/' } = options
  if ((server === undefined) !== (token === undefined))
    throw new ParapetError('PPT_USAGE', '--server and --token go together, as the console shows them')
  needRoot(root)
  const steps = planInstall({ root, node: process.execPath, program: PROGRAM, helper: HELPER })
  const start = server === undefined ? [] : planStart(root)
  await agree(
    'This will',
    [...steps.map(({ says }) => says), ...(server === undefined ? [] : [`enrol this host at ${server}`]), ...start.map(({ says }) => says)],
    options.yes === true,
    io,
    ask,
  )
  doAll(steps)
  if (server !== undefined && token !== undefined)
    await enrolAction(
      { ...options, server, token, config: options.config ?? join(root, CONFIG_FILE) },
      io,
      root === '/' ? userOf(root, AGENT_USER) : undefined,
    )
  doAll(start)
  io.out(start.length > 0 ? 'The agent runs: parapet agent status' : 'Done. The unit starts with: systemctl enable --now parapet-agent')
}

/** Takes the agent away again; with `purge` its settings, its key and what was not sent too. Says first what it will do. */
export const uninstallAction = async (
  options: { readonly root?: string | undefined; readonly yes?: boolean | undefined; readonly purge?: boolean | undefined },
  io: Pick<AgentIo, 'out'>,
  ask: Ask,
): Promise<void> => {
  const { root = '/' } = options
  needRoot(root)
  const steps = planUninstall(root, options.purge === true)
  if (steps.length === 0) {
    io.out('There is nothing to take away.')
    return
  }
  await agree(
    'This will',
    steps.map(({ says }) => says),
    options.yes === true,
    io,
    ask,
  )
  doAll(steps)
  io.out('Done.')
}
