import { stat, writeFile } from 'node:fs/promises'
import { isParapetError, ParapetError, type Page, type TriageGroup } from '@parapet/core'
import { openApiClient } from '../../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, SERVER_HELP, withServer } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode, exitHelp } from '../../exit-codes.js'
import { readMoment } from '../../log-input/moment.js'
import { type RecentLogOptions, withRecentLogs } from '../../log-input/options.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import type { Terminal } from '../../output/terminal.js'
import { wrap } from '../../output/width.js'
import { placesOr, readActivity } from '../activity/activity.js'
import { triageSentence, triageSteps, type StepState, type TriageFacts, type TriageStep } from './steps.js'

type Options = RecentLogOptions & {
  root: string
  out?: string
  url?: string
  json?: boolean
}

const WORDS: Readonly<Record<StepState, string>> = { attention: 'LOOK', quiet: 'quiet', unknown: 'not known' }

const sayOf = (error: unknown): string => {
  if (!isParapetError(error)) throw error
  return error.detail === undefined ? error.code : `${error.detail} (${error.code})`
}

/** Looks at the host below `root`. A folder that is none is a slip of who typed it, not a host of which nothing is known. */
const readHost = async (root: string, since: number): Promise<TriageFacts['host']> => {
  const found = await stat(root).catch(() => undefined)
  if (found?.isDirectory() !== true) throw usageError(`--root ${JSON.stringify(root.slice(0, 200))} is no folder`)
  return (await import('@parapet/agent')).lookAtHost(root, since)
}

const readLogs = async (
  context: CommandContext,
  options: Options,
  files: readonly string[],
  since: number,
): Promise<Pick<TriageFacts, 'activity' | 'activityErrors'>> => {
  try {
    const places = await placesOr([...files, ...(options.auth ?? [])], 'triage')
    const { report, errors } = await readActivity(context, {
      places,
      format: options.format,
      since,
      ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
    })
    return { activity: report, activityErrors: errors.map(sayOf) }
  } catch (error) {
    return { activity: undefined, activityErrors: [sayOf(error)] }
  }
}

const readGroups = async (context: CommandContext, options: Options): Promise<Pick<TriageFacts, 'groups' | 'controlPlaneError'>> => {
  try {
    const client = await openApiClient(context, options.url === undefined ? {} : { url: options.url })
    const page = await client.get<Page<TriageGroup>>('/v1/triage', { status: 'open', level: 'medium', limit: '100' })
    return { groups: page.items, controlPlaneError: undefined }
  } catch (error) {
    return { groups: undefined, controlPlaneError: sayOf(error) }
  }
}

const formatStep = (step: TriageStep, number: number, terminal: Terminal): string => {
  const { bold, dim, red, green, yellow } = terminal.colors
  const paint = { attention: red, quiet: green, unknown: yellow }[step.state]
  const lines = [`${bold(`${number}. ${step.title}`)}  ${paint(WORDS[step.state])}`]
  const add = (text: string, indent: number, style: (text: string) => string = (same) => same): void => {
    for (const line of wrap(escapeText(text), terminal.textWidth - indent)) lines.push(style(`${' '.repeat(indent)}${line}`))
  }
  add(step.summary, 3)
  for (const finding of step.findings) add(`- ${finding}`, 3)
  for (const next of step.next) add(`Next: ${next}`, 3, dim)
  return lines.join('\n')
}

/** `parapet triage`: the first five steps of an incident in one run that changes nothing. */
export const addTriage: AddCommand = (program, context) => {
  const { terminal, now, run } = context
  const command = program
    .command('triage')
    .summary('the first five steps of an incident in one run that changes nothing')
    .description(
      'Looks for unauthorized access, recent authentication, suspicious activity, changes of the system and open alerts, and sums them up. ' +
        'Reads only. What cannot be read is said to be not known, never to be fine.',
    )
  withRecentLogs(command, 'log files; without one the usual logs of this machine')
    .option('--root <dir>', 'look at the system below this folder, such as the disk of another machine', '/')
    .option('--out <file>', 'also write all of it as JSON to a new file, for the record')
    .addHelpText(
      'after',
      `${examples([
        ['sudo parapet triage', 'this machine, the last 24 hours'],
        ['sudo parapet triage --since 7d --out triage.json', 'a week, kept for the report'],
        ['parapet triage --root /mnt/disk /mnt/disk/var/log/auth.log', 'the disk of a machine that is off'],
      ])}

${SERVER_HELP}

${exitHelp('nothing stands out, and every step could tell', 'a step needs you')}
  4  nothing stands out, and a step could not tell
`,
    )
  withServer(command).action(
    run(async (files: string[], options: Options): Promise<ExitCode> => {
      const started = now()
      const since = readMoment('--since', options.since, started)
      const host = await readHost(options.root, since)
      const facts: TriageFacts = { host, ...(await readLogs(context, options, files, since)), ...(await readGroups(context, options)) }
      const steps = triageSteps(facts)
      const record = { at: started, since, sentence: triageSentence(steps), steps }
      if (options.out !== undefined)
        await writeFile(options.out, `${JSON.stringify({ ...record, facts }, null, 2)}\n`, { flag: 'wx', mode: 0o600 }).catch(
          (cause: unknown) => {
            const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
            throw new ParapetError(
              'PPT_FILE_UNREADABLE',
              `--out ${options.out}: ${code === 'EEXIST' ? 'the file is there; name a new one' : code}`,
              { cause },
            )
          },
        )
      if (options.json === true) await terminal.print(toJsonLine(record))
      else {
        for (const [i, step] of steps.entries()) await terminal.print(`${formatStep(step, i + 1, terminal)}\n`)
        await terminal.print(terminal.colors.bold(record.sentence))
      }
      return steps.some(({ state }) => state === 'attention')
        ? EXIT.findings
        : steps.some(({ state }) => state === 'unknown')
          ? EXIT.partial
          : EXIT.ok
    }),
  )
}
