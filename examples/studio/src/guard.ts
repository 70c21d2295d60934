import { createGuard, type Guard, type GuardOptions } from '@parapet/guard'
import { createMfa, type Mfa, type PostgresFactors } from '@parapet/guard/mfa'
import { createPasskeys, type Passkeys } from '@parapet/guard/passkeys'
import type { PostgresStore } from '@parapet/guard/stores/postgres'
import { createMasker } from '@parapet/privacy'
import type { Logger } from 'pino'
import { createMailLinks, type MailLinks } from './accounts/mail-links.js'
import type { People } from './accounts/people.js'
import type { Accesses } from './audit/store.js'
import type { SendMail } from './parts.js'
import type { Settings } from './settings.js'

/** The name of the application in mails, authenticator apps and browsers. */
export const SITE = 'Studio'

/** The guard and what is built beside it. */
export type GuardAndParts = {
  readonly guard: Guard
  readonly mfa: Mfa
  readonly passkeys: Passkeys
  readonly links: MailLinks
}

/** What one can do while a proof is owed, and no more. */
const OPEN = ['/step-up', '/step-up/passkey/options', '/step-up/passkey/verify', '/sign-out', '/assets/']

/** Builds all protection of the studio in one place. `change` is a seam for tests. */
export const createGuardParts = (deps: {
  readonly settings: Settings
  readonly store: PostgresStore
  readonly factors: PostgresFactors
  readonly people: People
  readonly accesses: Accesses
  readonly mail: SendMail
  readonly log: Logger
  readonly change: (options: GuardOptions) => GuardOptions
}): GuardAndParts => {
  const { settings, store, factors, people, mail, log } = deps
  const links = createMailLinks(store)

  const guard = createGuard(
    deps.change({
      clientAddress: settings.clientAddress,
      publicOrigins: [settings.publicOrigin],
      secret: settings.secret,
      store,
      controlPlane: settings.controlPlane,
      // what is typed ends up in URLs and headers: events and logs leave without it
      masker: createMasker(),
      loginRoutes: ['/sign-in', '/sign-in/code', '/sign-in/passkey/verify', '/step-up', '/step-up/passkey/verify'],
      sensitiveRoutes: ['/sign-up', '/reset'],
      // one person has one budget, whichever name is typed and at both steps
      login: { canonicalSubject: people.subjectOf },
      stepUp: { page: '/step-up', mfaPage: '/step-up', open: OPEN },
      publicIds: { doc: 'uuid', file: 'uuid', framework: 'uuid', person: 'uuid' },
      reports: { path: '/csp-reports' },
      // no document without a record of who saw it
      accessAudit: {
        sink: { record: deps.accesses.record },
        mode: 'block',
        paths: ['/documents/', '/attachments/', '/frameworks/', '/admin/', '/api/'],
      },
      errors: { log: ({ error, ...rest }) => log[rest.status >= 500 ? 'error' : 'info']({ ...rest, error }, 'request failed') },
      onEvent: (event) => log.info({ event }, 'security event'),
      onDiagnostic: ({ code, detail }) => log.warn({ code }, detail),
      notices: { site: SITE, accountUrl: `${settings.publicOrigin}/account/security` },
      onNotice: async ({ audience, kind, subject, mail: { subject: title, text } }) => {
        if (audience === 'administrators') {
          for (const admin of await people.admins()) await mail({ to: admin.email, subject: title, text })
          return
        }
        const person = await people.byId(subject)
        if (person === undefined) return
        // the notice that a reset was asked for carries the link: both are bounded by what strangers may cause
        const link =
          kind === 'reset_requested'
            ? `\nSet a new password (good for 30 minutes, once):\n${settings.publicOrigin}/reset/new?token=${await links.make('reset', subject)}\n`
            : ''
        await mail({ to: person.email, subject: title, text: text + link })
      },
    }),
  )

  const passkeys = createPasskeys({ ...guard.parts, rpName: SITE, origins: [settings.publicOrigin], factors })
  return {
    guard,
    passkeys,
    mfa: createMfa({ ...guard.parts, issuer: SITE, factors, passkeys }),
    links,
  }
}
