import type { SecurityEvent, WhyAnswer } from '@parapet/core'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { confirmationTable } from './decisions/confirmation-table.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatCount, formatTime, inLevelColor } from '../output/format.js'
import { stateOf } from '../output/decision-rows.js'
import { formatTable } from '../output/table.js'
import { wrap } from '../output/width.js'

const MAX_EVENTS = 20

/** One event in a line: the raw line where there is one. */
const lineOf = (event: SecurityEvent): string => {
  if (typeof event['event.original'] === 'string') return event['event.original']
  const parts = [
    event['event.action'],
    event['event.outcome'],
    event['event.reason'],
    event['user.name'],
    event['http.request.method'],
    event['url.path'],
    event['http.response.status_code'],
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(' ')
}

/** `parapet why`: everything behind what is or was enforced on somebody. */
export const addWhy: AddCommand = (program, context) => {
  const { terminal } = context
  withServer(
    program
      .command('why')
      .summary('everything behind a block: decisions, alerts, lines')
      .description('Shows every decision on an address or a user, the alerts and rules behind it, and the events that made them.')
      .argument('<target>', 'an address, a range or a user id')
      .addHelpText(
        'after',
        `${examples([['parapet why 203.0.113.7', 'why this address cannot sign in']])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    context.run(async (target: string, options: { url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const answer = await api.get<WhyAnswer>('v1/why', { target })
      if (options.json === true) {
        await terminal.print(toJsonLine(answer))
        return EXIT.ok
      }
      const { bold, dim, red, green } = terminal.colors
      const now = context.now()
      const lines = [`${bold(escapeText(answer.target))} is ${answer.blocked ? red('blocked') : green('not blocked')}.`]
      if (answer.decisions.length + answer.alerts.length + answer.events.length === 0) lines.push('Nothing is known about it.')
      for (const decision of answer.decisions) {
        const by = `${decision.author.kind} ${escapeText(decision.author.name ?? decision.author.id)}`
        const mode = decision.mode === 'observe' ? ', only observed' : ''
        lines.push(
          '',
          `${bold(`${decision.action} ${decision.scope === 'login' ? 'sign-in' : 'all'}`)}  ${stateOf(decision, now)}${mode}`,
          `  ${formatTime(decision.startsAt)} to ${formatTime(decision.expiresAt)} UTC, by ${by}`,
          ...wrap(escapeText(decision.reason), terminal.textWidth - 2).map((line) => `  ${line}`),
        )
        if (decision.lifted !== undefined) {
          lines.push(
            `  lifted ${formatTime(decision.lifted.at)} by ${escapeText(decision.lifted.by.name ?? decision.lifted.by.id)}: ${escapeText(decision.lifted.reason)}`,
          )
        }
        lines.push(dim(`  ${decision.id}`))
        const confirmed = answer.confirmations?.find(({ decisionId }) => decisionId === decision.id)
        if (confirmed !== undefined) lines.push(confirmationTable(confirmed.at, terminal, 2))
      }
      for (const alert of answer.alerts) {
        lines.push(
          '',
          `${inLevelColor(terminal.colors, alert.rule.level, bold(alert.rule.level.toUpperCase()))}  ${bold(escapeText(alert.rule.title))}`,
          `  ${formatTime(alert.first)} to ${formatTime(alert.last)} UTC, ${formatCount(alert.count)} counted`,
          ...wrap(escapeText(alert.why), terminal.textWidth - 2).map((line) => `  ${line}`),
          dim(`  ${escapeText(alert.rule.id)}`),
        )
      }
      for (const incident of answer.incidents ?? [])
        lines.push('', `Incident ${bold(escapeText(incident.title))}`, dim(`  ${escapeText(incident.id)}`))
      if (answer.events.length > 0) {
        const shown = answer.events.slice(0, MAX_EVENTS)
        const columns = [{ title: 'time (UTC)' }, { title: 'source', shrinkTo: 8 }, { title: 'event', shrinkTo: 20 }]
        const rows = shown.map(({ event, source }) => [formatTime(event['@timestamp']), source.name, lineOf(event)])
        lines.push('', formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
        if (answer.events.length > shown.length)
          lines.push(dim(`and ${formatCount(answer.events.length - shown.length)} more; --json has them all`))
      }
      await terminal.print(lines.join('\n'))
      return EXIT.ok
    }),
  )
}
