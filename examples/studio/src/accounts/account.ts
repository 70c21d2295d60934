import type { Router } from 'express'
import { accountPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { away, type Doors, field, secretField, send } from '../web.js'
import { isName, isPhone } from './checks.js'
import { showSecurity } from './security.js'

/** The account: name and telephone number (sealed), and the password. */
export const accountRoutes = (router: Router, parts: StudioParts, { signedIn, fresh }: Doors): void => {
  const { guard, passwords, people, links } = parts

  router.get(
    '/account',
    signedIn((_request, response, { person, shell }) =>
      send(response, accountPage(shell, { email: person.email, values: { name: person.name, phone: person.phone ?? '' } })),
    ),
  )

  router.post(
    '/account',
    signedIn(async (request, response, { person, shell }) => {
      const values = { name: field(request.body, 'name'), phone: field(request.body, 'phone') }
      const errors = {
        ...(isName(values.name) ? {} : { name: WORDS.nameNeeded }),
        ...(isPhone(values.phone) ? {} : { phone: WORDS.phoneWrong }),
      }
      if (Object.keys(errors).length > 0) return send(response, accountPage(shell, { email: person.email, values, errors }), 400)
      await people.update(person.id, { name: values.name, phone: values.phone === '' ? null : values.phone })
      response.redirect(303, '/account?done=saved')
    }),
  )

  router.post(
    '/account/password',
    fresh(async (request, response, who) => {
      const { person, session } = who
      const [current, password] = [secretField(request.body, 'current'), secretField(request.body, 'password')]
      const verdict = await guard.login.attempt({ subject: person.id, method: 'password', request, credential: current }, () =>
        passwords.verify(person.passwordHash, current),
      )
      if (verdict.kind === 'degraded' || verdict.kind === 'limited') throw away()
      if (verdict.kind !== 'ok') return showSecurity(parts, response, who, { current: WORDS.currentWrong })
      const judged = await passwords.judge(password, { words: [person.email, person.name], previous: person.passwordHash })
      if (judged.kind !== 'accepted') return showSecurity(parts, response, who, { password: judged.message })
      await people.setPassword(person.id, await passwords.hash(password))
      await links.end('reset', person.id)
      // every session ends, this one too, which goes on under a new id
      await guard.passwordChanged(person.id, request)
      const started = await guard.sessions.start(person.id, {}, request, { factors: session.factors.map(({ factor }) => factor) })
      if (started.kind === 'degraded') throw away()
      response.append('Set-Cookie', started.cookie).redirect(303, '/account/security?done=password-changed')
    }),
  )
}
