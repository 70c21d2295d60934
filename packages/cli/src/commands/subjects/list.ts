import type { Page, SubjectView } from '@parapet/core'
import { type Command, Option } from 'commander'
import { openApiClient } from '../../api/open-api-client.js'
import { type CommandContext, readLimit, withServer } from '../../command.js'
import { EXIT } from '../../exit-codes.js'
import { toJsonLine } from '../../output/escape.js'
import { formatTime, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import { nameOf } from './find-subject.js'

const PAGE = 200
const COLUMNS = [
  { title: 'NAME', shrinkTo: 12 },
  { title: 'APPLICATION', shrinkTo: 8 },
  { title: 'ROLES', shrinkTo: 8 },
  { title: 'RISK', align: 'right' },
  { title: 'IN FORCE', shrinkTo: 10 },
  { title: 'SEEN (UTC)' },
] as const

type Options = { q?: string; role?: string; flag?: string; limit: number; url?: string; json?: boolean }

/** `parapet subjects list`. */
export const addSubjectsList = (subjects: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    subjects
      .command('list', { isDefault: true })
      .summary('users, with risk and what is in force on them')
      .description('Lists users of protected applications. Names are sealed: --q takes a whole name, mail address or id.')
      .option('--q <text>', 'who goes by this name, mail address or id')
      .option('--role <role>', 'who has this role')
      .addOption(new Option('--flag <flag>', 'on whom this is in force').choices(['suspend', 'require_reset', 'require_mfa', 'deny']))
      .addOption(new Option('--limit <n>', 'at most so many; 0 means all').argParser(readLimit).default(100)),
  ).action(
    context.run(async ({ q, role, flag, limit, ...options }: Options) => {
      const api = await openApiClient(context, options)
      const found: SubjectView[] = []
      let cursor: string | null | undefined
      while (cursor !== null && found.length < limit) {
        const page: Page<SubjectView> = await api.get('v1/subjects', {
          q,
          role,
          flag,
          limit: String(Math.min(PAGE, limit - found.length)),
          cursor: cursor ?? undefined,
        })
        found.push(...page.items)
        cursor = page.items.length === 0 ? null : page.next
      }
      if (options.json === true) {
        for (const subject of found) await terminal.print(toJsonLine(subject))
        return EXIT.ok
      }
      if (found.length === 0) {
        await terminal.print('Nobody is known. Applications tell of their users by events, or all at once with guard.subjects.import.')
        return EXIT.ok
      }
      const rows = found.map((subject) => [
        nameOf(subject),
        subject.source.name,
        subject.roles.join(' ') || '-',
        String(subject.risk),
        subject.flags.map(({ kind }) => kind).join(' ') || '-',
        subject.lastSeen === null ? 'never' : formatTime(subject.lastSeen),
      ])
      await terminal.print(formatTable(COLUMNS, rows, { width: terminal.width, styleTitle: terminal.colors.dim }))
      await terminal.print(
        `\n${plural(found.length, 'user')}${cursor === null || cursor === undefined ? '' : '; there are more, --limit shows them'}`,
      )
      return EXIT.ok
    }),
  )
}
