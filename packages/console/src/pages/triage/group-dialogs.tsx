import type { TriageGroup } from '@parapet/core'

import { CloseDialog } from './close-dialog.js'
import { FalsePositiveDialog } from './false-positive-dialog.js'
import { SnoozeDialog } from './snooze-dialog.js'

/** What is asked about which groups; `cell` is where an exception begins. */
export type Asking = {
  readonly about: 'snooze' | 'close' | 'false-positive'
  readonly groups: readonly TriageGroup[]
  readonly cell?: { readonly field: string; readonly value: string }
}

/** The dialog that stands open, if one does. An exception is made for one rule: for several groups at once there is only the verdict. */
export const GroupDialogs = ({ asking, onClose }: { readonly asking: Asking | undefined; readonly onClose: () => void }) => {
  const [first] = asking?.groups ?? []
  if (asking === undefined || first === undefined) return null
  if (asking.about === 'snooze') return <SnoozeDialog groups={asking.groups} onClose={onClose} />
  if (asking.about === 'close') return <CloseDialog groups={asking.groups} onClose={onClose} />
  if (asking.groups.length > 1) return <CloseDialog groups={asking.groups} first="false_positive" onClose={onClose} />
  return <FalsePositiveDialog group={first} {...(asking.cell === undefined ? {} : { cell: asking.cell })} onClose={onClose} />
}
