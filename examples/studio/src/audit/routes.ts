import { Router } from 'express'
import { auditPage } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, type Doors, field, send } from '../web.js'
import { createAuditRows } from './rows.js'

const ACTIONS = ['create', 'view', 'edit', 'delete'] as const
const OUTCOMES = ['success', 'failure', 'refused'] as const

/** Who saw what, for administrators. */
export const auditRouter = (parts: StudioParts, { admin }: Doors): Router => {
  const { guard, accesses, people } = parts
  const router = Router()
  const ids = createIds(guard)
  const rows = createAuditRows(parts)

  router.get(
    '/admin/audit',
    admin(async (request, response, { shell }) => {
      const [actor, action, outcome] = ['actor', 'action', 'outcome'].map((name) => field(request.query, name))
      const filter = {
        actor: actor ?? '',
        action: ACTIONS.find((one) => one === action) ?? ('' as const),
        outcome: OUTCOMES.find((one) => one === outcome) ?? ('' as const),
      }
      const page = Math.min(10_000, Math.max(1, Math.trunc(Number(field(request.query, 'page'))) || 1))
      const found = await accesses.list({ ...filter, personId: ids.read('person', filter.actor) }, page)
      const actors = (await people.list()).map(({ id, name }) => ({ id: ids.of('person', id), name }))
      send(response, auditPage(shell, { entries: await rows(found.entries), filter, actors, page, more: found.more }))
    }),
  )
  return router
}
