import type { Router } from 'express'
import { linkFailedPage, mailSentPage, signUpPage, verifyPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { type Doors, field, secretField, send, shellOf } from '../web.js'
import { isEmail, isName } from './checks.js'

/** Mails to one address in an hour, whoever asks for them from wherever. */
const MOST_MAILS = 3

/** Sign-up by mail: the answer and its time are the same whether the address has an account or not; only the mail differs. */
export const signUpRoutes = (
  router: Router,
  { settings, guard, passwords, people, links, mail, log }: StudioParts,
  { anybody }: Doors,
): void => {
  router.get('/sign-up', (request, response) => send(response, signUpPage(shellOf(request), {})))

  router.post(
    '/sign-up',
    anybody(async (request, response) => {
      const [email, name, password] = [field(request.body, 'email'), field(request.body, 'name'), secretField(request.body, 'password')]
      const verdict = await passwords.judge(password, { words: [email, name] })
      const errors = {
        ...(isEmail(email) ? {} : { email: WORDS.emailNeeded }),
        ...(isName(name) ? {} : { name: WORDS.nameNeeded }),
        ...(verdict.kind === 'accepted' ? {} : { password: verdict.message }),
      }
      if (Object.keys(errors).length > 0) return send(response, signUpPage(shellOf(request), { values: { email, name }, errors }), 400)
      const signUp = await people.addSignUp({ email, name, passwordHash: await passwords.hash(password) })
      send(response, mailSentPage(shellOf(request), { about: 'sign-up' }))
      // after the answer: what differs takes no time of it
      const tell = async (): Promise<void> => {
        if ((await people.signUpsLately(email)) > MOST_MAILS) return
        const known = (await people.byEmail(email)) !== undefined
        const link = `${settings.publicOrigin}/verify?token=${known ? '' : await links.make('sign-up', signUp)}`
        await mail({
          to: email,
          subject: known ? 'You have an account at Studio already' : 'Confirm your address for Studio',
          text: known
            ? `Somebody asked for an account at Studio with this address, which has one already.\n\nIf it was you, sign in or set a new password:\n${settings.publicOrigin}/reset\n`
            : `Welcome to Studio. Confirm that this address is yours (good for a day, once):\n${link}\n\nIf you did not ask for an account, do nothing.\n`,
        })
      }
      tell().catch((error: unknown) => log.error({ error }, 'the mail of a sign-up was not sent'))
    }),
  )

  router.get(
    '/verify',
    anybody(async (request, response) => {
      const token = field(request.query, 'token')
      if ((await links.look('sign-up', token)) === undefined) send(response, linkFailedPage(shellOf(request), { about: 'sign-up' }), 400)
      else send(response, verifyPage(shellOf(request), { token }))
    }),
  )

  router.post(
    '/verify',
    anybody(async (request, response) => {
      const [token, password] = [field(request.body, 'token'), secretField(request.body, 'password')]
      const failed = (): void => send(response, linkFailedPage(shellOf(request), { about: 'sign-up' }), 400)
      const id = await links.look('sign-up', token)
      const signUp = id === undefined ? undefined : await people.signUp(id)
      if (signUp === undefined) return failed()
      // who reads the mail must be who chose the password: else a stranger's sign-up becomes an account that the stranger knows the way into
      const verdict = await guard.login.attempt({ subject: signUp.id, method: 'password', request, credential: password }, () =>
        passwords.verify(signUp.passwordHash, password),
      )
      if (verdict.kind !== 'ok')
        return send(response, verifyPage(shellOf(request), { token, errors: { password: WORDS.currentWrong } }), 401)
      if ((await links.use('sign-up', token)) === undefined || (await people.byEmail(signUp.email)) !== undefined) return failed()
      await people.add({ name: signUp.name, email: signUp.email, passwordHash: signUp.passwordHash })
      await people.removeSignUp(signUp.id)
      response.redirect(303, '/sign-in?done=verified')
    }),
  )
}
