import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSignedUrls } from '@parapet/guard'
import { createMfa, fromBase32, totpCode } from '@parapet/guard/mfa'
import type { Role } from './db/database.js'
import type { StudioParts } from './parts.js'
import { DOCUMENTS, FRAMEWORKS } from './samples.js'
import { SITE } from './guard.js'

/** Somebody with a password that everybody can read here: on this machine and in tests only. `totp` in base32. */
export type SeededPerson = {
  readonly email: string
  readonly name: string
  readonly password: string
  readonly role: Role
  readonly totp?: string
  readonly views?: readonly string[]
}

/** The people of the sample data. */
export const SAMPLE_PEOPLE: readonly SeededPerson[] = [
  { email: 'anna@studio.example', name: 'Anna Berg', password: 'lanterns over quiet water', role: 'admin', totp: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U', views: ['SOC 2', 'ISO 27001'] },
  { email: 'ben@studio.example', name: 'Ben Holm', password: 'tulips beside the railway', role: 'member', views: ['SOC 2'] },
  { email: 'carla@studio.example', name: 'Carla Nunes', password: 'nine blue paper boats', role: 'member', views: ['GDPR'] },
] // prettier-ignore

const SPARES = 16
const WITH_FACTOR = 6
const secretOf = (name: string): string => {
  const letters = [...createHash('sha256').update(`totp of ${name}`).digest()].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32])
  return letters.join('')
}
const testAccount = (name: string, rest: Partial<SeededPerson> = {}): SeededPerson => ({
  email: `${name}@studio.example`,
  name: `Test ${name}`,
  password: `a long sentence for ${name} only`,
  role: 'member',
  ...rest,
})
const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i + 1}`)

/** The accounts of `attack.yml`. */
export const TEST_ACCOUNTS: readonly SeededPerson[] = [
  testAccount('probe-a'),
  testAccount('probe-b'),
  testAccount('probe-admin', { role: 'admin', totp: secretOf('probe-admin') }),
  ...numbered('spare', SPARES).map((name) => testAccount(name)),
  ...numbered('mfa', WITH_FACTOR).map((name) => testAccount(name, { totp: secretOf(name) })),
]

/** The same id in every database: what is seeded has the same public ids wherever the secret is the same. */
const idOf = (name: string): string => {
  const hex = createHash('sha256').update(`studio sample ${name}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const fileOf = (documentId: string): string => idOf(`file of ${documentId}`)

/** Enrols an authenticator app of a known secret, as of an hour ago, so that no code of now is spent. */
const enrol = async ({ guard, factors }: StudioParts, subject: string, account: string, totp: string): Promise<void> => {
  const { store, keyring } = guard.parts
  const secret = fromBase32(totp) ?? new Uint8Array()
  const then = Date.now() - 3_600_000
  const request = { method: 'POST', url: '/', peer: '127.0.0.1', secure: true, header: () => undefined }
  const random = (size: number): Uint8Array => (size === secret.length ? secret : randomBytes(size))
  const mfa = createMfa({ store, keyring, factors, issuer: SITE, clock: () => then, random })
  const begun = await mfa.begin(subject, { request, account })
  if (begun.kind !== 'begun') throw new Error(`the factor of ${account} was not begun: ${begun.kind}`)
  const code = totpCode(secret, Math.floor(then / 30_000), { algorithm: 'SHA1', digits: 6 })
  const end = await mfa.confirm(subject, { request, enrolment: begun.enrolment, code })
  if (end.kind !== 'enrolled') throw new Error(`the factor of ${account} was not enrolled: ${end.kind}`)
}

const addPeople = async (parts: StudioParts, everybody: readonly SeededPerson[]): Promise<void> => {
  const there = new Set((await parts.people.list()).map(({ id }) => id))
  const missing = everybody.filter(({ email }) => !there.has(idOf(email)))
  const hashes = await Promise.all(missing.map(({ password }) => parts.passwords.hash(password)))
  for (const [i, { email, name, role, totp, views = [] }] of missing.entries()) {
    const passwordHash = hashes[i] ?? ''
    const id = await parts.people.add({ id: idOf(email), email, name, passwordHash, role, phone: '+49 30 90182012' })
    await parts.people.setRights(
      id,
      views.map((framework) => idOf(framework)),
    )
    if (totp !== undefined) await enrol(parts, id, email, totp)
  }
}

const addDocument = async (parts: StudioParts, owner: string, sample: (typeof DOCUMENTS)[number]): Promise<string> => {
  const id = idOf(`${owner} ${sample.title}`)
  if ((await parts.documents.byId(idOf(owner), id)) !== undefined) return id
  const { title, framework, status, contact, body, comments, attachment } = sample
  await parts.documents.add(idOf(owner), { title, frameworkId: idOf(framework), status, contact, body }, id)
  for (const text of comments) await parts.comments.add(id, idOf(owner), text)
  await parts.attachments.add(
    id,
    { name: attachment.name, type: 'text/plain; charset=utf-8', content: Buffer.from(attachment.text) },
    fileOf(id),
  )
  return id
}

/** Sample people and their documents; does nothing where they are already. */
export const seedSamples = async (parts: StudioParts): Promise<void> => {
  for (const framework of FRAMEWORKS)
    if ((await parts.frameworks.byId(idOf(framework.name))) === undefined)
      await parts.frameworks.add({ id: idOf(framework.name), ...framework })
  await addPeople(parts, SAMPLE_PEOPLE)
  for (const document of DOCUMENTS) await addDocument(parts, document.owner, document)
}

/** What was seeded, by public ids. */
export type Seeded = {
  readonly people: readonly SeededPerson[]
  /** `document` and `another` are of `probe-a`, `other` is of `probe-b`; `framework` is theirs, which neither may view; `person` is `spare-16` */
  readonly ids: { readonly [name in 'document' | 'another' | 'other' | 'framework' | 'person']: string }
  /** the name of the session's cookie: another one over https */
  readonly cookie: string
  /** a link to an attachment of `probe-a` that was good an hour ago */
  readonly expiredLink: string
}

/** Sample data, and the test accounts of `attack.yml` with fixed passwords and secrets: never where somebody else can sign in. */
export const seedStudio = async (parts: StudioParts): Promise<Seeded> => {
  await seedSamples(parts)
  await addPeople(parts, TEST_ACCOUNTS)
  const [document = '', another = ''] = await Promise.all(
    DOCUMENTS.slice(0, 2).map((sample) => addDocument(parts, 'probe-a@studio.example', sample)),
  )
  const [other = ''] = await Promise.all(DOCUMENTS.slice(0, 1).map((sample) => addDocument(parts, 'probe-b@studio.example', sample)))
  const { id, sessions } = parts.guard
  return {
    people: [...SAMPLE_PEOPLE, ...TEST_ACCOUNTS],
    ids: {
      document: id.encode('doc', document),
      another: id.encode('doc', another),
      other: id.encode('doc', other),
      framework: id.encode('framework', idOf(FRAMEWORKS[0].name)),
      person: id.encode('person', idOf('spare-16@studio.example')),
    },
    cookie: sessions.cookieName,
    expiredLink: createSignedUrls({ keyring: parts.guard.parts.keyring, clock: () => Date.now() - 3_600_000 }).sign({
      url: `/attachments/${id.encode('file', fileOf(document))}`,
      expiresInMs: 600_000,
      subject: 'a session that has ended',
    }),
  }
}

/** The target file of the attack kit, with what belongs to this studio filled in. */
export const attackFile = async ({ ids, cookie, expiredLink }: Seeded): Promise<string> => {
  const text = await readFile(new URL('../attack.yml', import.meta.url), 'utf8')
  const values = { DOCUMENT_ID: ids.document, PERSON_ID: ids.person, SESSION_COOKIE: cookie, EXPIRED_LINK: expiredLink }
  return Object.entries(values).reduce((filled, [word, value]) => filled.replaceAll(word, value), text)
}
