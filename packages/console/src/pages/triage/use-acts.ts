import type { TriageAct, TriageDetail, TriageGroup } from '@parapet/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'

import { detect } from '../../app/detect-api.js'
import { keepRowFocus } from '../../app/row-focus.js'
import { toasts } from '../../components/toasts.js'
import { VERDICT_WORD } from '../../components/triage-status.js'
import { flattenHostile } from '../../lib/hostile.js'
import type { Pages } from '../../lib/live-lists.js'
import { asApiError } from '../../lib/problem.js'
import type { TriageFilters } from '../../lib/triage.js'
import { actsBack, belongsToTriageTab, bundleActs } from '../../lib/triage.js'

const DONE: Readonly<Record<TriageAct['act'], string>> = {
  acknowledge: 'In work',
  reopen: 'Open again',
  assign: 'Assigned',
  snooze: 'Snoozed until worse',
  close: 'Closed',
  note: 'Noted',
}

const doneInWords = (act: TriageAct): string =>
  act.act === 'close'
    ? `Closed as ${VERDICT_WORD[act.verdict]}`
    : act.act === 'assign' && act.operatorId === null
      ? 'No longer assigned'
      : DONE[act.act]

/** The message of the last act: only the last one can be undone, and messages must not pile up over the list. */
let told: string | undefined
const tell = (message: Parameters<typeof toasts.add>[0]): string => {
  if (told !== undefined) toasts.close(told)
  told = toasts.add(message)
  return told
}

type Asked = { readonly groups: readonly TriageGroup[]; readonly act: TriageAct }

/** Does something with groups, changes the lists where they stand, and offers the way back. */
export const useActs = (): {
  readonly act: (groups: readonly TriageGroup[], act: TriageAct) => Promise<unknown>
  readonly busy: boolean
} => {
  const client = useQueryClient()
  const take = (changed: readonly TriageGroup[]): void => {
    const byKey = new Map(changed.map((group) => [group.key, group]))
    keepRowFocus([...byKey.keys()])
    for (const [key, list] of client.getQueriesData<Pages<TriageGroup>>({ queryKey: ['triage'] })) {
      if (list === undefined) continue
      const { tab } = key[1] as TriageFilters
      const pages = list.pages.map((page) => ({
        ...page,
        items: page.items.map((group) => byKey.get(group.key) ?? group).filter((group) => belongsToTriageTab(group, tab)),
      }))
      client.setQueryData(key, { ...list, pages })
    }
    for (const group of changed) {
      client.setQueryData<TriageDetail>(['triage-group', group.key], (detail) => (detail === undefined ? undefined : { ...detail, group }))
      void client.invalidateQueries({ queryKey: ['triage-group', group.key] })
    }
    void client.invalidateQueries({ queryKey: ['triage'] })
  }
  const back = async (before: readonly TriageGroup[], after: readonly TriageGroup[]): Promise<void> => {
    const now = new Map(after.map((group) => [group.key, group]))
    const list = before.flatMap((group) => {
      const changed = now.get(group.key)
      return changed === undefined ? [] : [{ key: group.key, acts: actsBack(group, changed, Date.now()) }]
    })
    const changed: TriageGroup[] = []
    for (const bundle of bundleActs(list)) changed.push(...(await detect.actOnAll(bundle.keys, bundle.act)))
    take(changed)
  }
  const mutation = useMutation({
    mutationFn: async ({ groups, act }: Asked): Promise<readonly TriageGroup[]> => {
      const [first] = groups
      if (groups.length === 1 && first !== undefined) return [await detect.act(first.key, act)]
      return detect.actOnAll(
        groups.map((group) => group.key),
        act,
      )
    },
    onSuccess: (after, { groups, act }) => {
      take(after)
      const [first] = groups
      const what = groups.length === 1 && first !== undefined ? flattenHostile(first.rule.title, 60) : `${after.length} groups`
      const id = tell({
        title: `${doneInWords(act)}: ${what}`,
        ...(act.act === 'note'
          ? {}
          : {
              actionProps: {
                children: 'Undo',
                onClick: () => {
                  toasts.close(id)
                  back(groups, after).then(
                    () => tell({ title: `As it was: ${what}` }),
                    (error: unknown) =>
                      toasts.add({ title: `Not undone: ${asApiError(error).message} (${asApiError(error).code})`, priority: 'high' }),
                  )
                },
              },
            }),
      })
    },
  })
  return { act: (groups, act) => mutation.mutateAsync({ groups, act }), busy: mutation.isPending }
}

/** Tells of an act that did not work, where no dialog stands open to say it. */
export const tellFailure = (error: unknown): void => {
  const problem = asApiError(error)
  toasts.add({ title: `Not done: ${problem.message}. ${problem.fix} (${problem.code})`, priority: 'high', timeout: 20_000 })
}
