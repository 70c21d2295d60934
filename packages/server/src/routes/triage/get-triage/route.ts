import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { triageDetailSchema } from '../../../http/detection-schemas.js'
import { line } from '../../../http/query-schemas.js'
import { tellingValues } from '../../../modules/triage/index.js'

/** Alerts of a group that are shown, events that are counted, events that are shown, and values of a field. */
const ALERTS = 50
const COUNTED = 1_000
const SHOWN = 200
const VALUES = 10

/** One group with everything that helps to judge it. */
export const getTriage = defineRoute({
  id: 'getTriage',
  method: 'GET',
  url: '/v1/triage/:key',
  tag: 'triage',
  summary: 'Read a group of alerts',
  description:
    'Its newest alerts and events, the most frequent values of the fields that tell most, what was done with it, and what its rule leaves out of account.',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  params: z.object({ key: line(128) }),
  answer: { status: 200, description: 'The group', schema: triageDetailSchema },
  handler: async ({ params, principal, services }) => {
    const group = await services.triage.get(params.key)
    if (group === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const ids = await services.triage.alertIds(group.key, ALERTS)
    const [alerts, notes, exceptions, places] = await Promise.all([
      services.alerts.byIds(ids),
      services.triage.notes(group.key),
      services.exceptions.list({ ruleId: group.rule.id }),
      services.triage.eventPlaces(ids, COUNTED),
    ])
    const events = await services.events.at(places)
    const shown = services.namesFor(principal)
    const { inWords, description, falsePositives } = services.rules.describe(group.rule.id)
    return {
      group: shown.group(group),
      alerts: alerts.map(shown.alert),
      events: events.slice(0, SHOWN).map(shown.event),
      topValues: tellingValues(
        events.map(({ event }) => event),
        VALUES,
      ).map(shown.topValues),
      notes: notes.map(shown.note),
      exceptions: exceptions.map(shown.exception),
      rule: { inWords, description, falsePositives: [...falsePositives] },
    }
  },
})
