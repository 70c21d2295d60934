import type { Cell, Vault } from '../../vault/index.js'

/** What is known of who a subject is. `id` is the application's own, exactly as it says it. */
export type Person = { readonly id: string; readonly name?: string | undefined; readonly email?: string | undefined }

/** Characters of an id, a name and a mail address that are kept. */
export const MOST_NAME = 256
/** Roles of a subject, and the characters of one. */
export const [MOST_ROLES, MOST_ROLE] = [32, 64] as const

/** Where a subject's names are sealed. */
export const subjectCell = (id: string): Cell => ({ table: 'subjects', column: 'sealed', row: [id], type: 'json' })

/** Our id of a subject: a keyed digest, so that it tells nothing, and the same for the same id of the same source. */
export const subjectId = (vault: Pick<Vault, 'keyed'>, sourceId: string, userId: string): string =>
  vault.keyed('subject', `${sourceId.length}:${sourceId}:${userId}`).slice(0, 32)

/** A name as guards compare names: the default of their login shield. */
const fold = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

/** Every spelling under which decisions may name a person. */
export const spellingsOf = ({ id, name, email }: Person): readonly string[] => [
  ...new Set([id, name, email].flatMap((text) => (text === undefined || text === '' ? [] : [text, fold(text)]))),
]

/** The columns that hold, or stand for, who a subject is. */
export type PersonColumns = {
  readonly sealed: string
  readonly userIndex: string
  readonly nameIndex: string | null
  readonly emailIndex: string | null
  readonly targetTerms: readonly string[]
}

/** Seals who a subject is for its row, and makes the look-ups. */
export const sealPerson = (vault: Pick<Vault, 'seal' | 'term'>, id: string, person: Person): PersonColumns => {
  const index = (text: string | undefined): string | null => (text === undefined || text === '' ? null : vault.term('events.user', text))
  return {
    sealed: vault.seal(JSON.stringify(person), subjectCell(id)),
    userIndex: vault.term('events.user', person.id),
    nameIndex: index(person.name),
    emailIndex: index(person.email),
    targetTerms: spellingsOf(person).map((spelling) => vault.term('decisions.target', spelling)),
  }
}

/** Who a row stands for. Errors: those of sealed values. */
export const openPerson = (vault: Pick<Vault, 'open'>, row: { readonly id: string; readonly sealed: string }): Person =>
  JSON.parse(vault.open(row.sealed, subjectCell(row.id))) as Person
