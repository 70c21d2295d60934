import { parseDuration, type SubjectAct, type SubjectView } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'
import { formatTime } from '../../output/format.js'
import { findSubject, nameOf } from './find-subject.js'

type Options = { reason: string; for?: string; source?: string; dryRun?: boolean; url?: string; json?: boolean }

const addAct = (
  subjects: Command,
  context: CommandContext,
  about: {
    readonly name: string
    readonly act: SubjectAct['act']
    readonly summary: string
    readonly description: string
    readonly said: string
  },
): void => {
  const { terminal } = context
  const command = subjects
    .command(about.name)
    .summary(about.summary)
    .description(about.description)
    .argument('<user>', 'a whole name, mail address or id')
    .requiredOption('--reason <text>', 'why, for whoever looks at it later')
    .option('--source <name>', 'of which application, where several have one')
    .option('--dry-run', 'say who is meant, and do nothing')
  if (about.act !== 'clear') command.option('--for <duration>', 'how long: 1h, 7d; at most 30d', '7d')
  withServer(command).action(
    context.run(async (user: string, options: Options) => {
      if (options.for !== undefined && parseDuration(options.for) === undefined) throw usageError('--for takes a duration such as 1h or 7d')
      const api = await openApiClient(context, options)
      const subject = await findSubject(api, user, options.source)
      const name = `${escapeText(nameOf(subject))} at ${escapeText(subject.source.name)}`
      if (options.dryRun === true) {
        await terminal.print(options.json === true ? toJsonLine(subject) : `This would be ${name}. Nothing was changed.`)
        return EXIT.ok
      }
      const act: SubjectAct = { act: about.act, reason: options.reason, ...(options.for === undefined ? {} : { duration: options.for }) }
      const changed = await api.post<SubjectView>(`v1/subjects/${encodeURIComponent(subject.id)}/act`, act)
      if (options.json === true) await terminal.print(toJsonLine(changed))
      else {
        const flag = changed.flags.find(({ kind }) => kind === about.act)
        await terminal.print(`${name} ${about.said}${flag === undefined ? '' : `, until ${formatTime(flag.until)} UTC`}.`)
      }
      return EXIT.ok
    }),
  )
}

/** `parapet subjects suspend|clear`. */
export const addSubjectsAct = (subjects: Command, context: CommandContext): void => {
  addAct(subjects, context, {
    name: 'suspend',
    act: 'suspend',
    summary: 'end the sessions of a user, and let nobody sign in as him',
    description:
      'Suspends a user at every guard that knows his id: sessions and API keys end, and the right password looks like a wrong one.',
    said: 'is suspended',
  })
  addAct(subjects, context, {
    name: 'clear',
    act: 'clear',
    summary: 'take back what is in force on a user',
    description: 'Takes back every decision on a user, by whoever made it. A reset of everybody stays.',
    said: 'is cleared',
  })
}
