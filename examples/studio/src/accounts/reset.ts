import type { Router } from 'express'
import { linkFailedPage, mailSentPage, resetNewPage, resetPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { type Doors, field, secretField, send, shellOf } from '../web.js'
import { isEmail } from './checks.js'

/** A new password by mail. It signs nobody in: who has a second factor still needs it. */
export const resetRoutes = (router: Router, { guard, passwords, people, links, log }: StudioParts, { anybody }: Doors): void => {
  router.get('/reset', (request, response) => send(response, resetPage(shellOf(request), {})))

  router.post('/reset', (request, response) => {
    const email = field(request.body, 'email')
    if (!isEmail(email)) return send(response, resetPage(shellOf(request), { email, errors: { email: WORDS.emailNeeded } }), 400)
    send(response, mailSentPage(shellOf(request), { about: 'reset' }))
    // after the answer, so that its time says nothing; the notice carries the link, and the guard bounds how many a stranger can cause
    const client = guard.of(request)?.client
    const tell = async (): Promise<void> => {
      const person = await people.byEmail(email)
      const from = { address: client?.kind === 'known' ? client.address : undefined, userAgent: request.get('user-agent') }
      if (person !== undefined) guard.notices.tell({ kind: 'reset_requested', subject: person.id, ...from })
    }
    tell().catch((error: unknown) => log.error({ error }, 'the mail of a reset was not sent'))
  })

  router.get(
    '/reset/new',
    anybody(async (request, response) => {
      const token = field(request.query, 'token')
      if ((await links.look('reset', token)) === undefined) send(response, linkFailedPage(shellOf(request), { about: 'reset' }), 400)
      else send(response, resetNewPage(shellOf(request), { token }))
    }),
  )

  router.post(
    '/reset/new',
    anybody(async (request, response) => {
      const [token, password] = [field(request.body, 'token'), secretField(request.body, 'password')]
      const failed = (): void => send(response, linkFailedPage(shellOf(request), { about: 'reset' }), 400)
      const id = await links.look('reset', token)
      const person = id === undefined ? undefined : await people.byId(id)
      if (person === undefined || person.suspended) return failed()
      const verdict = await passwords.judge(password, { words: [person.email, person.name], previous: person.passwordHash })
      if (verdict.kind !== 'accepted')
        return send(response, resetNewPage(shellOf(request), { token, errors: { password: verdict.message } }), 400)
      const hash = await passwords.hash(password)
      if ((await links.use('reset', token)) === undefined) return failed()
      await people.setPassword(person.id, hash)
      await links.end('reset', person.id)
      // ends his sessions and known devices, lifts locks and a required reset, and tells him
      await guard.passwordChanged(person.id, request)
      response.redirect(303, '/sign-in?done=password-set')
    }),
  )
}
