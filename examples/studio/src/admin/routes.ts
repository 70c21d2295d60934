import { type Request, type Response, Router } from 'express'
import type { Person } from '../accounts/people.js'
import { createAuditRows } from '../audit/rows.js'
import { adminPage, peoplePage } from '../pages/index.js'
import type { PersonRow } from '../pages/models.js'
import type { StudioParts } from '../parts.js'
import { away, createIds, type Doors, field, notFound, send, type SignedIn } from '../web.js'

/** One after the other: a page about everybody must not take all connections to the database at once. */
const inTurn = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

/** The admin area: a second factor to look, a fresh proof to change anything, and nobody changes himself. */
export const adminRouter = (parts: StudioParts, { admin, freshAdmin }: Doors): Router => {
  const { guard, mfa, people, frameworks, documents, accesses } = parts
  const router = Router()
  const ids = createIds(guard)
  const rows = createAuditRows(parts)

  const hasFactor = async (id: string): Promise<boolean> => {
    const required = await mfa.required(id)
    if (required.kind === 'degraded') throw away()
    return required.kind === 'required'
  }

  router.get(
    '/admin',
    admin(async (_request, response, { shell }) => {
      const everybody = await people.list()
      const factors = await inTurn(everybody, ({ id }) => hasFactor(id))
      const { entries } = await accesses.list({ personId: undefined, action: '', outcome: '' }, 1, 10)
      const model = {
        people: everybody.length,
        suspended: everybody.filter(({ suspended }) => suspended).length,
        withoutSecondFactor: factors.filter((has) => !has).length,
        documents: await documents.count(),
        accessesToday: await accesses.countSince(new Date(Date.now() - 24 * 60 * 60_000)),
        latest: await rows(entries),
      }
      send(response, adminPage(shell, model))
    }),
  )

  const personRow = async (person: Person, who: SignedIn): Promise<PersonRow> => {
    const [rights, sessions, secondFactor] = await Promise.all([
      people.rightsOf(person.id),
      guard.sessions.list(person.id),
      hasFactor(person.id),
    ])
    return {
      id: ids.of('person', person.id),
      name: person.name,
      email: person.email,
      role: person.role,
      suspended: person.suspended,
      secondFactor,
      seenAt: sessions[0]?.seenAt,
      rights: rights.map((id) => ids.of('framework', id)),
      self: person.id === who.person.id,
    }
  }

  const showPeople = async (response: Response, who: SignedIn, form?: string): Promise<void> => {
    const model = {
      people: await inTurn(await people.list(), (person) => personRow(person, who)),
      frameworks: (await frameworks.all()).map(({ id, name }) => ({ id: ids.of('framework', id), name })),
    }
    send(response, peoplePage(who.shell, form === undefined ? model : { ...model, errors: { form } }), form === undefined ? 200 : 400)
  }

  router.get(
    '/admin/people',
    admin((_request, response, who) => showPeople(response, who)),
  )

  /** an act on somebody else; what is done ends in the page of all people */
  const act = (path: string, work: (person: Person, request: Request, who: SignedIn) => Promise<string>): void => {
    router.post(
      `/admin/people/:id/${path}`,
      freshAdmin(async (request, response, who) => {
        const person = await people.byId(ids.need('person', request.params['id']))
        if (person === undefined) throw notFound()
        if (person.id === who.person.id) return showPeople(response, who, 'Ask another administrator to change your own account.')
        response.redirect(303, `/admin/people?done=${await work(person, request, who)}`)
      }),
    )
  }

  act('role', async (person, request) => {
    const role = field(request.body, 'role') === 'admin' ? 'admin' : 'member'
    if (role !== person.role) {
      await people.update(person.id, { role })
      // other rights begin with a new sign-in
      await guard.sessions.endAll(person.id)
    }
    return 'role-changed'
  })

  act('rights', async (person, request) => {
    const chosen: unknown = request.body?.framework
    const wanted = (Array.isArray(chosen) ? chosen : [chosen]).map((text) => ids.read('framework', text))
    const known = new Set((await frameworks.all()).map(({ id }) => id))
    await people.setRights(person.id, [...new Set(wanted.filter((id) => id !== undefined && known.has(id)))] as string[])
    return 'rights-changed'
  })

  act('suspend', async (person, request) => {
    const suspended = field(request.body, 'suspended') === 'yes'
    await people.update(person.id, { suspended })
    if (!suspended) return 'restored'
    await guard.sessions.endAll(person.id)
    guard.notices.tell({ kind: 'suspended', subject: person.id })
    return 'suspended'
  })

  act('reset', async (person) => {
    await people.requireReset(person.id)
    const removed = await mfa.reset(person.id)
    if (removed.kind === 'degraded') throw away()
    await guard.sessions.endAll(person.id)
    await guard.login.forgetDevices(person.id)
    guard.notices.tell({ kind: 'reset_requested', subject: person.id })
    return 'reset-sent'
  })
  return router
}
