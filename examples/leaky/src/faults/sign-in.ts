import type { StudioParts } from '@parapet/example-studio'
import express, { type Express } from 'express'
import type { Fault } from '../fault.js'
import { ahead, later } from '../mount.js'
import { fieldOf, sendPage } from '../naive.js'
import { beforeBody, beforeHeaders } from '../tamper.js'

const form = express.urlencoded({ extended: false, limit: '16kb' })

/** Runs `run` for a form that names an account, with whether somebody has it. */
const aboutAccount = (
  app: Express,
  { people }: Pick<StudioParts, 'people'>,
  path: string,
  run: (exists: boolean, response: express.Response) => void | Promise<void>,
): void =>
  void app.post(
    path,
    form,
    later(async (request, response, next) => {
      const person = await people.byEmail(fieldOf(request, 'email').trim().toLowerCase())
      await run(person !== undefined, response)
      next()
    }),
  )

/** Signing in, signing up and asking for a new password. */
export const signInFaults: readonly Fault[] = [
  {
    name: 'slow-guessing',
    probe: 'slow-guessing',
    says: 'failures count for an address only, and addresses are cheap',
    at: ['sign-in'],
    guard: (options) => ({ ...options, login: { ...options.login, failures: 100, addressFailures: 5 } }),
  },
  {
    name: 'fast-guessing',
    probe: 'fast-guessing',
    says: 'nobody counts wrong passwords',
    at: ['sign-in'],
    takes: ['slow-guessing'],
    guard: (options) => ({ ...options, login: { ...options.login, failures: 100, addressFailures: 1_000, addressSubjects: 1_000 } }),
  },
  {
    name: 'victim-lockout',
    probe: 'victim-lockout',
    says: 'a lock holds for everybody: the browsers that a person has used before are not known',
    at: ['sign-in'],
    apart: 'where wrong passwords lock an account, nobody can guess at it from many addresses: slow-guessing would not be there',
    before: (app) =>
      ahead(app, ['/sign-in'], (request) => {
        const kept = (request.headers.cookie ?? '').split('; ').filter((pair) => !/^(?:__Host-)?device=/.test(pair))
        request.headers.cookie = kept.join('; ')
      }),
  },
  {
    name: 'enumeration-status',
    probe: 'enumeration-status',
    says: 'sign-in answers 404 for an address that nobody has',
    at: ['sign-in'],
    before: (app, parts) =>
      aboutAccount(app, parts, '/sign-in', (exists, response) => {
        if (!exists)
          beforeHeaders(response, () => {
            if (response.statusCode >= 400) response.statusCode = 404
          })
      }),
  },
  {
    name: 'enumeration-body',
    probe: 'enumeration-body',
    says: 'sign-in says that nobody has an account with this address',
    at: ['sign-in'],
    before: (app, parts) =>
      aboutAccount(app, parts, '/sign-in', (exists, response) => {
        if (!exists) beforeBody(response, 'html', (text) => text.replace('</main>', '<p>There is no account with this address.</p></main>'))
      }),
  },
  {
    name: 'enumeration-timing',
    probe: 'enumeration-timing',
    says: 'sign-in writes down a visit before it answers, where there is an account to write it to',
    at: ['sign-in'],
    before: (app, parts) =>
      aboutAccount(app, parts, '/sign-in', async (exists) => {
        // a slow table of visits
        if (exists) await parts.pool.query('select pg_sleep(0.1)')
      }),
  },
  {
    name: 'enumeration-reset',
    probe: 'enumeration-reset',
    says: 'asking for a new password says whether the address has an account',
    at: ['reset'],
    before: (app, parts) =>
      aboutAccount(app, parts, '/reset', (exists, response) => {
        if (!exists) beforeBody(response, 'html', (text) => text.replace('</main>', '<p>We do not know this address.</p></main>'))
      }),
  },
  {
    name: 'reset-flood',
    probe: 'reset-flood',
    says: 'anybody may ask for as many mails to somebody else as he likes',
    at: ['reset'],
    guard: (options) => ({ ...options, sensitiveRoutes: (options.sensitiveRoutes ?? []).filter((route) => !route.includes('/reset')) }),
  },
  {
    name: 'weak-password',
    probe: 'weak-password',
    says: 'a password of four characters is long enough, whichever they are',
    at: ['sign-up'],
    before: (app, { guard, people, passwords }) =>
      void app.post(
        '/sign-up',
        form,
        later(async (request, response) => {
          const [name, email, password] = [
            fieldOf(request, 'name'),
            fieldOf(request, 'email').trim().toLowerCase(),
            fieldOf(request, 'password'),
          ]
          if (password.length < 4) return sendPage(guard, response, 400, 'Sign up', '<p role="alert">The password is too short.</p>')
          await people.addSignUp({ name, email, passwordHash: await passwords.hash(password) })
          return sendPage(guard, response, 200, 'Sign up', '<p>We have sent you a mail.</p>')
        }),
      ),
  },
  {
    name: 'default-password',
    probe: 'default-password',
    says: 'the account of the demonstration is still there, with its password',
    at: ['sign-in as demo'],
    before: (app, { people, passwords }) => {
      const email = 'demo@studio.example'
      let made: Promise<unknown> | undefined
      const make = async (): Promise<void> => {
        if ((await people.byEmail(email)) === undefined)
          await people.add({ name: 'Demo', email, passwordHash: await passwords.hash('demo') })
      }
      app.post(
        '/sign-in',
        later(async (_request, _response, next) => {
          made ??= make()
          await made
          next()
        }),
      )
    },
  },
]
