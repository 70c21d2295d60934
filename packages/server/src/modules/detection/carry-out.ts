import { type Alert, type Decision, HOUR, type ResponseIntents } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { NewNotification } from '../notifications/index.js'
import type { IntentPorts } from './types.js'

/** The answer to one alert as it was written. `demo`: it is of the demo alone, and nobody is called for that. */
export type Answer = { readonly alert: Alert; readonly demo: boolean; readonly written: readonly Decision[]; readonly now: number }

/** That the budget is spent is told for itself; everything else once for its alert, which is then not told of a second time. */
const notificationOf = (
  { kind, title, text, audience }: NonNullable<ResponseIntents['notify']>,
  alert: Alert,
  incidentId: string | null,
  now: number,
): NewNotification =>
  kind === 'budget'
    ? { kind, level: 'high', title, text, href: '/decisions', audience, key: `budget:${Math.floor(now / HOUR)}` }
    : {
        kind,
        level: kind === 'breach' ? 'critical' : alert.rule.level,
        title,
        text,
        href: incidentId === null ? `/alerts/${alert.id}` : `/incidents/${incidentId}`,
        audience,
        alertId: alert.id,
        key: `response:${alert.id}:${kind}`,
      }

/**
 * Does what an answer asks for beside decisions, in the transaction that writes the alert: the incident opens or is joined, the lockdown
 * begins, people are told. An alert that goes on tells nobody twice. Answers the decision of a lockdown that has begun.
 */
export const carryOut = async (
  client: PoolClient,
  ports: IntentPorts,
  intents: ResponseIntents,
  { alert, demo, written, now }: Answer,
): Promise<Decision | undefined> => {
  const { incident, lockdown, notify } = intents
  const incidentId =
    incident === undefined
      ? null
      : await ports.incidents.openIn(client, {
          ...incident,
          alertIds: [alert.id],
          decisionIds: written.map(({ id }) => id),
          by: null,
          at: now,
          lockdownOffered: lockdown === 'offer',
        })
  const [author] = written.flatMap((decision) => (decision.author.kind === 'policy' ? [decision.author] : []))
  const policy = { id: author?.id ?? alert.rule.id, name: author?.name ?? alert.rule.title }
  const begun =
    lockdown === undefined || lockdown === 'offer'
      ? undefined
      : await ports.lockdowns.startIn(client, { ...lockdown, reason: alert.rule.title, policy, incidentId, alertId: alert.id, at: now })
  if (notify === undefined || demo) return begun
  const ref = await ports.notifications.enqueueIn(client, notificationOf(notify, alert, incidentId, now))
  const whom = notify.audience === 'administrators' ? 'Administrators' : 'The security team'
  if (incidentId !== null)
    await ports.incidents.appendIn(client, incidentId, {
      kind: 'notification',
      text: `${whom} will be told: ${notify.title}`,
      ref,
      by: null,
      at: now,
    })
  return begun
}
