import { randomBytes, scrypt as scryptCallback, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { UNKNOWN_SUBJECT } from '@parapet/guard'

/** A person who may sign in. */
export type User = { readonly id: string; readonly name: string; readonly fullName: string }

/** The people of this application. */
export type Users = {
  /** the user when the password is right; takes as long for a name that does not exist, and tells the guard so, and nobody else */
  verify: (name: string, password: string) => Promise<User | typeof UNKNOWN_SUBJECT | undefined>
  byId: (id: string) => User | undefined
}

const scrypt = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scryptCallback)
/** Kept low so that the demonstration runs anywhere; a real application takes argon2id at the cost that OWASP names. */
const COST = { N: 16_384, r: 8, p: 1, maxmem: 32 * 1_024 * 1_024 }

const hash = (password: string, salt: Buffer): Promise<Buffer> => scrypt(password, salt, 32, COST)

/** Keeps people in memory, as a demonstration does; a real application has a database here. */
export const createUsers = async (people: readonly (User & { readonly password: string })[]): Promise<Users> => {
  const rows = new Map<string, { user: User; salt: Buffer; hash: Buffer }>()
  for (const { password, ...user } of people) {
    const salt = randomBytes(16)
    rows.set(user.name, { user, salt, hash: await hash(password, salt) })
  }
  const nobody = { user: undefined, salt: randomBytes(16), hash: randomBytes(32) }
  return {
    verify: async (name, password) => {
      const row = rows.get(name.trim().toLowerCase()) ?? nobody
      const given = await hash(password, row.salt)
      const right = timingSafeEqual(given, row.hash)
      if (row === nobody) return UNKNOWN_SUBJECT
      return right ? row.user : undefined
    },
    byId: (id) => [...rows.values()].find(({ user }) => user.id === id)?.user,
  }
}

/** The three people of the demonstration. */
export const DEMO_PEOPLE = [
  { id: 'u-1001', name: 'anna', fullName: 'Anna Berg', password: 'correct horse battery staple' },
  { id: 'u-1002', name: 'bert', fullName: 'Bert Holm', password: 'tulips in the morning rain' },
  { id: 'u-1003', name: 'carla', fullName: 'Carla Nunes', password: 'nine blue paper lanterns' },
] as const
