import { randomUUID } from 'node:crypto'
import { UNKNOWN_SUBJECT } from '@parapet/guard'
import type { Passwords } from '@parapet/guard/passwords'
import type { Database, Role } from '../db/database.js'

/** A person as the rest of the studio knows one. */
export type Person = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly phone: string | null
  readonly role: Role
  readonly suspended: boolean
  readonly mustReset: boolean
  readonly passwordHash: string
  readonly createdAt: Date
}

/** A sign-up that waits for its mail. */
export type SignUp = { readonly id: string; readonly name: string; readonly email: string; readonly passwordHash: string }

/** People, their rights, and sign-ups that wait for their mail. */
export type People = ReturnType<typeof createPeople>

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/
/** Sign-ups are forgotten after a day, as their links are. */
const DAY_AGO = (): Date => new Date(Date.now() - 86_400_000)
const HOUR_AGO = (): Date => new Date(Date.now() - 3_600_000)

/** People and their rights. Addresses are sealed; they are found by their blind index. */
export const createPeople = (db: Database, passwords: Passwords) => {
  const select = () =>
    db
      .selectFrom('people')
      .select(['id', 'name', 'email', 'phone', 'role', 'suspended', 'must_reset as mustReset'])
      .select(['password_hash as passwordHash', 'created_at as createdAt'])

  const byEmail = (email: string): Promise<Person | undefined> => select().where('email', '=', email).executeTakeFirst()

  return {
    byEmail,
    byId: async (id: string): Promise<Person | undefined> => (UUID.test(id) ? select().where('id', '=', id).executeTakeFirst() : undefined),
    list: (): Promise<Person[]> => select().orderBy('name').execute(),
    /** the person whose password this is, if he may sign in; as slow for an address that nobody has, of which only the guard is told */
    verify: async (email: string, password: string): Promise<Person | typeof UNKNOWN_SUBJECT | undefined> => {
      const person = await byEmail(email)
      const right = await passwords.verify(person?.passwordHash, password)
      if (person === undefined) return UNKNOWN_SUBJECT
      return right && !person.suspended ? person : undefined
    },
    admins: (): Promise<Person[]> => select().where('role', '=', 'admin').where('suspended', '=', false).execute(),
    names: (ids: readonly string[]) =>
      ids.length === 0 ? Promise.resolve([]) : db.selectFrom('people').select(['id', 'name']).where('id', 'in', ids).execute(),
    /** what all names of one account are folded to: its id, or the name itself for one that nobody has */
    subjectOf: async (name: string): Promise<string> => {
      const folded = name.normalize('NFKC').trim().toLowerCase()
      if (UUID.test(folded) || folded.length > 320) return folded
      return (await byEmail(folded))?.id ?? folded
    },
    add: async (person: Omit<SignUp, 'id'> & { readonly id?: string; readonly role?: Role; readonly phone?: string }): Promise<string> => {
      const { id = randomUUID(), passwordHash, phone = null, ...rest } = person
      await db
        .insertInto('people')
        .values({ id, password_hash: passwordHash, phone, ...rest })
        .execute()
      return id
    },
    update: async (
      id: string,
      change: { readonly name?: string; readonly phone?: string | null; readonly role?: Role; readonly suspended?: boolean },
    ): Promise<void> => {
      await db.updateTable('people').set(change).where('id', '=', id).execute()
    },
    setPassword: async (id: string, passwordHash: string): Promise<void> => {
      await db.updateTable('people').set({ password_hash: passwordHash, must_reset: false }).where('id', '=', id).execute()
    },
    requireReset: async (id: string): Promise<void> => {
      await db.updateTable('people').set({ must_reset: true }).where('id', '=', id).execute()
    },

    rightsOf: async (id: string): Promise<string[]> =>
      (await db.selectFrom('rights').select('framework_id').where('person_id', '=', id).execute()).map((row) => row.framework_id),
    setRights: (id: string, frameworks: readonly string[]): Promise<void> =>
      db.transaction().execute(async (work) => {
        await work.deleteFrom('rights').where('person_id', '=', id).execute()
        if (frameworks.length > 0)
          await work
            .insertInto('rights')
            .values(frameworks.map((framework_id) => ({ person_id: id, framework_id })))
            .execute()
      }),

    addSignUp: async (signUp: Omit<SignUp, 'id'>): Promise<string> => {
      const id = randomUUID()
      const { passwordHash, ...rest } = signUp
      await db.deleteFrom('sign_ups').where('created_at', '<', DAY_AGO()).execute()
      await db
        .insertInto('sign_ups')
        .values({ id, password_hash: passwordHash, ...rest })
        .execute()
      return id
    },
    signUp: (id: string): Promise<SignUp | undefined> =>
      db
        .selectFrom('sign_ups')
        .select(['id', 'name', 'email', 'password_hash as passwordHash'])
        .where('id', '=', id)
        .where('created_at', '>=', DAY_AGO())
        .executeTakeFirst(),
    /** how often somebody has asked for an account with this address in the last hour: a stranger must not fill a mailbox */
    signUpsLately: async (email: string): Promise<number> =>
      (await db.selectFrom('sign_ups').select('id').where('email', '=', email).where('created_at', '>', HOUR_AGO()).execute()).length,
    removeSignUp: async (id: string): Promise<void> => {
      await db.deleteFrom('sign_ups').where('id', '=', id).execute()
    },
  }
}
