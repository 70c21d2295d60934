import { createHmac, timingSafeEqual } from 'node:crypto'
import type { StudioParts } from '@parapet/example-studio'
import type { Express } from 'express'
import type { Fault } from '../fault.js'
import { later } from '../mount.js'
import { sessionOf } from '../naive.js'
import { beforeBody } from '../tamper.js'

type Weakness = 'tampered' | 'expired' | 'shared'

const SECRET = 'a secret that stands in the code'
/** Short, so that nobody has to wait for the end of a link. */
const LIFE_SECONDS = 8

const mounted = new WeakMap<Express, Set<Weakness>>()

const macOf = (text: string): string => createHmac('sha256', SECRET).update(text).digest('hex')

const isEqual = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** Hand-made signed links, `?expires=...&sig=...`, with all weaknesses that are switched on. */
const handMadeLinks = (app: Express, { guard, db, attachments }: StudioParts, weakness: Weakness): void => {
  const held = mounted.get(app)
  const weak = held ?? new Set<Weakness>()
  weak.add(weakness)
  if (held !== undefined) return
  mounted.set(app, weak)
  const signed = (path: string, expires: string): string => macOf(weak.has('tampered') ? path : `${path} ${expires}`)

  app.use('/documents', (_request, response, next) => {
    beforeBody(response, 'html', (html) =>
      html.replaceAll(/(\/attachments\/\w+)\?signature=[^"&]+/g, (_, path: string) => {
        const expires = String(Math.floor(Date.now() / 1_000) + LIFE_SECONDS)
        return `${path}?expires=${expires}&amp;sig=${signed(path, expires)}`
      }),
    )
    next()
  })

  app.get(
    '/attachments/:id',
    later(async (request, response, next) => {
      const { expires, sig } = request.query
      const id = guard.id.decode('file', request.params['id'])
      if (id.kind !== 'known' || typeof expires !== 'string' || typeof sig !== 'string') return next()
      if (!isEqual(sig, signed(request.path, expires))) return next()
      if (!weak.has('expired') && !(Date.now() < Number(expires) * 1_000)) return next()
      const session = await sessionOf(guard, request)
      const mine = session === undefined ? undefined : await attachments.byId(session.subject, String(id.id))
      if (mine === undefined && !weak.has('shared')) return next()
      const file =
        mine ?? (await db.selectFrom('attachments').select(['name', 'type', 'content']).where('id', '=', String(id.id)).executeTakeFirst())
      if (file === undefined) return next()
      for (const [name, value] of guard.headers.plain) response.setHeader(name, value)
      response.removeHeader('X-Powered-By')
      response.set('Cache-Control', 'no-store').attachment(file.name).type(file.type).send(file.content)
    }),
  )
}

/** Signed links. */
export const linkFaults: readonly Fault[] = [
  {
    name: 'link-tampered',
    probe: 'link-tampered',
    says: 'the signature of a link is over its path alone, and the time in it can be changed',
    at: ['signed link attachment'],
    before: (app, parts) => handMadeLinks(app, parts, 'tampered'),
  },
  {
    name: 'link-expired',
    probe: 'link-expired',
    says: 'the time in a link is signed, and not looked at',
    at: ['signed link attachment'],
    before: (app, parts) => handMadeLinks(app, parts, 'expired'),
  },
  {
    name: 'link-shared',
    probe: 'link-shared',
    says: 'a link opens for whoever has it, signed in or not',
    at: ['signed link attachment'],
    before: (app, parts) => handMadeLinks(app, parts, 'shared'),
  },
]
