import type { OpenKeyset } from '@parapet/privacy/encryption'
import { sealedColumns, type SealedTables } from '@parapet/privacy/kysely'
import { type Generated, Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'

/** What a person is in the studio. */
export type Role = 'member' | 'admin'
/** The states of a document. */
export type DocumentStatus = 'draft' | 'review' | 'approved'

/** The tables as the application sees them: sealed columns hold plain values here, and the indexes beside them do not show. */
export type Tables = {
  people: {
    id: string
    name: string
    email: string
    phone: string | null
    password_hash: string
    role: Generated<Role>
    suspended: Generated<boolean>
    must_reset: Generated<boolean>
    created_at: Generated<Date>
  }
  sign_ups: { id: string; name: string; email: string; password_hash: string; created_at: Generated<Date> }
  frameworks: { id: string; name: string; summary: string }
  rights: { person_id: string; framework_id: string }
  documents: {
    id: string
    framework_id: string
    owner_id: string
    title: string
    body: string
    status: Generated<DocumentStatus>
    contact: string | null
    created_at: Generated<Date>
    updated_at: Generated<Date>
  }
  comments: { id: string; document_id: string; author_id: string; body: string; created_at: Generated<Date> }
  attachments: { id: string; document_id: string; name: string; type: string; size: number; content: Buffer; created_at: Generated<Date> }
  access_log: {
    id: Generated<string>
    request_id: string
    at: Date
    person_id: string | null
    action: string
    type: string
    resource: string | null
    outcome: string
    status: number
    route: string
    address: string | null
    user_agent: string | null
    reason: string | null
  }
}

/** The database, with its sealed columns open. */
export type Database = Kysely<Tables>

/** What is sealed, and what of it can be searched for. */
const SEALED: SealedTables = {
  people: {
    primaryKey: ['id'],
    columns: { email: { type: 'text', index: { column: 'email_index', normalize: ['email'], bits: 64 } }, phone: { type: 'text' } },
  },
  sign_ups: {
    primaryKey: ['id'],
    columns: { email: { type: 'text', index: { column: 'email_index', normalize: ['email'], bits: 64 } } },
  },
  documents: {
    primaryKey: ['id'],
    columns: { contact: { type: 'text', index: { column: 'contact_index', normalize: ['email'], bits: 64 } } },
  },
  attachments: { primaryKey: ['id'], columns: { content: { type: 'bytes', storage: 'bytea' } } },
}

/** Kysely over the pool; values of sealed columns are sealed on the way in and opened on the way out. */
export const openDatabase = (pool: Pool, keyset: OpenKeyset): Database =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [sealedColumns({ keyset, tables: SEALED })] })
