import type { IncidentAct, IncidentStatus, IncidentView, Level } from '@parapet/core'
import { INCIDENT_STATUSES } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { account } from '../../app/account-api.js'
import { mayManage } from '../../app/api.js'
import { respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import type { Submit } from '../../components/submit.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import { flattenHostile } from '../../lib/hostile.js'
import { incidentName, STATUS_MEANS, STATUS_WORD } from '../../lib/incidents.js'
import { LEVEL_WORD } from '../../lib/levels.js'
import { asApiError } from '../../lib/problem.js'
import { SeverityChoice } from './severity-choice.js'

/** What is asked about an incident. */
export type Asking = 'status' | 'severity' | 'assign'

/** One act on an incident with the way back in a message. */
const useChange = (incident: IncidentView, act: IncidentAct, back: IncidentAct, done: string, onClose: () => void): Submit<unknown> =>
  useSubmit(() => respond.actOnIncident(incident.id, act), {
    refresh: [['incident', incident.id], ['incidents']],
    onDone: () => {
      const id = toasts.add({
        title: `${incidentName(incident)}: ${done}`,
        actionProps: {
          children: 'Undo',
          onClick: () => {
            toasts.close(id)
            respond.actOnIncident(incident.id, back).then(
              () => toasts.add({ title: `${incidentName(incident)}: as it was` }),
              (error: unknown) =>
                toasts.add({ title: `Not undone: ${asApiError(error).message} (${asApiError(error).code})`, priority: 'high' }),
            )
          },
        },
      })
      onClose()
    },
  })

type Props = { readonly incident: IncidentView; readonly onClose: () => void }

const StatusDialog = ({ incident, onClose }: Props) => {
  const [status, setStatus] = useState<IncidentStatus>(incident.status)
  const [text, setText] = useState('')
  const submit = useChange(
    incident,
    { act: 'status', status, ...(text.trim() === '' ? {} : { text: text.trim() }) },
    { act: 'status', status: incident.status },
    STATUS_WORD[status],
    onClose,
  )
  return (
    <Dialog open onClose={onClose} title="Change the status">
      <SubmitForm submit={submit} onCancel={onClose} words={['Change', 'Changing…']} ready={status !== incident.status}>
        <Choice
          legend="It is"
          value={status}
          onChange={setStatus}
          options={INCIDENT_STATUSES.map((key) => [key, STATUS_WORD[key], STATUS_MEANS[key]] as const)}
        />
        <TextField
          label={
            <>
              Note <span className="font-normal text-ink-3">may stay empty</span>
            </>
          }
          maxLength={1_000}
          placeholder="Why now"
          value={text}
          onChange={setText}
        />
      </SubmitForm>
    </Dialog>
  )
}

const SeverityDialog = ({ incident, onClose }: Props) => {
  const [severity, setSeverity] = useState<Level>(incident.severity)
  const submit = useChange(
    incident,
    { act: 'severity', severity },
    { act: 'severity', severity: incident.severity },
    LEVEL_WORD[severity],
    onClose,
  )
  return (
    <Dialog open onClose={onClose} title="Change the severity">
      <SubmitForm submit={submit} onCancel={onClose} words={['Change', 'Changing…']} ready={severity !== incident.severity}>
        <SeverityChoice value={severity} onChange={setSeverity} />
      </SubmitForm>
    </Dialog>
  )
}

const NOBODY = ''

const AssignDialog = ({ incident, onClose }: Props) => {
  const self = useOperator()
  const [chosen, setChosen] = useState(incident.assignee?.id ?? self.id)
  const known = useQuery({
    queryKey: ['operators'],
    queryFn: ({ signal }) => account.operators(signal),
    enabled: mayManage(self),
  })
  const { assignee } = incident
  const people = new Map<string, string>([
    [self.id, 'You'],
    ...(assignee === null || assignee.id === self.id ? [] : ([[assignee.id, assignee.name]] as const)),
    ...(known.data?.items ?? []).flatMap(({ id, name }): (readonly [string, string])[] => (id === self.id ? [] : [[id, name]])),
  ])
  const operatorId = chosen === NOBODY ? null : chosen
  const submit = useChange(
    incident,
    { act: 'assign', operatorId },
    { act: 'assign', operatorId: assignee?.id ?? null },
    operatorId === null ? 'nobody works on it' : `${flattenHostile(people.get(operatorId) ?? '', 40)} took it`,
    onClose,
  )
  return (
    <Dialog open onClose={onClose} title="Who works on it">
      <SubmitForm submit={submit} onCancel={onClose} words={['Assign', 'Assigning…']} ready={operatorId !== (assignee?.id ?? null)}>
        <Choice
          legend="It belongs to"
          value={chosen}
          onChange={setChosen}
          options={[
            ...[...people].map(([id, name]) => [id, flattenHostile(name, 60)] as const),
            [NOBODY, 'Nobody', 'until somebody takes it'],
          ]}
        />
      </SubmitForm>
    </Dialog>
  )
}

/** The dialog that stands open, if one does. */
export const ChangeDialogs = ({ asking, ...props }: Props & { readonly asking: Asking | undefined }) => {
  if (asking === 'status') return <StatusDialog {...props} />
  if (asking === 'severity') return <SeverityDialog {...props} />
  return asking === 'assign' ? <AssignDialog {...props} /> : null
}
