import { Router } from 'express'
import { documentRows } from './documents/rows.js'
import { frameworkRows } from './frameworks/rows.js'
import { homePage, landingPage } from './pages/index.js'
import type { StudioParts } from './parts.js'
import { away, createIds, type Doors, send, shellOf } from './web.js'

const YEAR_MS = 365 * 24 * 60 * 60_000

/** The first page, and what machines ask for. */
export const homeRouter = ({ settings, pool, guard, mfa, documents, frameworks }: StudioParts, { whoIs, anybody }: Doors): Router => {
  const router = Router()
  const ids = createIds(guard)
  const began = Date.now()

  router.get(
    '/',
    anybody(async (request, response) => {
      const who = await whoIs(request)
      if (who === undefined) return send(response, landingPage(shellOf(request)))
      const { person, shell } = who
      const required = await mfa.required(person.id)
      if (required.kind === 'degraded') throw away()
      const [latest, all, counts] = await Promise.all([
        documents.list(person.id, { q: '', frameworkId: '', status: '' }, 1, 5),
        frameworks.counted(person.id),
        documents.counts(person.id),
      ])
      const model = {
        documents: documentRows(ids, latest.documents),
        frameworks: frameworkRows(ids, all),
        counts,
        secondFactor: required.kind === 'required',
      }
      send(response, homePage(shell, model))
    }),
  )

  router.get(
    '/healthz',
    anybody(async (_request, response) => {
      const well = await pool.query('select 1').then(
        () => true,
        () => false,
      )
      response
        .status(well ? 200 : 503)
        .set('Cache-Control', 'no-store')
        .json({ status: well ? 'ok' : 'away' })
    }),
  )

  // RFC 9116
  router.get('/.well-known/security.txt', (_request, response) => {
    const expires = new Date(began + YEAR_MS / 2).toISOString()
    response
      .type('text/plain')
      .send(`Contact: ${settings.securityContact}\nExpires: ${expires}\nCanonical: ${settings.publicOrigin}/.well-known/security.txt\n`)
  })
  return router
}
