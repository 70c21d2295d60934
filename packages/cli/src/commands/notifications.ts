import { type ChannelView, type NotificationView, type Page, ParapetError } from '@parapet/core'
import { type Command, Option } from 'commander'
import type { ApiClient } from '../api/api-client.js'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, EXIT_HELP, exitHelp } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatTime, inLevelColor, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'

type Options = { readonly url?: string; readonly json?: boolean }

const STATES: readonly NotificationView['state'][] = ['waiting', 'quiet', 'sent', 'failed', 'acknowledged', 'no_route']

/** What became of a notification, in a word or two. */
const stateWords = ({ state, acknowledged, receipts }: NotificationView): string => {
  if (state === 'no_route') return 'told nobody'
  if (state === 'acknowledged') return `seen by ${acknowledged?.by ?? 'somebody'}`
  const sent = receipts.filter((receipt) => receipt.state === 'sent').length
  return state === 'sent' && sent < receipts.length ? `sent ${sent} of ${receipts.length}` : state
}

const addList = (parent: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    parent
      .command('list', { isDefault: true })
      .summary('what people were told, newest first')
      .description('Lists what people were told, and whether it reached them.')
      .addOption(new Option('--state <state>', 'only these').choices(STATES)),
  ).action(
    context.run(async (options: Options & { readonly state?: string }) => {
      const api = await openApiClient(context, options)
      const { items, next }: Page<NotificationView> = await api.get('v1/notifications', { state: options.state, limit: '50' })
      if (options.json === true) {
        for (const each of items) await terminal.print(toJsonLine(each))
        return EXIT.ok
      }
      if (items.length === 0) {
        await terminal.print(options.state === undefined ? 'Nobody was told anything yet.' : 'There are none of these.')
        return EXIT.ok
      }
      const { dim } = terminal.colors
      const columns = [
        { title: 'at (UTC)' },
        { title: 'level', style: (cell: string, row: number) => inLevelColor(terminal.colors, items[row]?.level ?? 'low', cell) },
        { title: 'what', shrinkTo: 16 },
        { title: 'state', shrinkTo: 10 },
        { title: 'id', style: dim },
      ]
      const rows = items.map((each) => [
        formatTime(each.at),
        each.level,
        each.count > 1 ? `${each.title} (${each.count})` : each.title,
        stateWords(each),
        each.id,
      ])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      const failed = items.flatMap(({ receipts }) => receipts).find((receipt) => receipt.state === 'failed')
      if (failed !== undefined)
        await terminal.print(`\n${escapeText(failed.channel.name)} failed: ${escapeText(failed.detail ?? 'without a reason')}`)
      await terminal.print(`\n${plural(items.length, 'notification')}${next === null ? '' : '; there are more in the console'}`)
      return EXIT.ok
    }),
  )
}

const findChannel = async (api: ApiClient, wanted: string): Promise<ChannelView> => {
  const { items } = await api.get<{ items: readonly ChannelView[] }>('v1/notifications/channels')
  const byId = items.find(({ id }) => id === wanted)
  const named = items.filter(({ name }) => name === wanted)
  const found = byId ?? (named.length === 1 ? named[0] : undefined)
  if (found !== undefined) return found
  if (named.length > 1) throw new ParapetError('PPT_CONFLICT', 'several channels have this name: give the id of one')
  const known = items.map(({ name }) => name).slice(0, 10)
  throw new ParapetError(
    'PPT_NOT_FOUND',
    known.length === 0 ? 'there is no channel yet; make one in the console' : `channels are: ${known.join(', ')}`,
  )
}

const addTest = (parent: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    parent
      .command('test')
      .summary('send a test through a channel')
      .description('Sends a test through a channel at once, past routes and quiet hours, and says what came of it.')
      .argument('<channel>', 'its name or its id'),
  )
    .addHelpText('after', `\n${exitHelp('the channel took it', 'the channel did not take it')}\n`)
    .action(
      context.run(async (wanted: string, options: Options) => {
        const api = await openApiClient(context, options)
        const channel = await findChannel(api, wanted)
        const result = await api.post<{ ok: boolean; detail: string; ms: number }>(
          `v1/notifications/channels/${channel.id}/test`,
          undefined,
        )
        if (options.json === true) await terminal.print(toJsonLine({ channel: channel.id, ...result }))
        else {
          const { green, red } = terminal.colors
          const word = result.ok ? green('sent') : red('not sent')
          await terminal.print(`${word} to ${escapeText(channel.target)}: ${escapeText(result.detail)} (${result.ms} ms)`)
        }
        return result.ok ? EXIT.ok : EXIT.findings
      }),
    )
}

const addAck = (parent: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    parent
      .command('ack')
      .summary('say that you look at it')
      .description('Acknowledges notifications: nobody else is called for them any more.')
      .argument('<id...>', 'as parapet notifications shows them'),
  ).action(
    context.run(async (ids: readonly string[], options: Options) => {
      const api = await openApiClient(context, options)
      for (const id of ids) {
        const seen = await api.post<NotificationView>(`v1/notifications/${encodeURIComponent(id)}/acknowledge`, undefined)
        if (options.json === true) await terminal.print(toJsonLine(seen))
        else await terminal.print(`${escapeText(seen.title)}: acknowledged by ${escapeText(seen.acknowledged?.by ?? 'somebody')}`)
      }
      return EXIT.ok
    }),
  )
}

/** `parapet notifications`: what people were told, tests of channels, acknowledgement. */
export const addNotifications: AddCommand = (program, context) => {
  const notifications = program
    .command('notifications')
    .summary('what people were told; test a channel, acknowledge')
    .description('Shows what people were told and whether it reached them.')
  notifications.usage('[list|test|ack] [options]')
  addList(notifications, context)
  addTest(notifications, context)
  addAck(notifications, context)
  notifications.addHelpText(
    'after',
    `${examples([
      ['parapet notifications', 'what people were told, and who has seen it'],
      ['parapet notifications list --state failed', 'what reached nobody'],
      ['parapet notifications test "On call"', 'does this channel work?'],
      ['parapet notifications ack 0198c0de-0000-7000-8000-000000000000', 'I look at it: call nobody else'],
    ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
  )
}
