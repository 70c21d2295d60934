import type { OperatorView, ResetLink } from '@parapet/core'
import type { CommandContext } from '../../command.js'
import { toJsonLine } from '../../output/escape.js'
import { formatTime } from '../../output/format.js'

/** Prints a one-time link: a frame of words for people, one line for pipes, an object for programs. */
export const sayLink = async (
  { terminal }: Pick<CommandContext, 'terminal'>,
  about: {
    readonly operator: Pick<OperatorView, 'id' | 'name'>
    readonly said: string
    readonly link: ResetLink
    readonly json: boolean
    readonly ended?: Readonly<Record<string, number | boolean>>
  },
): Promise<void> => {
  const { operator, said, link, json, ended } = about
  const { bold, cyan, dim } = terminal.colors
  if (json)
    return terminal.print(
      toJsonLine({ operator: { id: operator.id, name: operator.name }, ...link, ...(ended === undefined ? {} : { ended }) }),
    )
  if (!terminal.interactive.out) return terminal.print(`reset  ${link.link}`)
  return terminal.print(
    `${said}\n\n${bold('One-time link for a new password')}, good until ${formatTime(link.expiresAt)} UTC:\n\n  ${cyan(link.link)}\n\n` +
      dim('Hand it over in person or by a call. A newer link ends this one.'),
  )
}
