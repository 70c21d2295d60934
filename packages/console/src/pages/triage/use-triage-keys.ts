import type { TriageGroup } from '@parapet/core'
import { useMemo } from 'react'

import { mayTriage } from '../../app/api.js'
import { useOperator } from '../../app/session.js'
import { usePageCommands } from '../../app/shortcuts.js'
import { toasts } from '../../components/toasts.js'
import type { PageCommand } from '../../lib/keys.js'
import type { Asking } from './group-dialogs.js'
import { tellFailure, useActs } from './use-acts.js'

/** Everything that can be done with groups, by button and by key. */
export type TriageActs = Readonly<Record<Exclude<PageCommand, 'select' | 'note'>, () => void>>

/** The acts on `chosen()` groups. `more`: what else the page does at its keys. */
export const useTriageKeys = (
  chosen: () => readonly TriageGroup[],
  ask: (asking: Asking) => void,
  more: Readonly<Partial<Record<PageCommand, () => void>>>,
): { readonly acts: TriageActs; readonly may: boolean; readonly busy: boolean } => {
  const operator = useOperator()
  const may = mayTriage(operator)
  const { act, busy } = useActs()
  const acts = useMemo<TriageActs>(() => {
    const withGroups = (run: (groups: readonly TriageGroup[]) => void) => (): void => {
      const groups = chosen()
      if (!may) toasts.add({ title: 'Viewers read; an admin can do this' })
      else if (groups.length > 0) run(groups)
    }
    const all = (groups: readonly TriageGroup[], asked: Parameters<typeof act>[1]): void => {
      act(groups, asked).catch(tellFailure)
    }
    return {
      acknowledge: withGroups((groups) =>
        all(groups, { act: groups.every(({ status }) => status === 'open' || status === 'snoozed') ? 'acknowledge' : 'reopen' }),
      ),
      assign: withGroups((groups) =>
        all(groups, {
          act: 'assign',
          operatorId: groups.every(({ assignee }) => assignee?.id === operator.id) ? null : operator.id,
        }),
      ),
      snooze: withGroups((groups) => ask({ about: 'snooze', groups })),
      close: withGroups((groups) => ask({ about: 'close', groups })),
      'false-positive': withGroups((groups) => ask({ about: 'false-positive', groups })),
    }
  }, [act, ask, chosen, may, operator.id])
  const commands = useMemo(() => ({ ...acts, ...more }), [acts, more])
  usePageCommands(commands)
  return { acts, may, busy }
}
