import type { SourceHealth } from '@parapet/core'
import type { Command } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, withServer } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT } from '../../exit-codes.js'
import { escapeText, toJsonLine } from '../../output/escape.js'

/** `parapet subjects reset-page`: where mails about resets lead. */
export const addResetPage = (subjects: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    subjects
      .command('reset-page')
      .summary('say where users of an application set a new password')
      .description(
        'Mails about resets link to this page of the application, which sends its own link; they hold no token. "none" takes it away.',
      )
      .argument('<source>', 'the application, as its source is called')
      .argument('<url>', 'https://shop.example.org/reset, or none'),
  ).action(
    context.run(async (source: string, url: string, options: { url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const { items } = await api.get<{ items: readonly SourceHealth[] }>('v1/sources')
      const found = items.find(({ id, name }) => id === source || name === source)
      if (found === undefined) throw usageError('no source goes by that name; the console lists them under Sources')
      const changed = await api.patch<SourceHealth>(`v1/sources/${encodeURIComponent(found.id)}`, { resetUrl: url === 'none' ? null : url })
      const page = changed.resetUrl ?? null
      await terminal.print(
        options.json === true
          ? toJsonLine(changed)
          : page === null
            ? `Mails to users of ${escapeText(changed.name)} link nowhere.`
            : `Mails to users of ${escapeText(changed.name)} link to ${escapeText(page)}.`,
      )
      return EXIT.ok
    }),
  )
}
