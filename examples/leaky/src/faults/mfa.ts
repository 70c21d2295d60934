import { setTimeout as sleep } from 'node:timers/promises'
import { memoryStore, type SessionStart } from '@parapet/guard'
import { createMfa, type FactorRecord, type FactorStore } from '@parapet/guard/mfa'
import type { StudioParts } from '@parapet/example-studio'
import express, { type Express } from 'express'
import type { Fault } from '../fault.js'
import { later } from '../mount.js'
import { fieldOf, leadTo, sendPage, sessionOf } from '../naive.js'

type Weakness = 'guessing' | 'replay' | 'race'

/** Factors whose last used step nobody remembers. */
const forgetful = (factors: FactorStore): FactorStore => ({
  ...factors,
  read: async (subject) => {
    const stored = await factors.read(subject)
    if (stored === undefined) return undefined
    const record: FactorRecord = { ...stored.record, totp: stored.record.totp.map((app) => ({ ...app, lastStep: 0 })) }
    return { ...stored, record }
  },
})

const mounted = new WeakMap<Express, Set<Weakness>>()

/** One hand-made second step for all weaknesses that are switched on. */
const secondStep = (app: Express, { guard, factors }: StudioParts, weakness: Weakness): void => {
  const held = mounted.get(app)
  const weak = held ?? new Set<Weakness>()
  weak.add(weakness)
  if (held !== undefined) return
  mounted.set(app, weak)
  const memory = memoryStore()
  const used = new Set<string>()

  app.post(
    '/sign-in/code',
    express.urlencoded({ extended: false, limit: '16kb' }),
    later(async (request, response) => {
      const forgets = weak.has('replay') || weak.has('race')
      const mfa = createMfa({
        store: weak.has('guessing') ? memoryStore() : memory,
        keyring: guard.parts.keyring,
        cookie: guard.parts.cookie,
        issuer: 'Studio',
        factors: forgets ? forgetful(factors) : factors,
      })
      const wrong = (): void => sendPage(guard, response, 401, 'Code', '<p role="alert">This code is wrong.</p>')
      const pending = mfa.pending(request)
      if (pending.kind === 'none') return leadTo(guard, response, '/sign-in')
      const code = fieldOf(request, 'code')
      // looked up here, noted down below: whoever comes in between has not been seen
      const mark = `${pending.subject} ${code}`
      if (used.has(mark) && !weak.has('replay')) return wrong()
      const verdict = await mfa.verify(pending.subject, { code }, request)
      if (verdict.kind !== 'ok') return wrong()
      if (weak.has('race')) await sleep(50)
      used.add(mark)
      const started = await guard.sessions.start(pending.subject, {}, request, { factors: [pending.method, verdict.factor.kind] })
      if (started.kind !== 'started') return wrong()
      return leadTo(guard, response, '/', [started.cookie, ...verdict.cookies])
    }),
  )
}

/** Second factors. */
export const mfaFaults: readonly Fault[] = [
  {
    name: 'code-guessing',
    probe: 'code-guessing',
    says: 'nobody counts wrong codes',
    at: ['second step'],
    before: (app, parts) => secondStep(app, parts, 'guessing'),
  },
  {
    name: 'code-replay',
    probe: 'code-replay',
    says: 'a code is right for as long as its time lasts, however often it was used',
    at: ['second step'],
    takes: ['code-race'],
    before: (app, parts) => secondStep(app, parts, 'replay'),
  },
  {
    name: 'code-race',
    probe: 'code-race',
    says: 'whether a code was used is looked up first and noted down later',
    at: ['second step'],
    before: (app, parts) => secondStep(app, parts, 'race'),
  },
  {
    name: 'factor-bypass',
    probe: 'factor-bypass',
    says: '/documents takes whoever has shown a password for signed in, and does not wait for the code',
    at: ['/documents'],
    before: (app, { guard, mfa }) => {
      const half = new Map<string, Promise<SessionStart>>()
      app.get(
        '/documents',
        later(async (request, _response, next) => {
          const pending = mfa.pending(request)
          if (pending.kind === 'pending' && (await sessionOf(guard, request)) === undefined) {
            const key = `${pending.subject} ${pending.expiresAt}`
            const begun = half.get(key) ?? guard.sessions.start(pending.subject, {}, request, { factors: ['password'] })
            half.set(key, begun)
            const started = await begun
            if (started.kind === 'started') request.headers.cookie = started.cookie.split(';', 1)[0]
          }
          return next()
        }),
      )
    },
  },
  {
    name: 'step-up-missing',
    probe: 'step-up-missing',
    says: 'roles are given by whoever has the session of an administrator, however old his sign-in is',
    at: ['POST /admin/people/:person/role'],
    before: (app, { guard, people }) =>
      void app.post(
        '/admin/people/:id/role',
        express.urlencoded({ extended: false, limit: '16kb' }),
        later(async (request, response, next) => {
          const session = await sessionOf(guard, request)
          const admin = session === undefined ? undefined : await people.byId(session.subject)
          const id = guard.id.decode('person', request.params['id'])
          const role = fieldOf(request, 'role')
          if (admin?.role !== 'admin' || id.kind !== 'known' || (role !== 'member' && role !== 'admin')) return next()
          await people.update(String(id.id), { role })
          return leadTo(guard, response, '/admin/people')
        }),
      ),
  },
]
