import type { Guard } from '@parapet/guard'
import type { Mfa, PostgresFactors } from '@parapet/guard/mfa'
import type { Passkeys } from '@parapet/guard/passkeys'
import type { Passwords } from '@parapet/guard/passwords'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { MailLinks } from './accounts/mail-links.js'
import type { People } from './accounts/people.js'
import type { Accesses } from './audit/store.js'
import type { Attachments } from './attachments/store.js'
import type { Comments } from './comments/store.js'
import type { Database } from './db/database.js'
import type { Documents } from './documents/store.js'
import type { Frameworks } from './frameworks/store.js'
import type { Settings } from './settings.js'

/** Sends one mail. Nobody waits for it: how long it takes would tell who exists. */
export type SendMail = (message: { readonly to: string; readonly subject: string; readonly text: string }) => Promise<void>

/** What routes are built from. */
export type StudioParts = {
  readonly settings: Settings
  readonly guard: Guard
  readonly mfa: Mfa
  readonly passkeys: Passkeys
  readonly passwords: Passwords
  readonly factors: PostgresFactors
  readonly links: MailLinks
  readonly pool: Pool
  readonly db: Database
  readonly people: People
  readonly frameworks: Frameworks
  readonly documents: Documents
  readonly attachments: Attachments
  readonly comments: Comments
  readonly accesses: Accesses
  readonly mail: SendMail
  readonly log: Logger
}
