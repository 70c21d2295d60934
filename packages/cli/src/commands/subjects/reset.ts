import { setTimeout as sleep } from 'node:timers/promises'
import type { ResetCampaign, ResetRequest, ResetScope } from '@parapet/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ApiClient } from '../../api/api-client.js'
import { openApiClient } from '../../api/open-api-client.js'
import { collect, type CommandContext, examples, SERVER_HELP, withServer } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, EXIT_HELP, type ExitCode } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatCount, plural } from '../../output/format.js'
import { stopSignal } from '../../stop-signal.js'
import { confirmName } from '../operators/confirm.js'
import { findSubject } from './find-subject.js'

/** Between two looks at a campaign, ms. */
const LOOK_MS = 2_000
const CLEAR = '\r\u001b[K'

type Options = {
  all?: boolean
  role?: string
  user?: readonly string[]
  source?: string
  reason?: string
  mail: boolean
  perMinute: number
  dryRun?: boolean
  yes?: boolean
  watch?: string | boolean
  cancel?: string
  url?: string
  json?: boolean
}

const readPace = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > 6_000) throw new InvalidArgumentError('It takes 1 to 6000 mails a minute.')
  return Number(text)
}

/** One line of progress: what ended, what went out, who came back. */
export const progressOf = ({ subjects, done, mails, sessionsEnded }: ResetCampaign): string => {
  const out = mails.sent + mails.failed + mails.queued
  const failed = mails.failed === 0 ? '' : ` (${formatCount(mails.failed)} failed)`
  const sent = out === 0 ? '' : `, ${formatCount(mails.sent)} of ${plural(out, 'mail')} sent${failed}`
  return `${plural(sessionsEnded, 'session')} ended${sent}, ${formatCount(done)} of ${formatCount(subjects)} came back`
}

const scopeOf = async (api: ApiClient, { all, role, user = [], source }: Options): Promise<ResetScope> => {
  if ([all === true, role !== undefined, user.length > 0].filter(Boolean).length !== 1)
    throw usageError('say who: --all, --role ROLE or --user NAME, and one of them only')
  if (all === true) return { kind: 'all' }
  if (role !== undefined) return { kind: 'role', role }
  const ids: string[] = []
  for (const name of user) ids.push((await findSubject(api, name, source)).id)
  return { kind: 'users', ids: [...new Set(ids)] }
}

/** Follows a campaign until it has ended, or somebody has had enough: it goes on without us. */
const watch = async (context: CommandContext, api: ApiClient, id: string, json: boolean): Promise<ExitCode> => {
  const { terminal } = context
  const stopped = new AbortController()
  void stopSignal().then(() => stopped.abort())
  let last = ''
  for (;;) {
    const campaign = await api.get<ResetCampaign>(`v1/resets/${encodeURIComponent(id)}`)
    const line = progressOf(campaign)
    if (terminal.interactive.err) terminal.stderr.write(`${CLEAR}${line}`)
    else if (line !== last) terminal.notice(line)
    last = line
    if (campaign.state !== 'running' || stopped.signal.aborted) {
      if (terminal.interactive.err) terminal.stderr.write(CLEAR)
      if (json) await terminal.print(toJsonLine(campaign))
      else if (campaign.state === 'running')
        await terminal.print(`It goes on. Look again: parapet subjects reset --watch ${escapeText(id)}`)
      else await terminal.print(`${campaign.state === 'done' ? 'Everybody came back' : 'It was cancelled'}: ${line}.`)
      return EXIT.ok
    }
    await sleep(LOOK_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
  }
}

const begin = async (context: CommandContext, api: ApiClient, options: Options): Promise<ExitCode> => {
  const { terminal } = context
  const scope = await scopeOf(api, options)
  if (options.reason === undefined) throw usageError('say why with --reason: it is kept with the campaign')
  const request: ResetRequest = { scope, reason: options.reason, mail: options.mail, perMinute: options.perMinute }
  const planned = await api.post<ResetCampaign>('v1/resets', { ...request, dryRun: true })
  const { subjects, mails, sessionsEnded } = planned
  const told = options.mail
    ? `, ${plural(mails.queued, 'mail')} at ${options.perMinute} a minute, ${formatCount(mails.noAddress)} without an address`
    : ', no mails'
  const means = `${plural(subjects, 'user')} must set a new password; ${plural(sessionsEnded, 'session')} end${sessionsEnded === 1 ? 's' : ''}${told}`
  if (options.dryRun === true) {
    await terminal.print(options.json === true ? toJsonLine(planned) : `${means}. Nothing was changed.`)
    return EXIT.ok
  }
  if (options.yes !== true)
    await confirmName(terminal, String(subjects), [`${means}.`, 'Their old passwords, remembered devices and API keys end now.'])
  const campaign = await api.post<ResetCampaign>('v1/resets', request)
  terminal.notice(`Campaign ${escapeText(campaign.id)} has begun. It goes on when this command ends; take it back with --cancel.`)
  if (options.watch !== undefined) return watch(context, api, campaign.id, options.json === true)
  await terminal.print(
    options.json === true ? toJsonLine(campaign) : `Follow it: parapet subjects reset --watch ${escapeText(campaign.id)}`,
  )
  return EXIT.ok
}

/** `parapet subjects reset`. */
export const addSubjectsReset = (subjects: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    subjects
      .command('reset')
      .summary('make users set new passwords: all, a role or some')
      .description(
        'Ends sessions, remembered devices and API keys, and refuses old passwords until each has set a new one by the verified reset of the application. ' +
          'The control plane carries it on: this command may end, and --watch shows how far it is.',
      )
      .option('--all', 'everybody')
      .option('--role <role>', 'who has this role')
      .option('--user <name>', 'this one, by name, mail address or id; may be given again', collect)
      .option('--source <name>', 'of which application the user is, where several have one')
      .option('--reason <text>', 'why, for whoever looks at it later')
      .option('--no-mail', 'tell nobody')
      .addOption(new Option('--per-minute <n>', 'mails a minute').argParser(readPace).default(60))
      .option('--dry-run', 'say how many, and do nothing')
      .option('--yes', 'do not ask, for programs')
      .option('--watch [id]', 'show how far a campaign is until it ends, on standard error')
      .option('--cancel <id>', 'take a campaign back: old passwords work again')
      .addHelpText(
        'after',
        `${examples([
          ['parapet subjects reset --all --reason "passwords may have leaked" --watch', 'asks once, says how many, and follows it'],
          ['parapet subjects reset --role admin --reason "new policy" --no-mail --yes', 'from a script'],
          ['parapet subjects reset --watch 0199c0de-0000-7000-8000-000000000000', 'how far it is'],
        ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    context.run(async (options: Options) => {
      const api = await openApiClient(context, options)
      if (options.cancel !== undefined) {
        const campaign = await api.post<ResetCampaign>(`v1/resets/${encodeURIComponent(options.cancel)}/cancel`, {})
        await terminal.print(options.json === true ? toJsonLine(campaign) : `It is ${campaign.state}: ${progressOf(campaign)}.`)
        return EXIT.ok
      }
      if (typeof options.watch === 'string') return watch(context, api, options.watch, options.json === true)
      return begin(context, api, options)
    }),
  )
}
