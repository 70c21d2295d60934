import { type Clock, type OperatorView, ParapetError, randomToken, type RandomSource, systemRandom, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import type { Cell, Vault } from '../../vault/index.js'
import type { Role } from '../../http/permissions.js'
import { nameKey } from './names.js'
import { assertPassword, type PasswordHasher } from './passwords.js'

/** A person who signs in to Parapet, as lists show them. Times in ms UTC. */
export type Operator = {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly lastSignInAt: number | null
  /** grows with each password, reset and role: what was begun under an older one has ended */
  readonly generation: number
}

/** Storage and rules of operators. */
export type Operators = {
  /** true while nobody can sign in yet */
  needed: () => Promise<boolean>
  /** the first operator, an admin. Throws `PPT_CONFLICT` when there is one. */
  createFirst: (input: { name: string; password: string }) => Promise<Operator>
  /** Throws `PPT_CONFLICT` for a taken name, `PPT_INVALID` for a weak password. */
  create: (input: { name: string; password: string; role: Role }) => Promise<Operator>
  list: () => Promise<readonly OperatorView[]>
  /** by the name as somebody types it */
  byName: (name: string) => Promise<Operator | undefined>
  get: (id: string) => Promise<Operator | undefined>
  /** Throws `PPT_NOT_FOUND`, or `PPT_CONFLICT` for the last admin. */
  remove: (id: string) => Promise<Operator>
  /** the operator when name and password are right; takes as long for unknown names */
  verify: (name: string, password: string) => Promise<Operator | undefined>
  /** the same by id, for whoever is signed in already */
  verifyOf: (id: string, password: string) => Promise<boolean>
  /** Throws `PPT_INVALID` for a password that is not taken. */
  assertPassword: (password: string, name: string) => Promise<void>
  /**
   * Sets a password for whoever saw the operator in `generation`; answers the next one. Throws `PPT_CONFLICT` when the password or the role
   * was changed meanwhile, or nobody is there any more, `PPT_INVALID` for a weak password. Everything else of the account stays.
   */
  setPassword: (id: string, password: string, generation: number) => Promise<number>
  /** puts one in its place that nobody knows: the old one opens nothing any more. Throws `PPT_NOT_FOUND`. */
  scramblePassword: (id: string) => Promise<void>
  /** whatever was begun before has ended, the password aside */
  raiseGeneration: (id: string) => Promise<void>
  /** `undefined` when there is no such operator */
  generationOf: (id: string) => Promise<number | undefined>
  passwordChangedAt: (id: string) => Promise<number | null>
  /** Throws `PPT_NOT_FOUND`, or `PPT_CONFLICT` for the last admin. */
  changeRole: (id: string, role: Role) => Promise<{ readonly operator: Operator; readonly before: Role }>
  noteSignIn: (id: string, address: string | undefined) => Promise<void>
  noteSeen: (id: string, address: string) => Promise<void>
  /** nobody is there any more, or somebody else may be */
  forgetSeen: (id: string) => Promise<void>
  /** addresses of operators seen since `since` */
  recentAddresses: (since: number) => Promise<readonly { operator: string; address: string; at: number }[]>
}

type Row = { id: string; name: string; role: Role; created_at: number; last_sign_in_at: number | null; generation: number }

const COLUMNS = 'id, name, role, created_at, last_sign_in_at, generation'

const LIST = `select ${COLUMNS}, coalesce(f.secured, false) as secured, coalesce(r.expires_at > $1, false) as reset_pending
  from operators left join operator_factors f on f.operator_id = id left join operator_resets r on r.operator_id = id
  order by created_at, id limit 1000`

const toOperator = (row: Row): Operator => ({
  id: row.id,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
  lastSignInAt: row.last_sign_in_at,
  generation: row.generation,
})

/** Where the hash of an operator's password is sealed: a stolen table alone must not even let anybody try passwords. */
export const hashCell = (id: string): Cell => ({ table: 'operators', column: 'password_hash', row: [id], type: 'text' })

/** Serialises every change that could leave no admin, or make two first ones. */
const LOCK = 'select pg_advisory_xact_lock(7001, 2)'

/** Creates the operators' module. */
export const createOperators = (deps: {
  pool: Pool
  clock: Clock
  passwords: PasswordHasher
  vault: Pick<Vault, 'seal' | 'open'>
  random?: RandomSource
}): Operators => {
  const { pool, clock, passwords, vault } = deps
  const insert = async (client: Pool | PoolClient, input: { name: string; role: Role }, hash: string): Promise<Operator> => {
    const now = clock()
    const id = uuidv7(now)
    const { rows } = await client.query<Row>(
      `insert into operators (id, name, name_key, role, password_hash, form, created_at) values ($1, $2, $3, $4, $5, 1, $6)
       on conflict (name_key) do nothing returning ${COLUMNS}`,
      [id, input.name, nameKey(input.name), input.role, vault.seal(hash, hashCell(id)), now],
    )
    if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', 'name: an operator of this name exists')
    return toOperator(rows[0])
  }
  const hasAny = async (client: Pool | PoolClient): Promise<boolean> =>
    (await client.query<{ used: boolean }>('select exists (select 1 from operators) as used')).rows[0]?.used === true
  type SecretRow = Row & { password_hash: string; form: number }
  const secretRow = async (column: 'id' | 'name_key', value: string): Promise<SecretRow | undefined> =>
    (await pool.query<SecretRow>(`select ${COLUMNS}, password_hash, form from operators where ${column} = $1`, [value])).rows[0]
  // form 0: written by a version that did not seal, until the start has sealed it
  const hashOf = (row: SecretRow): string => (row.form === 0 ? row.password_hash : vault.open(row.password_hash, hashCell(row.id)))
  const verifyRow = async (row: SecretRow | undefined, password: string): Promise<Operator | undefined> => {
    const right = await passwords.verify(row === undefined ? undefined : hashOf(row), password)
    return right && row !== undefined ? toOperator(row) : undefined
  }
  const storePassword = async (id: string, password: string, known: number | null): Promise<number | null> => {
    const sealed = vault.seal(await passwords.hash(password), hashCell(id))
    const { rows } = await pool.query<{ raised: number | null }>('select change_operator_password($1, $2, $3, $4) as raised', [
      id,
      sealed,
      clock(),
      known,
    ])
    return rows[0]?.raised ?? null
  }

  return {
    needed: async () => !(await hasAny(pool)),
    createFirst: async ({ name, password }) => {
      await assertPassword(passwords, password, name)
      const hash = await passwords.hash(password)
      return transaction(pool, async (client) => {
        await client.query(LOCK)
        if (await hasAny(client)) throw new ParapetError('PPT_CONFLICT', 'setup is done: an operator exists')
        return insert(client, { name, role: 'admin' }, hash)
      })
    },
    create: async ({ name, password, role }) => {
      await assertPassword(passwords, password, name)
      return insert(pool, { name, role }, await passwords.hash(password))
    },
    list: async () => {
      const { rows } = await pool.query<Row & { secured: boolean; reset_pending: boolean }>(LIST, [clock()])
      return rows.map((row) => Object.assign(toOperator(row), { secured: row.secured, resetPending: row.reset_pending }))
    },
    byName: async (name) => {
      const { rows } = await pool.query<Row>(`select ${COLUMNS} from operators where name_key = $1`, [nameKey(name)])
      return rows[0] === undefined ? undefined : toOperator(rows[0])
    },
    get: async (id) => {
      const { rows } = await pool.query<Row>(`select ${COLUMNS} from operators where id = $1`, [id])
      return rows[0] === undefined ? undefined : toOperator(rows[0])
    },
    remove: (id) =>
      transaction(pool, async (client) => {
        await client.query(LOCK)
        const { rows } = await client.query<Row>(`select ${COLUMNS} from operators where id = $1`, [id])
        const operator = rows[0]
        if (operator === undefined) throw new ParapetError('PPT_NOT_FOUND')
        if (operator.role === 'admin') {
          const others = await client.query(`select 1 from operators where role = 'admin' and id <> $1 limit 1`, [id])
          if (others.rowCount === 0) throw new ParapetError('PPT_CONFLICT', 'this is the last admin; make another one first')
        }
        await client.query('delete from operators where id = $1', [id])
        return toOperator(operator)
      }),
    verify: async (name, password) => verifyRow(await secretRow('name_key', nameKey(name)), password),
    verifyOf: async (id, password) => (await verifyRow(await secretRow('id', id), password)) !== undefined,
    assertPassword: (password, name) => assertPassword(passwords, password, name),
    setPassword: async (id, password, generation) => {
      const row = await secretRow('id', id)
      if (row !== undefined) await assertPassword(passwords, password, row.name, hashOf(row))
      const raised = row === undefined ? null : await storePassword(id, password, generation)
      if (raised === null) throw new ParapetError('PPT_CONFLICT', 'this account was changed meanwhile; sign in again')
      return raised
    },
    scramblePassword: async (id) => {
      if ((await storePassword(id, randomToken(32, deps.random ?? systemRandom), null)) === null) throw new ParapetError('PPT_NOT_FOUND')
    },
    raiseGeneration: async (id) => {
      await pool.query('select raise_operator_generation($1)', [id])
    },
    generationOf: async (id) =>
      (await pool.query<{ generation: number }>('select generation from operators where id = $1', [id])).rows[0]?.generation,
    passwordChangedAt: async (id) => {
      const { rows } = await pool.query<{ at: number | null }>('select password_changed_at as at from operators where id = $1', [id])
      return rows[0]?.at ?? null
    },
    changeRole: (id, role) =>
      transaction(pool, async (client) => {
        await client.query(LOCK)
        const { rows } = await client.query<Row>(`select ${COLUMNS} from operators where id = $1`, [id])
        const operator = rows[0]
        if (operator === undefined) throw new ParapetError('PPT_NOT_FOUND')
        try {
          await client.query('select change_operator_role($1, $2)', [id, role])
        } catch (cause) {
          if ((cause as { code?: string }).code === '23514')
            throw new ParapetError('PPT_CONFLICT', 'this is the last admin; make another one first', { cause })
          throw cause
        }
        return { operator: { ...toOperator(operator), role }, before: operator.role }
      }),
    noteSignIn: async (id, address) => {
      await pool.query(
        'update operators set last_sign_in_at = $2, last_seen_at = $2, last_address = coalesce($3, last_address) where id = $1',
        [id, clock(), address ?? null],
      )
    },
    noteSeen: async (id, address) => {
      await pool.query('update operators set last_seen_at = $2, last_address = $3 where id = $1', [id, clock(), address])
    },
    forgetSeen: async (id) => {
      await pool.query('update operators set last_address = null where id = $1', [id])
    },
    recentAddresses: async (since) => {
      const { rows } = await pool.query<{ id: string; last_address: string; last_seen_at: number }>(
        'select id, last_address, last_seen_at from operators where last_seen_at >= $1 and last_address is not null',
        [since],
      )
      return rows.map((row) => ({ operator: row.id, address: row.last_address, at: row.last_seen_at }))
    },
  }
}
