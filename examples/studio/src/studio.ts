import { fileURLToPath } from 'node:url'
import type { Guard, GuardOptions } from '@parapet/guard'
import { express as protect, expressErrors } from '@parapet/guard/express'
import { createPasswords } from '@parapet/guard/passwords'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Pool } from 'pg'
import { createPeople } from './accounts/people.js'
import { accountsRouter } from './accounts/routes.js'
import { adminRouter } from './admin/routes.js'
import { apiRouter } from './api/routes.js'
import { attachmentsRouter } from './attachments/routes.js'
import { createAttachments } from './attachments/store.js'
import { auditRouter } from './audit/routes.js'
import { createAccesses } from './audit/store.js'
import { commentsRouter } from './comments/routes.js'
import { createComments } from './comments/store.js'
import { openDatabase } from './db/database.js'
import { prepareDatabase } from './db/prepare.js'
import { documentsRouter } from './documents/routes.js'
import { createDocuments } from './documents/store.js'
import { frameworksRouter } from './frameworks/routes.js'
import { createFrameworks } from './frameworks/store.js'
import { createGuardParts, SITE } from './guard.js'
import { homeRouter } from './home.js'
import { createLog } from './log.js'
import { messagePage } from './pages/index.js'
import type { SendMail, StudioParts } from './parts.js'
import type { Settings } from './settings.js'
import { createDoors, notFound, send, shellOf } from './web.js'

/** What `createStudio` takes. */
export type StudioOptions = {
  readonly settings: Settings
  /** of a database of its own: `createStudio` brings it up to date */
  readonly pool: Pool
  readonly mail: SendMail
  /** seams for tests and for a deliberately weak variant; the studio itself never sets them */
  readonly guard?: (options: GuardOptions) => GuardOptions
  /** mounted ahead of the guard and everything else */
  readonly before?: (app: Express, parts: StudioParts) => void
}

/** The studio, ready to be listened with. `close` ends what it began, but not the pool. */
export type Studio = { readonly app: Express; readonly guard: Guard; readonly parts: StudioParts; readonly close: () => Promise<void> }

/** What Node's server is made with: slow heads and bodies end soon. */
export const SERVER_OPTIONS = { headersTimeout: 8_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 } as const

/** A page for browsers, a problem for programs; what happened is in the log, under the same reference. */
const errorPages =
  (guard: Guard): ErrorRequestHandler =>
  (error, request, response, next) => {
    if (response.headersSent || !guard.errors.prefersHtml(request)) return expressErrors(guard)(error, request, response, next)
    const id = guard.of(request)?.id
    const { status, problem, headers } = guard.errors.answer(error, { request, ...(id === undefined ? {} : { id }) })
    for (const [name, value] of headers) if (name.toLowerCase() === 'retry-after') response.set(name, value)
    const says = problem.detail ?? 'Go back and try again. If it happens again, tell us the reference.'
    send(
      response,
      messagePage(shellOf(request), { title: problem.title, says, reference: problem.instance.replace('urn:uuid:', '') }),
      status,
    )
  }

/** Puts the studio together: stores, the guard before everything, one router an area, one handler for what goes wrong. */
export const createStudio = async (options: StudioOptions): Promise<Studio> => {
  const { settings, pool, mail } = options
  const log = createLog(settings.logLevel)
  const production = settings.publicOrigin.startsWith('https:')
  const { keyset, store, factors } = await prepareDatabase(pool, settings.kek, production, (error) =>
    log.error({ error }, 'the keyset cannot be read'),
  )
  const db = openDatabase(pool, keyset)
  const passwords = createPasswords({ contextWords: [SITE] })
  const [people, accesses] = [createPeople(db, passwords), createAccesses(db)]
  const change = options.guard ?? ((given) => given)
  const guarding = createGuardParts({ settings, store, factors, people, accesses, mail, log, change })
  const { guard } = guarding
  // who they are and where a mail reaches them, so that the control plane can show and reset them; told again at every start
  const tellPeople = async (): Promise<unknown> =>
    guard.subjects.import((await people.list()).map(({ id, name, email, role }) => ({ id, name, email, roles: [role] })))
  if (settings.controlPlane !== undefined)
    tellPeople().catch((error: unknown) => log.warn({ error }, 'the control plane was not told of the people'))
  const parts: StudioParts = {
    ...guarding,
    settings, pool, db, factors, people, accesses, passwords, mail, log,
    frameworks: createFrameworks(db),
    documents: createDocuments(db),
    attachments: createAttachments(db),
    comments: createComments(db),
  } // prettier-ignore
  const doors = createDoors(parts)

  const app = express().disable('x-powered-by')
  options.before?.(app, parts)
  app.use(protect(guard)) // before static files and body parsers
  const assets = { index: false, redirect: false, maxAge: '1h' } as const
  app.use('/assets/webauthn', express.static(fileURLToPath(new URL('.', import.meta.resolve('@simplewebauthn/browser'))), assets))
  app.use('/assets', express.static(fileURLToPath(new URL('../public', import.meta.url)), assets))
  app.use(express.urlencoded({ extended: false, limit: '64kb' }), express.json({ limit: '64kb' }))

  app.use(homeRouter(parts, doors), accountsRouter(parts, doors), frameworksRouter(parts, doors), documentsRouter(parts, doors))
  app.use(commentsRouter(parts, doors), attachmentsRouter(parts, doors), auditRouter(parts, doors), adminRouter(parts, doors))
  app.use('/api', apiRouter(parts, doors))
  app.use(() => {
    throw notFound()
  })
  app.use(errorPages(guard)) // last

  return {
    app,
    guard,
    parts,
    close: async () => {
      await guard.close()
      keyset.close()
    },
  }
}
