import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { subjectDetailSchema } from '../../../http/subject-schemas.js'

/** One user: sessions, decisions, alerts, events and addresses. */
export const getSubject = defineRoute({
  id: 'getSubject',
  method: 'GET',
  url: '/v1/subjects/:id',
  tag: 'subjects',
  summary: 'Show a user of a protected application',
  permission: 'subjects.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The user', schema: subjectDetailSchema },
  handler: async ({ params, principal, services }) => {
    const { decision, alert, event, subject } = services.namesFor(principal)
    const detail = await services.subjects.detail(params.id)
    return {
      ...detail,
      subject: subject(detail.subject),
      decisions: detail.decisions.map(decision),
      alerts: detail.alerts.map(alert),
      events: detail.events.map(event),
    }
  },
})
