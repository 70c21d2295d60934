import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import express from 'express'
import serveIndex from 'serve-index'
import type { Fault } from '../fault.js'
import { later } from '../mount.js'
import { cacheForAll, sessionOf } from '../naive.js'
import { beforeBody } from '../tamper.js'

const PUBLIC = fileURLToPath(new URL('../../../studio/public/', import.meta.url))

let littered: string | undefined

/** A folder as a hurried deployment leaves one; made once, and gone when the process ends. */
const litteredFolder = (): string => {
  if (littered !== undefined) return littered
  const folder = mkdtempSync(join(tmpdir(), 'leaky-'))
  littered = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'uploads'))
  writeFileSync(join(folder, '.env'), 'NODE_ENV=production\nSTUDIO_SECRET=not-the-real-one-0123456789abcdef\n')
  for (const name of ['contract-2025.pdf', 'payroll.csv', 'backup-of-friday.zip']) writeFileSync(join(folder, 'uploads', name), name)
  return folder
}

/** Things that are served to who may not have them. */
export const accessFaults: readonly Fault[] = [
  {
    name: 'anonymous-access',
    probe: 'anonymous-access',
    says: 'a cache in front shows /frameworks to everybody as somebody signed in saw it',
    at: ['/frameworks'],
    before: (app, { guard }) => cacheForAll(app, guard, ['/frameworks'], (request) => !(request.headers.cookie ?? '').includes('session=')),
  },
  {
    name: 'sequential-ids',
    probe: 'sequential-ids',
    says: 'the API numbers its documents from one',
    at: ['/api/documents/'],
    before: (app) => {
      const ids: string[] = []
      const numberOf = (id: string): number => (ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1) + 1
      app.use('/api/documents', (request, response, next) => {
        request.url = request.url.replace(/^\/(\d+)(?=$|[/?])/, (whole, number: string) => {
          const id = ids[Number(number) - 1]
          return id === undefined ? whole : `/${id}`
        })
        beforeBody(response, 'json', (text) => text.replaceAll(/doc_[\w-]{16,}/g, (id) => String(numberOf(id))))
        next()
      })
    },
  },
  {
    name: 'cross-user-object',
    probe: 'cross-user-object',
    says: 'the API looks a document up by its id alone, and does not ask whose it is',
    at: ['/api/documents/'],
    before: (app, { guard, db }) =>
      void app.get(
        '/api/documents/:id',
        later(async (request, response, next) => {
          const session = await sessionOf(guard, request)
          const id = guard.id.decode('doc', request.params['id'])
          if (session === undefined || id.kind !== 'known') return next()
          const document = await db
            .selectFrom('documents')
            .select(['title', 'body', 'status'])
            .where('id', '=', String(id.id))
            .executeTakeFirst()
          if (document === undefined) return next()
          const comments = await db.selectFrom('comments').select(['body as text']).where('document_id', '=', String(id.id)).execute()
          for (const [name, value] of guard.headers.plain) response.setHeader(name, value)
          response.removeHeader('X-Powered-By')
          response.set('Cache-Control', 'no-store').json({ id: request.params['id'], ...document, comments })
        }),
      ),
  },
  {
    name: 'admin-access',
    probe: 'admin-access',
    says: 'a cache in front shows /admin/people to everybody as an administrator saw it',
    at: ['/admin/people'],
    before: (app, { guard }) => cacheForAll(app, guard, ['/admin/people'], () => true),
  },
  {
    name: 'directory-listing',
    probe: 'directory-listing',
    says: '/uploads/ lists its files',
    at: ['/uploads/'],
    before: (app) => void app.use('/uploads', serveIndex(join(litteredFolder(), 'uploads'))),
  },
  {
    name: 'dotfiles',
    probe: 'dotfiles',
    says: 'the folder that is served holds the settings as well',
    at: ['/.env'],
    before: (app) => void app.use(express.static(litteredFolder(), { dotfiles: 'allow', index: false, redirect: false })),
  },
  {
    name: 'path-traversal',
    probe: 'path-traversal',
    says: 'the path of a file is joined to the folder as it comes',
    at: ['/assets/'],
    before: (app) =>
      void app.use(
        '/assets',
        later(async (request, response, next) => {
          let path: string
          try {
            path = decodeURIComponent(request.path)
          } catch {
            return next()
          }
          // honest paths go on, so that their headers stay those of the studio
          if (!path.includes('../')) return next()
          const content = await readFile(join(PUBLIC, path)).catch(() => undefined)
          if (content === undefined) return next()
          response.type(extname(path) || 'txt').send(content)
        }),
      ),
  },
]
