import type { IncidentStatus, IncidentView } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import { CircleAlert, CircleCheck, CircleCheckBig, Shield } from 'lucide-react'

import { useOperator } from '../../app/session.js'
import { HostileText } from '../../components/hostile-text.js'
import { STATUS_WORD } from '../../lib/incidents.js'

const STATUS: Readonly<Record<IncidentStatus, readonly [Icon: LucideIcon, colour: string]>> = {
  open: [CircleAlert, 'font-semibold text-high'],
  contained: [Shield, 'font-medium text-accent'],
  resolved: [CircleCheck, 'text-ink-2'],
  closed: [CircleCheckBig, 'text-ink-3'],
}

/** Where an incident stands, as shape, word and colour. */
export const StatusMark = ({ status }: { readonly status: IncidentStatus }) => {
  const [Icon, colour] = STATUS[status]
  return (
    <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${colour}`}>
      <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
      {STATUS_WORD[status]}
    </span>
  )
}

/** Who works on an incident; an open one that is nobody's stands out. */
export const Assignee = ({ incident }: { readonly incident: IncidentView }) => {
  const { id } = useOperator()
  const { assignee } = incident
  if (assignee === null)
    return incident.status === 'open' ? <span className="font-medium text-high">Nobody</span> : <span className="text-ink-3">Nobody</span>
  return assignee.id === id ? <>You</> : <HostileText text={assignee.name} limit={40} expandable={false} />
}
