import { type EnforcerView, formatDuration, SECOND } from '@parapet/core'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, exitHelp } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatCount, formatTime, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'

const STATES: Readonly<Record<EnforcerView['state'], string>> = {
  in_step: 'in step',
  behind: 'behind',
  drift: 'drift',
  trouble: 'trouble',
  silent: 'silent',
}

const ago = (ms: number): string => `${formatDuration(Math.max(1, Math.round(ms / SECOND)) * SECOND)} ago`

/** `parapet enforcers`: what carries decisions out, and what each really holds. */
export const addEnforcers: AddCommand = (program, context) => {
  const { terminal } = context
  withServer(
    program
      .command('enforcers')
      .summary('what carries decisions out, and what each really holds')
      .description(
        'Lists guards, firewalls, web servers and feeds as each reported itself: how many decisions it should hold and does, how far it is ' +
          'behind, what it repaired and what it cannot do.',
      )
      .addHelpText(
        'after',
        `${examples([['parapet enforcers', 'is every block where it should be']])}\n\n${SERVER_HELP}\n\n${exitHelp('done, and all of them are in step', 'done, and one of them is not in step')}\n`,
      ),
  ).action(
    context.run(async (options: { url?: string; json?: boolean }) => {
      const api = await openApiClient(context, options)
      const { items } = await api.get<{ items: readonly EnforcerView[] }>('v1/enforcers')
      const code = items.every(({ state }) => state === 'in_step') ? EXIT.ok : EXIT.findings
      if (options.json === true) {
        for (const view of items) await terminal.print(toJsonLine(view))
        return code
      }
      if (items.length === 0) {
        await terminal.print(
          'No enforcer has reported yet. A guard does as soon as its application runs; an agent with nftables or nginx switched on.',
        )
        return EXIT.ok
      }
      const { dim, green, red, yellow } = terminal.colors
      const colorOf = (state: EnforcerView['state'] | undefined): ((text: string) => string) =>
        state === 'in_step' ? green : state === 'behind' ? yellow : red
      const columns = [
        { title: 'enforcer', shrinkTo: 12 },
        { title: 'of', shrinkTo: 8 },
        { title: 'mode' },
        { title: 'holds', align: 'right' as const },
        { title: 'state', style: (cell: string, row: number): string => colorOf(items[row]?.state)(cell) },
        { title: 'takes', align: 'right' as const },
        { title: 'reported' },
      ]
      const rows = items.map((view) => [
        `${view.kind} ${view.instance}`,
        view.source.name,
        view.mode,
        view.held === null ? formatCount(view.wanted) : `${formatCount(view.held)} of ${formatCount(view.wanted)}`,
        view.behind > 0 && view.state !== 'silent' ? `${STATES[view.state]} (-${formatCount(view.behind)})` : STATES[view.state],
        view.latencyMs === null ? '-' : `${Math.round(view.latencyMs.p50)} ms`,
        ago(context.now() - view.receivedAt),
      ])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      for (const view of items) {
        const name = `${escapeText(view.kind)} ${escapeText(view.instance)}`
        if (view.trouble !== null) await terminal.print(`\n${red(name)}: ${escapeText(view.trouble)}`)
        const [repair] = view.repairs
        if (repair !== undefined) await terminal.print(dim(`\n${name} put right, ${formatTime(repair.at)} UTC: ${escapeText(repair.what)}`))
        if (view.refused.length > 0)
          await terminal.print(
            `\n${name} does not carry out ${plural(view.refused.length, 'decision')}, such as ${escapeText(view.refused[0]?.id ?? '')}: ${escapeText(view.refused[0]?.reason ?? '')}`,
          )
      }
      return code
    }),
  )
}
